"""Is what is announced to many written down once for each, and for nobody once it is stopped?"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from services.notify.channels import Dispatch, Line
from services.notify.channels.budget import Budgeted
from services.notify.rules import Accepted, Outcome, Refused, Told
from services.notify.rules.preferences import CONSENT_VERSION, CONSENTED, Kind, Wishes
from services.notify.store import SQL, Contacts, Ledger, Preferences, Spending
from shared.messages import (
    AnnouncementEvent,
    AnnouncementMade,
    AnnouncementStopped,
    AnnouncementText,
    AnnouncementWorded,
    AnnouncementWords,
)
from tests.notify_bookings import ALICE, confirmed
from tests.stores.test_notify_inbox import a_head, records_of, take
from tests.vaults import a_vault

BORIS = UUID(int=2_000)
CLOSED = UUID(int=77)
TEXT = AnnouncementText(subject="Closed", text="We are closed.", short="Closed.")
WORDS = AnnouncementWords(en=TEXT, ru=TEXT)


@pytest.fixture
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(notify_dsn, min_size=4, max_size=4) as opened:
        for person, address in ((ALICE, "alice@example.org"), (BORIS, "boris@example.org")):
            await Contacts(opened, a_vault("notify")).keep(person, address)
        yield opened


def head() -> dict[str, Any]:
    return {"id": uuid4(), "cause": CLOSED, "at": datetime.now(UTC), "announcement_id": CLOSED}


def worded() -> AnnouncementWorded:
    until = datetime.now(UTC) + timedelta(days=1)
    return AnnouncementWorded(words=WORDS, expires_at=until, **head())


def made(person: UUID) -> AnnouncementMade:
    return AnnouncementMade(owner_id=person, **head())


def stopped() -> AnnouncementStopped:
    return AnnouncementStopped(**head())


async def hear(pool: asyncpg.Pool, *events: AnnouncementEvent) -> None:
    async with pool.acquire() as connection:
        await take(connection, a_head(), records_of(*events))


async def states(pool: asyncpg.Pool) -> list[tuple[UUID, str]]:
    rows = await pool.fetch("SELECT owner_id, state FROM message ORDER BY id")
    return [tuple(row) for row in rows]


async def test_each_is_told_once_and_in_the_words_that_were_said(pool: asyncpg.Pool) -> None:
    alice = made(ALICE)
    await hear(pool, worded(), alice, made(BORIS))
    await hear(pool, alice)

    claim = await Ledger(pool).claim(uuid4(), "email", "smtp", 30, 10)

    assert await states(pool) == [(ALICE, "claimed"), (BORIS, "claimed")]
    assert [one.booking_id for one in claim.messages] == [CLOSED, CLOSED]
    assert all("We are closed." in one.event for one in claim.messages)


async def test_once_it_is_stopped_nobody_else_is_told_and_what_waits_is_taken_back(
    pool: asyncpg.Pool,
) -> None:
    await hear(pool, worded(), made(ALICE))
    on_its_way = await Ledger(pool).claim(uuid4(), "email", "smtp", 30, 1)
    await hear(pool, made(BORIS))

    await hear(pool, stopped())
    await hear(pool, made(uuid4()))

    assert len(on_its_way.messages) == 1
    assert await states(pool) == [(ALICE, "claimed"), (BORIS, "expired")]


@pytest.mark.parametrize(
    ("by_consent", "boris"),
    [(CONSENTED, "declined"), ((), "waiting")],
    ids=["needed", "not needed"],
)
async def test_where_consent_is_needed_it_is_told_to_those_alone_who_gave_one(
    pool: asyncpg.Pool, by_consent: Sequence[Kind], boris: str
) -> None:
    await Preferences(pool).keep(ALICE, Wishes(consent_version=CONSENT_VERSION))

    async with pool.acquire() as connection:
        await take(connection, a_head(), records_of(worded(), made(ALICE), made(BORIS)), by_consent)
        await take(connection, a_head(), records_of(confirmed(owner_id=BORIS)), by_consent)

    assert await states(pool) == [(ALICE, "waiting"), (BORIS, boris), (BORIS, "waiting")]


async def stopped_while_it_is_written_down(pool: asyncpg.Pool) -> list[tuple[UUID, str]]:
    """One home hears to whom it is told; another that it is stopped, before that is committed."""
    await hear(pool, worded())
    async with pool.acquire() as one:
        writing = one.transaction()
        await writing.start()
        await take(one, a_head(), records_of(made(ALICE)))
        stopping = asyncio.create_task(hear(pool, stopped()))
        await asyncio.sleep(0.2)
        await writing.commit()
        await stopping
    return await states(pool)


async def test_who_stops_it_finds_also_what_is_being_written_down(pool: asyncpg.Pool) -> None:
    assert await stopped_while_it_is_written_down(pool) == [(ALICE, "expired")]


async def test_without_the_lock_somebody_would_be_told_what_was_stopped(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SQL, "sayings", SQL["sayings"].replace("FOR SHARE", ""))

    assert await stopped_while_it_is_written_down(pool) == [(ALICE, "waiting")]


# ---- what it may cost ----------------------------------------------------------------------------


async def test_no_more_is_spent_a_day_than_is_set_however_many_ask_at_once(
    pool: asyncpg.Pool,
) -> None:
    spending = Spending(pool)

    answers = await asyncio.gather(*(spending.afford("sms", 5) for _ in range(12)))

    assert sum(answers) == 5
    assert await spending.afford("sms", 6)
    assert await spending.afford("email", 5)


async def test_only_what_is_announced_is_counted_and_what_is_too_dear_goes_to_the_next_channel(
    pool: asyncpg.Pool,
) -> None:
    phone = Phone()
    line = Budgeted(phone, Spending(pool), 1).line()
    await hear(pool, worded(), made(ALICE))
    event = await pool.fetchval("SELECT event FROM message")
    announced = a_dispatch(msgspec.json.decode(event, type=Told))
    own = a_dispatch(confirmed())

    outcomes = [await line.send(each) for each in (own, own, announced, announced, own)]

    assert [type(outcome) for outcome in outcomes] == [Accepted] * 3 + [Refused, Accepted]
    assert phone.sent == 4


def a_dispatch(event: Told) -> Dispatch:
    now = datetime.now(UTC)
    return Dispatch(event=event, key=uuid4(), recipient="+79000000001", at=now, expires_at=now)


class Phone:
    """A provider that takes everything, and counts."""

    channel = "sms"
    name = "phone"
    keyed = False
    lines_max = 1
    is_open = True

    def __init__(self) -> None:
        self.sent = 0

    def line(self) -> Line:
        return self

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, dispatch: Dispatch) -> Outcome:
        self.sent += 1
        return Accepted()
