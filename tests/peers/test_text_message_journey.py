"""How does a text message get from an event to somebody's phone, and what if it does not?"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.notify import store
from services.notify.channels.sms import limits_of, plugged
from services.notify.errands import take_ends
from services.notify.rules import Message, link_to_move
from services.notify.rules.preferences import Wishes
from services.notify.store import Contacts, Preferences, Receipts, Replies, Texting
from shared.links.rules import token_of
from tests.doors.test_notify_twilio import LINK_KEYS
from tests.notify_bookings import ALICE, a_place, cancelled, confirmed
from tests.notify_doors import a_config
from tests.notify_providers import Obliging
from tests.notify_senders import running, until_told, write
from tests.notify_smsc import Smsc, an_smsc
from tests.stores.test_notify_replies import KEYS, a_reminder, wishes
from tests.vaults import a_vault

PHONE = "+79161234567"
OFTEN = {"poll_seconds": 0.02, "backoff_seconds_min": 0.02, "attempts_max": 3, "send_seconds": 1.0}


@pytest.fixture
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(notify_dsn, min_size=1, max_size=8) as opened:
        await Contacts(opened, a_vault("notify")).keep(ALICE, "alice@example.org", PHONE)
        wishes = Wishes(language="ru", channels=("sms", "email"))
        await Preferences(opened).keep(ALICE, wishes)
        yield opened


@pytest.fixture
async def smsc() -> AsyncIterator[Smsc]:
    async with an_smsc() as running:
        yield running


@asynccontextmanager
async def a_messenger(pool: asyncpg.Pool, port: int, **settings: Any) -> AsyncIterator[Obliging]:
    """Senders for text messages, and for mail, which always arrives."""
    smpp = {"sms_provider": "smpp", "smpp": f"127.0.0.1:{port}", "smpp_password": "secret"}
    smpp |= {"smpp_user": "talon", "sms_from": "Talon"}
    config = a_config("none", **smpp | OFTEN | settings)
    replies = Replies(pool, a_vault("notify"), asks=config.sms_replies)
    texting = Texting(
        pool, a_vault("notify"), limits_of(config), partial(take_ends, Receipts(pool)), replies
    )
    mail = Obliging("email")
    async with running([*plugged(config, texting).providers, mail], config, pool):
        yield mail


async def test_she_reads_it_in_russian_and_it_is_delivered_when_all_of_it_is(
    pool: asyncpg.Pool, smsc: Smsc
) -> None:
    await write(pool, confirmed(a_place(clinic="Clinic " + "12 " * 20)))

    async with a_messenger(pool, smsc.port):
        await until_told(pool, ("sms", "sent"))
        parts = await smsc.so_far("submit")
        for part in reversed(parts):
            receipt = {"receipted_message_id": part["submit"], "message_state": 2}
            await smsc.tell(receipt=receipt)
            await smsc.tell(receipt=receipt)
        await until_told(pool, ("sms", "delivered"))

    assert {part["to"] for part in parts} == {PHONE[1:]}
    assert {part["coding"] for part in parts} == {8}
    assert "Clinic" not in "".join(part["text"] for part in parts)


async def test_what_does_not_arrive_is_told_by_mail(pool: asyncpg.Pool, smsc: Smsc) -> None:
    event = confirmed()
    await write(pool, event)

    async with a_messenger(pool, smsc.port) as mail:
        (sent,) = await smsc.until("submit")
        await until_told(pool, ("sms", "sent"))
        await smsc.tell(receipt={"receipted_message_id": sent["submit"], "message_state": 5})
        await until_told(pool, ("sms", "failed"), ("email", "sent"))

    assert [dispatch.event for dispatch in mail.given] == [event]


async def test_what_is_slowed_down_is_told_later_and_once(pool: asyncpg.Pool, smsc: Smsc) -> None:
    await smsc.tell(next=["throttled", "ok"])
    await write(pool, confirmed())

    async with a_messenger(pool, smsc.port) as mail:
        await until_told(pool, ("sms", "sent"))

    assert [sent["how"] for sent in await smsc.so_far("submit")] == ["throttled", "ok"]
    assert mail.given == []


async def test_what_nobody_knows_is_told_again_only_where_it_is_due_and_says_so(
    pool: asyncpg.Pool, smsc: Smsc
) -> None:
    await smsc.tell(next=["hang", "hang"])
    place, other = a_place(), a_place()
    await write(pool, confirmed(place, booking_id=uuid4()))
    await write(pool, cancelled(other, booking_id=uuid4(), reason="clinic"))

    async with a_messenger(pool, smsc.port, smpp_window=1, claim_seconds=5.0) as mail:
        await until_told(pool, ("sms", "unknown"), ("sms", "unknown"), ("email", "sent"))

    assert [type(dispatch.event).__name__ for dispatch in mail.given] == ["BookingRevoked"]
    assert mail.given[0].perhaps_again


async def test_whoever_has_had_enough_for_an_hour_is_told_by_mail_but_not_what_is_due(
    pool: asyncpg.Pool, smsc: Smsc
) -> None:
    place = a_place()
    await write(pool, *(confirmed(place, booking_id=uuid4()) for _ in range(3)))

    async with a_messenger(pool, smsc.port, sms_number_hour_max=2, smpp_window=1) as mail:
        await until_told(
            pool, ("sms", "sent"), ("sms", "sent"), ("sms", "failed"), ("email", "sent")
        )
        await write(pool, cancelled(place, booking_id=uuid4(), reason="clinic"))
        await until_told(
            pool,
            ("sms", "sent"),
            ("sms", "sent"),
            ("sms", "failed"),
            ("email", "sent"),
            ("sms", "sent"),
        )

    note = await pool.fetchval("SELECT note FROM message WHERE state = 'failed'")
    assert note == "554 at the guard against pumping: number"
    assert len(mail.given) == 1


async def test_while_the_smsc_is_away_nothing_is_tried_and_then_all_of_it_once(
    pool: asyncpg.Pool, smsc: Smsc
) -> None:
    smsc.process.send_signal(signal.SIGKILL)
    await smsc.process.wait()
    await write(pool, *(confirmed(booking_id=uuid4()) for _ in range(5)))

    async with a_messenger(pool, smsc.port):
        await asyncio.sleep(0.3)
        assert await pool.fetchval("SELECT sum(attempts) FROM message") == 0
        async with an_smsc(smsc.port) as back:
            await until_told(pool, *[("sms", "sent")] * 5)
            assert len(await back.so_far("submit")) == 5


REPLIES: dict[str, Any] = {
    "sms_from": "+79160000000",
    "sms_replies": True,
    "sms_links": False,
    "link_keys": LINK_KEYS,
    "link_page": "https://talon.example/#/link/",
}
BACK = {"source_addr": PHONE[1:]}


async def test_she_answers_a_reminder_and_gets_the_link_that_she_asks_for(
    pool: asyncpg.Pool, smsc: Smsc
) -> None:
    reminder = a_reminder()
    message = Message(event=reminder, owner_id=ALICE, expires_at=reminder.places[0].starts_at)
    async with pool.acquire() as connection, connection.transaction():
        await store.write_down(connection, [message])

    async with a_messenger(pool, smsc.port, **REPLIES):
        asked = await smsc.until("submit", 2)
        await until_told(pool, ("sms", "sent"))
        await smsc.tell(text=BACK | {"short_message": "3"})
        await until_told(pool, ("sms", "sent"), ("sms", "sent"))
        await smsc.tell(text=BACK | {"short_message": "ОТМЕНА!"})
        await smsc.until("answered", 2)
        texts = "".join(part["text"] for part in await smsc.so_far("submit"))

    assert "".join(part["text"] for part in asked).endswith(
        "Ответ 1: приду, 2: отмена, 3: другое время."
    )
    link = link_to_move(reminder)
    assert link is not None
    token = token_of(link, KEYS)
    assert texts.endswith(
        f"другое время можно выбрать здесь. https://talon.example/#/link/time/{token}"
    )
    assert [said["answered"] for said in smsc.all("answered")] == [0, 0]
    assert await wishes(pool) == [("cancel_booking", ALICE)]


async def test_a_machine_at_the_other_end_is_answered_once(pool: asyncpg.Pool, smsc: Smsc) -> None:
    async with a_messenger(pool, smsc.port, **REPLIES):
        await write(pool, confirmed())
        await until_told(pool, ("sms", "sent"))
        for times in range(1, 4):
            await smsc.tell(text=BACK | {"short_message": "I am away until Monday."})
            await smsc.until("answered", times)
        await until_told(pool, ("sms", "sent"), ("sms", "sent"))
