"""How does a message get from an event to an app on somebody's phone, and what if it does not?"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from services.notify.channels.mobile_push import MobilePush
from services.notify.rules.apps import AppAddress
from services.notify.rules.preferences import Wishes
from services.notify.store import Contacts, Preferences
from tests.notify_apns import Apns, a_phone, an_apns
from tests.notify_bookings import ALICE, a_place, cancelled, confirmed
from tests.notify_doors import a_config
from tests.notify_providers import Obliging
from tests.notify_senders import running, until_told, write
from tests.vaults import a_vault

pytestmark = pytest.mark.asyncio(loop_scope="module")

OFTEN = {"poll_seconds": 0.02, "backoff_seconds_min": 0.02, "attempts_max": 3}


@pytest_asyncio.fixture(loop_scope="module")
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(notify_dsn, min_size=1, max_size=8) as opened:
        await Contacts(opened, a_vault("notify")).keep(ALICE, "alice@example.org")
        wishes = Wishes(language="ru", channels=("mobile_push", "email"))
        await Preferences(opened).keep(ALICE, wishes)
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def peer() -> AsyncIterator[Apns]:
    async with an_apns() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def apns(peer: Apns) -> Apns:
    await peer.begin_anew()
    return peer


@asynccontextmanager
async def a_messenger(pool: asyncpg.Pool, apns: Apns, **settings: Any) -> AsyncIterator[Obliging]:
    """Senders to apps, and for mail, which always arrives."""
    config = a_config("none", **apns.settings | OFTEN | settings)
    mail = Obliging("email")
    async with running([MobilePush.of(config), mail], config, pool):
        yield mail


async def has(pool: asyncpg.Pool, phone: AppAddress) -> AppAddress:
    """Alice is told on one more phone."""
    address = msgspec.json.encode(phone).decode()
    await Contacts(pool, a_vault("notify")).keep_device(ALICE, "mobile_push", address)
    return phone


async def test_each_of_a_person_s_phones_shows_it_and_it_is_one_message(
    pool: asyncpg.Pool, apns: Apns
) -> None:
    for nth in (1, 2):
        await apns.knows(await has(pool, a_phone(nth)))
    await write(pool, confirmed())

    async with a_messenger(pool, apns) as mail:
        await until_told(pool, ("mobile_push", "sent"))

    one, other = await apns.shown()
    assert one == other
    assert one["lang"] == "ru"
    names = {each["accepted"]["headers"]["apns-id"] for each in apns.all("accepted")}
    reference = await pool.fetchval("SELECT reference FROM message")
    assert len(names) == 2
    assert reference in names
    assert mail.given == []


async def test_a_phone_without_the_app_is_forgotten_and_what_it_missed_is_told_by_mail(
    pool: asyncpg.Pool, apns: Apns
) -> None:
    gone = await apns.knows(await has(pool, a_phone()))
    await apns.tell("expire", gone.token)
    event = confirmed()
    await write(pool, event)

    async with a_messenger(pool, apns) as mail:
        await until_told(pool, ("mobile_push", "failed"), ("email", "sent"))

    assert await pool.fetchval("SELECT count(*) FROM address") == 0
    assert [each.event for each in mail.given] == [event]
    assert await pool.fetchval("SELECT route FROM contact") == ["email"]


async def test_what_is_slowed_down_is_told_later_and_once(pool: asyncpg.Pool, apns: Apns) -> None:
    await apns.knows(await has(pool, a_phone()))
    await apns.tell("next", "INTERNAL_SERVER_ERROR", "EXPIRED_PROVIDER_TOKEN")
    await write(pool, confirmed())

    async with a_messenger(pool, apns) as mail:
        await until_told(pool, ("mobile_push", "sent"))

    assert len(await apns.shown()) == 1
    assert len(apns.all("rejected")) == 2
    assert mail.given == []


async def test_what_nobody_knows_is_not_pushed_again_and_only_what_is_due_is_told_otherwise(
    pool: asyncpg.Pool, apns: Apns
) -> None:
    await apns.knows(await has(pool, a_phone()))
    await apns.tell("next", "hang", "hang")
    await write(pool, confirmed(a_place(), booking_id=uuid4()))
    due = cancelled(a_place(), booking_id=uuid4(), reason="clinic")
    await write(pool, due)
    fates = ("mobile_push", "unknown"), ("mobile_push", "unknown"), ("email", "sent")

    async with a_messenger(pool, apns, send_seconds=0.3) as mail:
        await until_told(pool, *fates)
    async with a_messenger(pool, apns) as later:
        await asyncio.sleep(0.2)
        await until_told(pool, *fates)

    assert [(each.event, each.perhaps_again) for each in mail.given] == [(due, True)]
    assert later.given == []
    assert len(apns.all("hangs")) == 2
    assert apns.all("accepted") == []
