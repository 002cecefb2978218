"""What becomes of wishes whose answer did not come in time, and of bookings in closing slots?"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from services.booking.closures import Closures, revocation_id
from services.booking.pending import Keeper, Settler, Sweeper, as_pending
from services.booking.rules.life import change_of, fold
from services.booking.store import Bookings, Database, Wishes
from services.booking.store.slots import project
from shared import database
from shared.asking import anew
from shared.clock import DatabaseClock
from shared.log import LogAwayError
from shared.messages import CancelBooking, Command, SlotCommand
from tests import stories
from tests.booking_stories import (
    ALICE,
    MONDAY,
    TUESDAY,
    booked,
    cancelled,
    changed,
    held,
    opened,
    refused,
)
from tests.stories import an_id

ID, KEY = an_id("a booking"), an_id("a key")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Log:
    """Keeps what it is handed; away when told so."""

    def __init__(self) -> None:
        self.away = False
        self.taken: list[tuple[Command, int]] = []

    async def hand_over(self, command: Command, partition: int) -> None:
        if self.away:
            raise LogAwayError
        self.taken.append((command, partition))


@pytest.fixture
async def pool(booking_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    opened_pool = await database.open_pool(booking_dsn, size_max=4, name="booking-test")
    yield opened_pool
    await opened_pool.close()


@pytest.fixture
def store(pool: asyncpg.Pool) -> Database:
    return Database(pool, 2.0)


@pytest.fixture
async def errand(pool: asyncpg.Pool, store: Database) -> Closures:
    """Sees to closing slots."""
    clock = DatabaseClock()
    await clock.set(pool)
    return Closures(Wishes(store), clock, 7)


@pytest.fixture
def log() -> Log:
    return Log()


def a_sweeper(store: Database, log: Log) -> Sweeper:
    return Sweeper(Wishes(store), log, 7, resend_seconds=60)


async def hear(store: Database, *replies: Any) -> None:
    """One batch of replies, refusals among them."""
    lives = [reply for reply in replies if hasattr(reply, "version")]
    await Bookings(store).keep(
        fold(change_of(reply) for reply in lives),
        [reply.cause for reply in replies],
        {reply.cause: reply for reply in replies if not hasattr(reply, "version")},
    )


async def stands(store: Database, booking_id: UUID = ID) -> tuple[str, int, Any]:
    booking = await Bookings(store).own([ALICE], booking_id)
    assert booking is not None
    return booking.status, booking.version, booking.reason


async def count(store: Database) -> int:
    row = await store.row("depths")
    assert row is not None
    return int(row["pending"])


async def test_a_wish_that_nobody_answered_is_pending_until_it_is_booked(
    store: Database,
) -> None:
    kept = await Keeper(Wishes(store)).keep(as_pending(stories.book(MONDAY, id=ID), 0))
    pending = await stands(store)
    await hear(store, booked(ID, MONDAY))

    assert (kept.status, kept.kind, kept.places) == ("pending", "booking", ())
    assert pending == ("pending", 0, None)
    assert await stands(store) == ("booked", 1, None)
    assert await count(store) == 0


@pytest.mark.parametrize(
    ("reason", "status"), [("full", "refused"), ("expired", "expired"), ("key_reused", "refused")]
)
async def test_a_refusal_ends_a_pending_wish(store: Database, reason: Any, status: str) -> None:
    await Keeper(Wishes(store)).keep(as_pending(stories.book(MONDAY, id=ID), 0))

    await hear(store, refused(ID, reason))

    assert await stands(store) == (status, 0, reason)
    assert await count(store) == 0


async def test_a_refusal_that_somebody_was_told_ends_their_pending_wish_soon_after(
    store: Database,
) -> None:
    await Keeper(Wishes(store)).keep(as_pending(stories.book(MONDAY, id=ID), 0))
    settler = Settler(Bookings(store), seconds=0.01)

    for _ in range(3):
        settler.note({ID: refused(ID, "full")})
    await until_settled(settler)

    assert await stands(store) == ("refused", 0, "full")
    assert await count(store) == 0


async def test_a_refusal_that_could_not_be_kept_is_asked_again_by_its_deadline(
    pool: asyncpg.Pool, store: Database, log: Log
) -> None:
    late = stories.book(MONDAY, id=ID, deadline=LONG_AGO)
    await Keeper(Wishes(store)).keep(as_pending(late, 0))
    busy = Database(pool, 0.05)
    settler = Settler(Bookings(busy), seconds=0.01)

    async with AsyncExitStack() as all_of_them:
        for _ in range(pool.get_max_size()):
            await all_of_them.enter_async_context(pool.acquire())
        settler.note({ID: refused(ID, "full")})
        await until_settled(settler)

    assert await stands(store) == ("pending", 0, None)
    assert await a_sweeper(store, log).sweep(10) == 1


async def until_settled(settler: Settler) -> None:
    assert settler._settling is not None
    await asyncio.wait_for(settler._settling, 5)


async def test_a_wish_that_expired_is_not_pending_again(store: Database) -> None:
    keeper, wish = Keeper(Wishes(store)), as_pending(stories.book(MONDAY, id=ID), 0)
    await keeper.keep(wish)
    await hear(store, refused(ID, "expired"))

    again = await keeper.keep(wish)

    assert again.status == "expired"
    assert (await stands(store), await count(store)) == (("expired", 0, "expired"), 0)


async def test_a_wish_asked_anew_is_another_booking(store: Database) -> None:
    keeper, wish = Keeper(Wishes(store)), stories.book(MONDAY, id=ID, cause=ID)
    await keeper.keep(as_pending(wish, 0))
    await hear(store, refused(ID, "expired"))

    again = anew(wish)
    await keeper.keep(as_pending(again, 0))
    await hear(store, booked(again.id, MONDAY))

    assert await stands(store) == ("expired", 0, "expired")
    assert await stands(store, again.id) == ("booked", 1, None)


async def test_what_was_booked_while_it_was_written_down_stays_booked(store: Database) -> None:
    await hear(store, booked(ID, MONDAY))

    kept = await Keeper(Wishes(store)).keep(as_pending(stories.book(MONDAY, id=ID), 0))

    assert kept.status == "booked"
    assert await count(store) == 0


async def test_many_who_give_up_at_once_are_written_down_together(store: Database) -> None:
    keeper = Keeper(Wishes(store))
    commands = [stories.book(MONDAY) for _ in range(300)] + [stories.book(MONDAY, id=ID)] * 2

    kept = await asyncio.gather(*(keeper.keep(as_pending(command, 0)) for command in commands))

    assert {booking.status for booking in kept} == {"pending"}
    assert await count(store) == 301


async def test_a_hold_being_confirmed_is_a_pending_booking_and_a_refusal_says_why(
    store: Database,
) -> None:
    await hear(store, held(ID, MONDAY))
    confirm = stories.confirm(ID, MONDAY)
    kept = await Keeper(Wishes(store)).keep(as_pending(confirm, 0))
    await hear(store, refused(confirm.id, "claim_taken"))

    after = await Bookings(store).own([ALICE], ID)
    assert (kept.kind, kept.shown) == ("booking", "pending")
    assert after is not None
    assert (after.status, after.shown, after.reason) == ("held", "refused", "claim_taken")


async def test_a_refused_cancel_leaves_the_booking_as_it_is(store: Database) -> None:
    await hear(store, booked(ID, MONDAY))
    cancel = stories.cancel(ID)
    await Keeper(Wishes(store)).keep(as_pending(cancel, 0))

    await hear(store, refused(cancel.id, "started"))

    assert await stands(store) == ("booked", 1, None)
    assert await count(store) == 0


async def test_what_is_past_its_deadline_is_asked_again_unchanged_but_for_who_listens(
    store: Database, log: Log
) -> None:
    late = stories.book(MONDAY, id=ID, deadline=LONG_AGO)
    in_time = stories.book(MONDAY)
    keeper = Keeper(Wishes(store))
    await keeper.keep(as_pending(late, 3))
    await keeper.keep(as_pending(in_time, 3))

    asked = await a_sweeper(store, log).sweep(10)
    again_at_once = await a_sweeper(store, log).sweep(10)

    assert (asked, again_at_once) == (1, 0)
    assert log.taken == [(msgspec.structs.replace(late, reply_to=7), 3)]
    assert await stands(store) == ("pending", 0, None)


async def test_two_processes_sweep_each_wish_once(store: Database, log: Log) -> None:
    keeper = Keeper(Wishes(store))
    for _ in range(20):
        await keeper.keep(as_pending(stories.book(MONDAY, deadline=LONG_AGO), 0))

    swept = await asyncio.gather(*(a_sweeper(store, log).sweep(7) for _ in range(4)))

    assert sum(swept) == len({command.id for command, _ in log.taken}) == 20


async def test_what_the_log_did_not_take_comes_again(store: Database, log: Log) -> None:
    await Keeper(Wishes(store)).keep(as_pending(stories.book(MONDAY, deadline=LONG_AGO), 0))
    log.away = True

    await a_sweeper(store, log).sweep(10)

    assert log.taken == []
    assert await count(store) == 1


async def test_a_later_copy_of_the_same_wish_takes_the_place_of_the_earlier(
    store: Database, log: Log
) -> None:
    keeper = Keeper(Wishes(store))
    await keeper.keep(as_pending(stories.book(MONDAY, id=ID, deadline=LONG_AGO), 0))
    other_body = stories.book(TUESDAY, id=ID, body_hash=KEY.bytes)
    await keeper.keep(as_pending(other_body, 0))
    await keeper.keep(as_pending(stories.book(MONDAY, id=ID), 0))

    async with store.connection() as connection:
        [kept] = await connection.fetch("SELECT command FROM pending_command")
    command = msgspec.msgpack.decode(kept["command"], type=SlotCommand)
    assert command == stories.book(MONDAY, id=ID)


async def a_closing_slot(store: Database, **closing: Any) -> Any:
    event = changed(MONDAY, 2, is_open=False, cancel_bookings=True)
    async with store.connection() as connection:
        await project(connection, [opened(MONDAY, **closing), opened(TUESDAY)])
        await project(connection, [event])
    return event


async def test_whoever_is_booked_in_a_closing_slot_is_cancelled_at_their_home(
    store: Database, log: Log, errand: Closures
) -> None:
    other = an_id("another booking")
    await hear(store, booked(ID, MONDAY, TUESDAY), booked(other, TUESDAY))
    closing = await a_closing_slot(store)

    found = await errand.revoke(10)
    await a_sweeper(store, log).sweep(10)

    [(command, home)] = log.taken
    assert (found, home) == (1, 0)
    assert isinstance(command, CancelBooking)
    assert command.id == revocation_id(closing.id, ID)
    assert (command.booking_id, command.reason) == (ID, "clinic")


async def test_a_cancellation_is_asked_once_at_a_time_until_nobody_is_left(
    store: Database, errand: Closures
) -> None:
    await hear(store, booked(ID, MONDAY))
    closing = await a_closing_slot(store)
    command_id = revocation_id(closing.id, ID)

    first, while_asked = await errand.revoke(10), await errand.revoke(10)
    await hear(store, cancelled(ID, 2, cause=command_id))
    after_it_is_done = await errand.revoke(10)

    assert [first, while_asked, after_it_is_done] == [1, 0, 0]
    assert await count(store) == 0


async def test_a_cancellation_by_the_clinic_never_comes_too_late(
    store: Database, log: Log, errand: Closures
) -> None:
    await hear(store, booked(ID, MONDAY))
    await a_closing_slot(store)
    await errand.revoke(10)

    await a_sweeper(store, log).sweep(10)

    [(command, _)] = log.taken
    assert command.deadline > datetime.now(UTC) + timedelta(days=365)


async def test_a_slot_that_has_begun_keeps_its_bookings(store: Database, errand: Closures) -> None:
    await hear(store, booked(ID, MONDAY))
    await a_closing_slot(store, starts_at=datetime.now(UTC) - timedelta(hours=1))

    assert await errand.revoke(10) == 0


async def test_reopening_a_slot_stops_cancelling(store: Database, errand: Closures) -> None:
    await hear(store, booked(ID, MONDAY))
    await a_closing_slot(store)
    async with store.connection() as connection:
        await project(connection, [changed(MONDAY, 3, is_open=True)])

    assert await errand.revoke(10) == 0
