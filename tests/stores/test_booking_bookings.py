"""What is remembered of a booking, in whatever order and however often it is told?"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from services.booking.rules.life import Booking, change_of, fold
from services.booking.store import Bookings, Database, bookings
from services.booking.store.bookings import apply
from shared import database
from shared.messages import Refused
from tests.booking_stories import (
    ALICE,
    BORIS,
    FRIDAY,
    MONDAY,
    TUESDAY,
    booked,
    cancelled,
    held,
    lapsed,
    moved,
    released,
    renewed,
)
from tests.stories import NOON, an_id

ID = an_id("a booking")
REFUSED = Refused(id=ID, cause=ID, at=NOON, reason="full")


@pytest.fixture
async def store(booking_dsn: str) -> AsyncIterator[Database]:
    pool = await database.open_pool(booking_dsn, size_max=4, name="booking-test")
    yield Database(pool, 2.0)
    await pool.close()


async def hear(store: Database, *events: Any) -> None:
    """One batch of replies."""
    changes = fold(change_of(event) for event in events)
    await Bookings(store).keep(changes, [event.cause for event in events], {})


async def seen(store: Database, booking_id: UUID = ID) -> Booking:
    booking = await Bookings(store).own([ALICE], booking_id)
    assert booking is not None
    return booking


def slots_of(booking: Booking) -> list[UUID]:
    return [place.slot_id for place in booking.places]


async def test_a_booking_is_kept_as_it_was_told(store: Database) -> None:
    event = booked(ID, MONDAY, TUESDAY)

    await hear(store, event)

    booking = await seen(store)
    assert (booking.owner_id, booking.kind, booking.status) == (ALICE, "booking", "booked")
    assert (booking.version, booking.home, booking.made_at) == (1, 0, event.at)
    assert slots_of(booking) == [MONDAY, TUESDAY]
    assert booking.places[0].starts_at == event.places[0].starts_at


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_highest_version_wins_in_whatever_order_a_booking_is_told(
    store: Database, order: tuple[int, ...]
) -> None:
    events = [booked(ID, MONDAY), moved(ID, 2, TUESDAY), cancelled(ID, 3)]

    await hear(store, events[0])
    for n in order:
        await hear(store, events[n])
        await hear(store, events[n])

    booking = await seen(store)
    assert (booking.status, booking.version) == ("cancelled", 3)


async def test_a_whole_life_in_one_batch_is_as_in_many(store: Database) -> None:
    other = an_id("another booking")
    life: list[Callable[[UUID], Any]] = [
        lambda it: held(it, MONDAY),
        lambda it: renewed(it, 2),
        lambda it: booked(it, MONDAY, version=3, cause=an_id("confirm")),
        lambda it: moved(it, 4, FRIDAY),
    ]

    await hear(store, *(event(ID) for event in life))
    for event in life:
        await hear(store, event(other))

    one, many = await seen(store), await seen(store, other)
    assert (one.status, one.version, one.kind) == (many.status, many.version, many.kind)
    assert slots_of(one) == slots_of(many) == [FRIDAY]
    assert one.expires_at == many.expires_at


async def test_news_of_a_booking_nobody_knows_yet_waits_for_the_projection(
    store: Database,
) -> None:
    await hear(store, cancelled(ID, 2), moved(an_id("another booking"), 2, MONDAY))

    assert await Bookings(store).own([ALICE], ID) is None


@pytest.mark.parametrize(("event", "status"), [(released, "released"), (lapsed, "expired")])
async def test_a_hold_that_ended_says_how(store: Database, event: Any, status: str) -> None:
    await hear(store, held(ID, MONDAY))
    await hear(store, event(ID, 2))

    assert (await seen(store)).status == status


async def test_two_processes_keep_the_same_bookings_at_once_and_both_end(
    store: Database,
) -> None:
    ids = [an_id(f"booking {n}") for n in range(100)]
    one = [booked(booking_id, MONDAY) for booking_id in ids]
    other = [booked(booking_id, MONDAY) for booking_id in reversed(ids)]

    await asyncio.gather(*(hear(store, *events) for events in (one, other, one, other)))

    assert {(await seen(store, booking_id)).version for booking_id in ids} == {1}


class Explained:
    """A connection that says how it would keep a batch, and keeps nothing."""

    def __init__(self, connection: Any) -> None:
        self.plan = ""
        self._connection = connection

    async def execute(self, statement: str, *arguments: Any) -> None:
        rows = await self._connection.fetch(f"EXPLAIN {statement}", *arguments)
        self.plan = "\n".join(row[0] for row in rows)


async def plan_of_a_batch(dsn: str, session: Mapping[str, str]) -> str:
    """How replies are kept while there is no booking yet."""
    connection = await database.connect(dsn, dict(session))
    explained = Explained(connection)
    ids = [an_id(f"booking {n}") for n in range(40)]
    changes = [change_of(booked(booking_id, MONDAY)) for booking_id in ids]
    await apply(explained, changes, ids, dict.fromkeys(ids, REFUSED))  # type: ignore[arg-type]
    await connection.close()
    return explained.plan


async def test_replies_are_kept_by_index_though_the_plan_was_made_on_the_first_day(
    booking_dsn: str,
) -> None:
    assert "Seq Scan on booking" not in await plan_of_a_batch(booking_dsn, database.BY_INDEX)


async def test_a_session_as_any_other_would_read_all_bookings_for_each_batch(
    booking_dsn: str,
) -> None:
    assert "Seq Scan on booking" in await plan_of_a_batch(booking_dsn, {})


LIVES: tuple[tuple[Callable[[UUID], Any], ...], ...] = (
    (),
    (lambda it: booked(it, TUESDAY),),
    (lambda it: held(it, TUESDAY),),
    (lambda it: held(it, TUESDAY), lambda it: released(it, 2)),
    (lambda it: booked(it, TUESDAY), lambda it: cancelled(it, 2)),
    (lambda it: booked(it, TUESDAY, FRIDAY), lambda it: moved(it, 2, FRIDAY)),
    (lambda it: booked(it, TUESDAY), lambda it: moved(it, 4, FRIDAY)),
)
"""What may have been told of a booking before it is told once more that it was made."""


async def rows_after(connection: Any, kept_by: Callable[..., Any]) -> list[dict[str, Any]]:
    """Every column of each booking, when after each of those lives one is told to be booked."""
    async with connection.transaction():
        await connection.execute("DELETE FROM booking")
        made = []
        for n, life in enumerate(LIVES):
            booking_id = an_id(f"booking {n}")
            for event in life:
                await apply(connection, [change_of(event(booking_id))], [], {})
            made.append(change_of(booked(booking_id, MONDAY, version=3)))
        await kept_by(connection, sorted(made, key=lambda change: change.id), [])
        rows = await connection.fetch("SELECT * FROM booking ORDER BY id")
    return [dict(row) | {"updated_at": None} for row in rows]


async def test_a_rush_is_kept_as_everything_else_is(store: Database) -> None:
    async def as_any(connection: Any, *told: Any) -> None:
        await bookings._apply_any(connection, *told, {})

    async with store.connection() as connection:
        in_a_rush = await rows_after(connection, bookings._apply_made)
        as_ever = await rows_after(connection, as_any)

    assert in_a_rush == as_ever
    assert [row["status"] for row in as_ever].count("booked") == len(LIVES)


async def test_only_one_s_own_booking_of_one_place_is_kept_as_in_a_rush() -> None:
    plain = change_of(booked(ID, MONDAY))
    others = [
        change_of(booked(ID, MONDAY, TUESDAY)),
        change_of(held(ID, MONDAY)),
        change_of(moved(ID, 2, MONDAY)),
        change_of(cancelled(ID, 2)),
        msgspec.structs.replace(plain, booked_by=BORIS),
        msgspec.structs.replace(plain, late=True),
        msgspec.structs.replace(plain, expires_at=NOON),
        msgspec.structs.replace(
            plain, places=(msgspec.structs.replace(plain.places[0], patient_id=BORIS),)
        ),
    ]

    assert bookings._is_plain(plain)
    assert not any(map(bookings._is_plain, others))


async def test_a_list_has_one_s_own_bookings_newest_first_and_goes_on_from_its_cursor(
    store: Database,
) -> None:
    ids = [an_id(f"booking {n}") for n in range(5)]
    for n, booking_id in enumerate(ids, start=1):
        await hear(store, booked(booking_id, MONDAY, version=n))
    await hear(store, booked(an_id("another's"), MONDAY, owner_id=BORIS))
    await hear(store, held(an_id("a hold"), MONDAY))

    first = await Bookings(store).of_person([ALICE], None, 3)
    rest = await Bookings(store).of_person([ALICE], (first[-1].made_at, first[-1].id), 3)

    assert [booking.id for booking in (*first, *rest)] == ids[::-1]


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        ("status = 'pending'", "status_fits_version"),
        ("version = 0", "decided_has_version_and_places"),
        ("status = 'held', expires_at = NULL", "held_knows_its_end"),
        ("status = 'lost'", "known_status"),
        ("kind = 'wish'", "known_kind"),
    ],
)
async def test_what_no_rule_would_do_the_database_refuses(
    store: Database, change: str, promise: str
) -> None:
    await hear(store, booked(ID, MONDAY))

    async with store.connection() as connection:
        with pytest.raises(asyncpg.CheckViolationError, match=promise):
            await connection.execute(f"UPDATE booking SET {change}")  # noqa: S608


async def test_a_booking_keeps_its_age_however_it_changes(store: Database) -> None:
    await hear(store, held(ID, MONDAY))
    await hear(store, booked(ID, MONDAY, version=2, cause=an_id("confirm")))
    await hear(store, cancelled(ID, 3))

    assert (await seen(store)).made_at == NOON + timedelta(seconds=1)
