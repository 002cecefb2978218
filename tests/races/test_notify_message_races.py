"""What becomes of a message when two say it at once? And without what keeps them apart?"""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.notify import store
from services.notify.rules import Mark, Receipt, messages_for
from services.notify.rules.preferences import Wishes
from services.notify.store import SQL, Contacts, Ledger, Receipts
from shared.messages import BookingEvent
from tests.notify_bookings import ALICE, a_place, cancelled, confirmed
from tests.vaults import a_vault

MAIL = ("email", "smtp", 30, 10)
WAIT_SECONDS = 5.0


@pytest.fixture
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(notify_dsn, min_size=1, max_size=8) as opened:
        await Contacts(opened, a_vault("notify")).keep(ALICE, "alice@example.org", "+79161234567")
        yield opened


async def write(pool: asyncpg.Pool, *events: BookingEvent) -> None:
    async with pool.acquire() as connection, connection.transaction():
        messages = [message for event in events for message in messages_for(event)]
        await store.write_down(connection, messages)


async def claimed(pool: asyncpg.Pool, claimer: UUID) -> list[int]:
    claim = await Ledger(pool).claim(claimer, *MAIL)
    return [message.id for message in claim.messages]


async def told(pool: asyncpg.Pool) -> list[tuple[str, str]]:
    rows = await pool.fetch("SELECT channel, state FROM message ORDER BY id")
    return [(row["channel"], row["state"]) for row in rows]


async def until_somebody_waits(pool: asyncpg.Pool) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not await pool.fetchval(  # noqa: ASYNC110 - only the database knows
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ):
            await asyncio.sleep(0.01)


# ---- a receipt, and the mark that says whose it is -----------------------------------------------


def a_receipt(state: str = "delivered") -> Receipt:
    return Receipt(provider="smtp", reference="r-1", state=state)  # type: ignore[arg-type]


async def receipt_within_the_mark(pool: asyncpg.Pool) -> None:
    """The receipt comes and is looked at while the mark is said and not committed yet."""
    me = uuid4()
    await write(pool, confirmed())
    (message_id,) = await claimed(pool, me)
    async with pool.acquire() as connection, connection.transaction():
        mark = [[message_id], ["sent"], [1], [0.0], [""], ["r-1"], [False]]
        await connection.execute(SQL["mark_messages"], me, *mark)
        assert await Receipts(pool).take([a_receipt()]) == []
    await Receipts(pool).apply([("smtp", "r-1")])


async def test_a_receipt_that_is_quicker_than_the_mark_is_found_after_it(
    pool: asyncpg.Pool,
) -> None:
    await receipt_within_the_mark(pool)

    assert await told(pool) == [("email", "delivered")]


