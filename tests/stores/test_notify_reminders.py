"""Is nobody reminded twice, or of what is no more? By the messenger's own tables."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from services.notify import store
from services.notify.channels.email.mail import compose
from services.notify.reminding import step_of
from services.notify.rules import Told
from services.notify.rules.reminders import visits_of
from services.notify.store import Contacts, Ledger, Planned, Reminders, Step
from shared.messages import BookedPlace, BookingEvent, VisitArrived
from tests.notify_bookings import ALICE, BOOKING, HABITS, a_place, cancelled, confirmed, moved
from tests.stores.test_notify_inbox import a_head, records_of, take
from tests.vaults import a_vault

AT_ONCE = 10


@pytest.fixture
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(notify_dsn, min_size=4, max_size=4) as opened:
        await Contacts(opened, a_vault("notify")).keep(ALICE, "alice@example.org")
        yield opened


@pytest.fixture
def reminders(pool: asyncpg.Pool) -> Reminders:
    return Reminders(pool)


def in_a_month() -> BookedPlace:
    noon = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    return a_place(noon + timedelta(days=30))


async def hear(pool: asyncpg.Pool, *events: BookingEvent | VisitArrived) -> None:
    """As the follower hands them over, in one batch; each is numbered anew."""
    async with pool.acquire() as connection:
        await connection.execute("DELETE FROM live_event")
        await take(connection, a_head(), records_of(*events))


def has_come(place: BookedPlace, version: int) -> VisitArrived:
    """Somebody has come to a visit of the booking, as it was when it had this version."""
    return VisitArrived(
        id=uuid4(),
        cause=uuid4(),
        at=datetime(2026, 1, 4, tzinfo=UTC),
        booking_id=BOOKING,
        version=version,
        owner_id=ALICE,
        step=1,
        place=place,
    )


async def bring_due(pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE reminder SET due_at = now() - interval '1 second'")


def tell(planned: Planned, now: datetime) -> Step:
    """As if the time of its first reminder had come."""
    first = planned.visit.starts_at - timedelta(days=7)
    return step_of(planned, max(now, first), HABITS)


async def hand_over(reminders: Reminders) -> int | None:
    written = await reminders.hand_over(tell, at_once_max=AT_ONCE)
    return None if written is None else written.new


async def planned(pool: asyncpg.Pool) -> list[int]:
    rows = await pool.fetch("SELECT version FROM reminder ORDER BY starts_at")
    return [row["version"] for row in rows]


async def told(pool: asyncpg.Pool) -> list[tuple[str, str]]:
    rows = await pool.fetch(
        "SELECT event ->> 'before' AS before, state FROM message"
        " WHERE event ->> 'type' = 'VisitReminder' ORDER BY id"
    )
    return [(row["before"], row["state"]) for row in rows]


# ---- what is planned ----------------------------------------------------------------------------


async def test_a_booking_plans_one_row_for_each_day_of_it(pool: asyncpg.Pool) -> None:
    first, second = in_a_month(), in_a_month()
    later = a_place(second.starts_at + timedelta(days=21))

    await hear(pool, confirmed(first, later))

    assert await planned(pool) == [1, 1]


async def test_the_same_events_again_plan_nothing_more(pool: asyncpg.Pool) -> None:
    event = confirmed(in_a_month())
    await hear(pool, event)
    await hear(pool, event)

    assert await planned(pool) == [1]


@pytest.mark.parametrize("at_once", [True, False], ids=["one batch", "two batches"])
async def test_a_move_plans_anew_and_a_cancellation_plans_nothing(
    pool: asyncpg.Pool, at_once: bool
) -> None:
    place, other = in_a_month(), a_place(in_a_month().starts_at + timedelta(days=3))
    made, then = confirmed(place), moved(to=[other], away_from=[place])
    batches = [[made, then]] if at_once else [[made], [then]]
    for batch in batches:
        await hear(pool, *batch)
    assert await planned(pool) == [2]

    await hear(pool, cancelled(other, version=3))

    assert await planned(pool) == []


async def test_of_a_seat_whose_owner_hears_by_themselves_nobody_else_is_reminded(
    pool: asyncpg.Pool,
) -> None:
    theirs = in_a_month()
    of_a_guest = msgspec.structs.replace(
        a_place(theirs.starts_at + timedelta(days=1)), patient_id=BOOKING, hears=True
    )
    owner = confirmed(theirs, of_a_guest)
    own = msgspec.structs.replace(of_a_guest, hears=msgspec.UNSET)
    guest = msgspec.structs.replace(owner, id=uuid4(), owner_id=BOOKING, part="own", places=(own,))

    await hear(pool, owner, guest)

    rows = await pool.fetch("SELECT owner_id, starts_at, part FROM reminder ORDER BY starts_at")
    assert [tuple(row) for row in rows] == [
        (ALICE, theirs.starts_at, None),
        (BOOKING, own.starts_at, "own"),
    ]


async def test_what_happens_at_a_visit_changes_nothing_of_what_is_planned(
    pool: asyncpg.Pool,
) -> None:
    place, other = in_a_month(), a_place(in_a_month().starts_at + timedelta(days=3))

    await hear(pool, confirmed(place), has_come(place, version=1))
    assert await planned(pool) == [1]
    moving = moved(to=[other], away_from=[place])
    await hear(pool, moving, has_come(place, version=1))

    assert await planned(pool) == [2]
    assert await pool.fetchval("SELECT starts_at FROM reminder") == other.starts_at


async def test_two_visits_at_one_moment_at_two_clinics_are_both_reminded_of(
    pool: asyncpg.Pool, reminders: Reminders
) -> None:
    one, other = in_a_month(), in_a_month()

    await hear(pool, confirmed(one, other))
    await bring_due(pool)

    assert await hand_over(reminders) == 2
    assert await told(pool) == [("P7D", "waiting")] * 2


async def test_no_link_in_the_reminder_of_one_visit_of_several_gives_up_all_of_them(
    pool: asyncpg.Pool,
) -> None:
    first = in_a_month()
    await hear(pool, confirmed(first, a_place(first.starts_at + timedelta(days=21))))

    assert await pool.fetch("SELECT DISTINCT part FROM reminder") == [("rest",)]


async def test_the_table_itself_keeps_one_row_of_a_visit(pool: asyncpg.Pool) -> None:
    await hear(pool, confirmed(in_a_month()))

    with pytest.raises(asyncpg.UniqueViolationError, match="one_plan_of_a_visit"):
        await pool.execute("INSERT INTO reminder SELECT * FROM reminder")
    with pytest.raises(asyncpg.CheckViolationError, match="reminded_before_it_starts"):
        await pool.execute("UPDATE reminder SET due_at = starts_at")


# ---- what is told -------------------------------------------------------------------------------


async def test_what_is_due_becomes_a_message_and_waits_for_its_next_time(
    pool: asyncpg.Pool, reminders: Reminders
) -> None:
    place = in_a_month()
    await hear(pool, confirmed(place))
    assert await hand_over(reminders) == 0
    await bring_due(pool)

    assert await hand_over(reminders) == 1
    assert await hand_over(reminders) == 0

    assert await told(pool) == [("P7D", "waiting")]
    due_at = await pool.fetchval("SELECT due_at FROM reminder")
    assert due_at == place.starts_at - timedelta(days=1)


async def test_the_last_reminder_takes_the_row_with_it(
    pool: asyncpg.Pool, reminders: Reminders
) -> None:
    await hear(pool, confirmed(in_a_month()))
    await bring_due(pool)

    def at_the_end(planned: Planned, now: datetime) -> Step:
        return step_of(planned, planned.visit.starts_at - timedelta(minutes=30), HABITS)

    written = await reminders.hand_over(at_the_end, at_once_max=AT_ONCE)

    assert written is not None
    assert written.new == 1
    assert await told(pool) == [("PT2H", "waiting")]
    assert await planned(pool) == []


async def test_nothing_is_handed_over_while_so_many_messages_wait(
    pool: asyncpg.Pool, reminders: Reminders
) -> None:
    await hear(pool, confirmed(in_a_month()))
    await bring_due(pool)

    assert await reminders.hand_over(tell, at_once_max=1) is None
    assert await told(pool) == []

    await pool.execute("UPDATE message SET state = 'expired', settled_at = now()")
    assert await hand_over(reminders) == 1


async def test_what_is_erased_is_not_reminded_of(pool: asyncpg.Pool) -> None:
    await hear(pool, confirmed(in_a_month()))

    async with pool.acquire() as connection:
        await store.forget_reminders(connection, [ALICE])

    assert await planned(pool) == []


async def test_a_reminder_on_its_way_is_overtaken_by_what_the_booking_becomes(
    pool: asyncpg.Pool, reminders: Reminders
) -> None:
    place = in_a_month()
    await hear(pool, confirmed(place))
    await bring_due(pool)
    await hand_over(reminders)

    await hear(pool, cancelled(place))

    assert await told(pool) == [("P7D", "expired")]
    claim = await Ledger(pool).claim(BOOKING, "email", "smtp", 10.0, AT_ONCE)
    assert "VisitReminder" not in " ".join(message.event for message in claim.messages)


async def test_what_was_handed_over_is_put_into_a_mail_without_a_calendar_entry(
    pool: asyncpg.Pool, reminders: Reminders
) -> None:
    await hear(pool, confirmed(in_a_month()))
    await pool.execute("UPDATE message SET state = 'expired', settled_at = now()")
    await bring_due(pool)
    await hand_over(reminders)

    claim = await Ledger(pool).claim(BOOKING, "email", "smtp", 10.0, AT_ONCE)

    [message] = claim.messages
    event = msgspec.json.decode(message.event, type=Told)
    content = compose(
        event, sender="talon@example.org", recipient="alice@example.org", at=datetime.now(UTC)
    )
    mail = message_from_bytes(content, policy=policy.default)
    assert mail["Subject"].startswith("A reminder of your visit on ")
    assert mail["X-Talon-Event"] == "VisitReminder"
    kinds = [part.get_content_type() for part in mail.iter_parts()]
    assert kinds == ["text/plain", "text/html"]


# ---- at the same time ---------------------------------------------------------------------------


async def test_two_processes_that_remind_at_once_remind_once(
    pool: asyncpg.Pool, reminders: Reminders
) -> None:
    await hear(pool, confirmed(in_a_month()))
    await bring_due(pool)

    written = await asyncio.gather(*(hand_over(reminders) for _ in range(4)))

    assert sum(each or 0 for each in written) == 1
    assert await told(pool) == [("P7D", "waiting")]


async def test_without_the_lock_the_ledger_still_tells_it_once(
    pool: asyncpg.Pool, reminders: Reminders, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hear(pool, confirmed(in_a_month()))
    await bring_due(pool)
    unlocked = store.SQL["lock_due_reminders"].replace("FOR UPDATE SKIP LOCKED", "")
    monkeypatch.setitem(store.SQL, "lock_due_reminders", unlocked)
    seen: list[Planned] = []
    both = asyncio.Barrier(2)

    async def one() -> int:
        async with pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(unlocked, AT_ONCE)
            assert row is not None
            seen.append(row)
            await both.wait()
        return await hand_over(reminders) or 0

    written = await asyncio.gather(one(), one())

    assert len(seen) == 2
    assert sum(written) == 1
    assert await told(pool) == [("P7D", "waiting")]


@pytest.mark.parametrize("in_order", [True, False], ids=["in order", "the other way around"])
async def test_a_booking_cancelled_while_its_reminder_is_handed_over(
    pool: asyncpg.Pool, in_order: bool
) -> None:
    """The reminder is found only by who looks for it after having waited for its row."""
    place = in_a_month()
    await hear(pool, confirmed(place))
    await bring_due(pool)
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def hand_over_slowly() -> None:
        async with pool.acquire() as connection, connection.transaction():
            await connection.fetch(store.SQL["lock_due_reminders"], AT_ONCE)
            step = tell(_of(place), datetime.now(UTC))
            assert step.message is not None
            await store.write_down(connection, [step.message])
            inside.set()
            await go_on.wait()

    async def cancel() -> None:
        names = ["drop_reminders", "overtake_reminders"]
        async with pool.acquire() as connection, connection.transaction():
            for name in names if in_order else reversed(names):
                await connection.execute(store.SQL[name], [BOOKING], [ALICE], [2])

    handing = asyncio.create_task(hand_over_slowly())
    await inside.wait()
    cancelling = asyncio.create_task(cancel())
    await until_somebody_waits(pool)
    go_on.set()
    await asyncio.gather(handing, cancelling)

    assert await told(pool) == [("P7D", "expired" if in_order else "waiting")]


async def until_somebody_waits(pool: asyncpg.Pool) -> None:
    async with asyncio.timeout(10.0):
        while True:
            if await pool.fetchval(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ):
                return
            await asyncio.sleep(0.01)


def _of(place: BookedPlace) -> Planned:
    [visit] = visits_of([place])
    return Planned(
        booking_id=BOOKING,
        version=1,
        owner_id=ALICE,
        made_at=datetime(2026, 1, 1, tzinfo=UTC),
        visit=visit,
    )
