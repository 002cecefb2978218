"""Does what happened to a booking reach a device, and what when the device is gone?"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import msgspec
import pytest

from services.notify.channels import Provider
from services.notify.channels.call_list import CallList
from services.notify.channels.web_push import Signer, WebPush
from services.notify.config import Config
from services.notify.store import Contacts
from tests.notify_bookings import ALICE, a_place, cancelled, confirmed
from tests.notify_calls import hears, revoked
from tests.notify_doors import PUSH_KEY
from tests.notify_push_service import PushService, a_push_service
from tests.notify_senders import a_sender
from tests.stores.test_notify_sending import SETTINGS, until_settled, write
from tests.stories import CLINIC
from tests.vaults import a_vault

STOP_SECONDS_MAX = 10.0
KEY = Signer.of(PUSH_KEY, "mailto:a@talon.example").public_key


@pytest.fixture
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(notify_dsn, min_size=1, max_size=6) as opened:
        yield opened


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with a_push_service() as running:
        yield running


def a_config(dsn: str, service: PushService) -> Config:
    given = SETTINGS | {"database": dsn, "smtp": "none:1"}
    given |= {"push_key": PUSH_KEY, "push_services": service.origin}
    return msgspec.convert(given, Config, strict=False)


@asynccontextmanager
async def sending(
    providers: Sequence[Provider], config: Config, pool: asyncpg.Pool
) -> AsyncIterator[None]:
    senders = [a_sender(each, config, pool) for each in providers]
    running = [asyncio.create_task(sender.run()) for sender in senders]
    try:
        yield
    finally:
        for sender in senders:
            sender.stop()
        await asyncio.wait_for(asyncio.gather(*running), STOP_SECONDS_MAX)


async def subscribes(pool: asyncpg.Pool, service: PushService) -> str:
    """Alice is told on one more device; its name at the push service."""
    device, name = await service.subscribe(KEY)
    address = msgspec.json.encode(device).decode()
    await Contacts(pool, a_vault("notify")).keep_device(ALICE, "web_push", address)
    return name


async def fates(pool: asyncpg.Pool) -> list[tuple[str, str]]:
    rows = await pool.fetch("SELECT channel, state FROM message ORDER BY id")
    return [(row["channel"], row["state"]) for row in rows]


async def test_each_of_a_person_s_devices_shows_it_and_it_is_one_message(
    pool: asyncpg.Pool, notify_dsn: str, service: PushService
) -> None:
    devices = [await subscribes(pool, service) for _ in range(2)]
    config = a_config(notify_dsn, service)

    await write(pool, confirmed())
    async with sending([WebPush.of(config)], config, pool):
        await until_settled(pool)

    shown = [await service.read_on(name) for name in devices]
    assert [len(each) for each in shown] == [1, 1]
    assert shown[0] == shown[1]
    assert shown[0][0]["body"]
    assert await fates(pool) == [("web_push", "sent")]


async def test_a_device_that_is_gone_is_forgotten_and_the_other_is_told(
    pool: asyncpg.Pool, notify_dsn: str, service: PushService
) -> None:
    gone, there = [await subscribes(pool, service) for _ in range(2)]
    await service.expire(gone)
    config = a_config(notify_dsn, service)

    await write(pool, confirmed())
    async with sending([WebPush.of(config)], config, pool):
        await until_settled(pool)

    assert await fates(pool) == [("web_push", "sent")]
    assert len(await service.read_on(there)) == 1
    assert await pool.fetchval("SELECT count(*) FROM address") == 1


async def test_what_the_clinic_cancelled_is_on_its_list_when_the_last_device_is_gone(
    pool: asyncpg.Pool, notify_dsn: str, service: PushService
) -> None:
    await service.expire(await subscribes(pool, service))
    config = a_config(notify_dsn, service)
    event = revoked(CLINIC, ALICE)

    await hears(pool, event)
    async with sending([WebPush.of(config), CallList()], config, pool):
        async with asyncio.timeout(STOP_SECONDS_MAX):
            while len(await fates(pool)) < 2:  # noqa: ASYNC110 - only the database knows
                await asyncio.sleep(0.02)
        await until_settled(pool)

    assert await fates(pool) == [("web_push", "failed"), ("list", "sent")]
    assert await pool.fetchval("SELECT count(*) FROM address") == 0


async def test_of_what_one_cancelled_oneself_nobody_is_called(
    pool: asyncpg.Pool, notify_dsn: str, service: PushService
) -> None:
    await service.expire(await subscribes(pool, service))
    config = a_config(notify_dsn, service)

    await write(pool, cancelled(a_place(), version=2))
    async with sending([WebPush.of(config), CallList()], config, pool):
        await until_settled(pool)
        await asyncio.sleep(0.1)

    assert await fates(pool) == [("web_push", "failed")]


async def test_without_an_address_it_is_on_the_list_at_once(
    pool: asyncpg.Pool, notify_dsn: str, service: PushService
) -> None:
    config = a_config(notify_dsn, service)

    await hears(pool, revoked(CLINIC, ALICE))
    async with sending([CallList()], config, pool):
        await until_settled(pool)

    assert await fates(pool) == [("email", "no_address"), ("list", "sent")]