async def test_without_keeping_it_such_a_receipt_is_lost(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_looked_at = SQL["keep_receipts"].replace("SELECT * FROM unnest", "SELECT u.* FROM unnest")
    only_looked_at = only_looked_at.replace("$3::text[])", "$3::text[]) AS u LIMIT 0")
    monkeypatch.setitem(store.SQL, "keep_receipts", only_looked_at)

    await receipt_within_the_mark(pool)

    assert await told(pool) == [("email", "sent")]


async def test_the_same_receipt_by_two_ways_at_once_falls_over_once(pool: asyncpg.Pool) -> None:
    me = uuid4()
    await write(pool, confirmed())
    (message_id,) = await claimed(pool, me)
    await Ledger(pool).mark(me, [(message_id, Mark(state="sent", reference="r-1"))])

    await asyncio.gather(*(Receipts(pool).take([a_receipt("failed")]) for _ in range(6)))

    assert await told(pool) == [("email", "failed"), ("sms", "waiting")]


# ---- a person who settles, and a sender that comes late ------------------------------------------


async def settled_while_marked(pool: asyncpg.Pool) -> bool:
    """The sender's word is said and not committed yet when somebody settles the message."""
    me, operator = uuid4(), uuid4()
    await write(pool, confirmed())
    (message_id,) = await claimed(pool, me)
    await Ledger(pool).mark(me, [(message_id, Mark(state="unknown"))])
    async with pool.acquire() as connection, connection.transaction():
        mark = [[message_id], ["sent"], [1], [0.0], [""], [None], [False]]
        await connection.execute(SQL["mark_messages"], me, *mark)
        settling = asyncio.create_task(
            Receipts(pool).settle(message_id, "failed", operator, "they called")
        )
        await until_somebody_waits(pool)
    return await settling


async def test_who_settles_what_is_known_by_now_settles_nothing(pool: asyncpg.Pool) -> None:
    assert not await settled_while_marked(pool)
    assert await told(pool) == [("email", "sent")]


async def test_without_asking_whether_it_is_unknown_somebody_is_told_twice(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded = SQL["settle_unknown"].replace("AND state = 'unknown'", "")
    monkeypatch.setitem(store.SQL, "settle_unknown", unguarded)

    assert await settled_while_marked(pool)
    assert await told(pool) == [("email", "failed"), ("sms", "waiting")]


# ---- what falls over, and what comes later of the same booking -----------------------------------


async def claimed_while_it_falls_over(pool: asyncpg.Pool) -> list[tuple[str, str]]:
    """A sender looks for the cancellation before the confirmation's next channel is written."""
    place, me = a_place(), uuid4()
    await write(pool, confirmed(place))
    (message_id,) = await claimed(pool, me)
    await Ledger(pool).mark(me, [(message_id, Mark(state="sent", reference="r-1"))])
    await write(pool, cancelled(place))

    async with pool.acquire() as falling, falling.transaction():
        await falling.execute("UPDATE message SET state = 'failed' WHERE id = $1", message_id)
        await falling.execute(SQL["hold_back_later"], [message_id])
        # Its look is older than what is written next, and its lock comes after the commit.
        other = await pool.acquire()
        looking = other.transaction(isolation="read_committed")
        await looking.start()
        waiting = SQL["claim_messages"].replace("SKIP LOCKED", "")
        asked = (uuid4(), 30.0, 10, *MAIL[:2], 3_600.0)
        rows = asyncio.create_task(other.fetch(waiting, *asked))
        await asyncio.sleep(0.3)
        await falling.fetch(SQL["fall_over"], [message_id], [False])
    await rows
    await looking.commit()
    await pool.release(other)
    return await told(pool)


async def test_the_later_message_waits_for_what_fell_over_before_it(pool: asyncpg.Pool) -> None:
    assert await claimed_while_it_falls_over(pool) == [
        ("email", "failed"),
        ("email", "waiting"),
        ("sms", "waiting"),
    ]


async def test_without_holding_it_back_the_cancellation_overtakes(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked_only = (
        "SELECT id FROM message WHERE state = 'waiting' AND $1::bigint[] <> '{}' FOR UPDATE"
    )
    monkeypatch.setitem(store.SQL, "hold_back_later", locked_only)

    assert ("email", "claimed") in await claimed_while_it_falls_over(pool)


async def test_who_looks_while_it_falls_over_tells_nothing_of_it_before(
    pool: asyncpg.Pool,
) -> None:
    place, me = a_place(), uuid4()
    await write(pool, confirmed(place))
    (message_id,) = await claimed(pool, me)
    await Ledger(pool).mark(me, [(message_id, Mark(state="sent", reference="r-1"))])
    await write(pool, cancelled(place))

    told_of, _ = await asyncio.gather(
        claimed(pool, uuid4()), Receipts(pool).take([a_receipt("failed")])
    )

    if told_of:
        assert ("sms", "waiting") not in await told(pool)
    else:
        assert ("sms", "waiting") in await told(pool)


# ---- one's order, changed while one is told ------------------------------------------------------


async def test_the_same_event_written_twice_at_once_is_one_message(pool: asyncpg.Pool) -> None:
    event = confirmed()

    await asyncio.gather(*(write(pool, event) for _ in range(6)))

    assert await told(pool) == [("email", "waiting")]


async def test_two_changes_of_one_person_at_once_leave_a_route_that_is_true(
    pool: asyncpg.Pool,
) -> None:
    contacts = Contacts(pool, a_vault("notify"))
    preferences = store.Preferences(pool)

    await asyncio.gather(
        contacts.keep(ALICE, None),
        preferences.keep(ALICE, Wishes(channels=("web_push",))),
        contacts.keep_device(ALICE, "web_push", "device"),
    )

    assert await pool.fetchval("SELECT route FROM contact") == ["web_push", "sms"]
