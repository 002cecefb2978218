"""Who moves to what is held for them while others want it? And what would be, unguarded?"""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from services.slots.rules import moves
from shared.messages import BookingMoved, HoldReleased, PlacesBooked, Refused
from tests import stories
from tests.referees import Play, play
from tests.stories import an_id

FIRST, SECOND, NEW, OTHER = (an_id(name) for name in ("first", "second", "new", "other"))


@pytest.fixture
async def two(slots_dsn: str) -> AsyncIterator[tuple[Play, Play]]:
    """Two referee processes over four slots for one person each."""
    first, second = await play(slots_dsn, 0), await play(slots_dsn, 1)
    await first.decide(
        stories.open_clinic(), *(stories.open_slot(slot) for slot in (FIRST, SECOND, NEW, OTHER))
    )
    yield first, second
    await first.connection.close()
    await second.connection.close()


async def a_pair_with_holds(referee: Play) -> tuple[UUID, list[UUID]]:
    """A booked pair, and three holds: of the new first slot and of two for the second dose."""
    wishes = [stories.book(FIRST, SECOND), stories.hold(NEW), stories.hold(OTHER)]
    booking, *held = await referee.decide(*wishes)
    assert isinstance(booking, PlacesBooked)
    return booking.booking_id, [hold.booking_id for hold in held]


async def test_a_pair_moves_to_what_is_held_for_it_while_others_want_all_of_it(
    two: tuple[Play, Play],
) -> None:
    first, second = two
    pair, held = await a_pair_with_holds(first)
    slots = (FIRST, SECOND, NEW, OTHER)

    async def others() -> list[object]:
        return [
            reply
            for n in range(12)
            for reply in await second.decide(*(stories.book(slot) for slot in slots[n % 4 :]))
        ]

    [moved], replies = await asyncio.gather(
        first.decide(stories.move(pair, NEW, OTHER, hold_ids=tuple(held))), others()
    )

    assert isinstance(moved, BookingMoved)
    booked = [reply for reply in replies if isinstance(reply, PlacesBooked)]
    assert {place.slot_id for reply in booked for place in reply.places} == {FIRST, SECOND}
    rows = await first.connection.fetch("SELECT id, held, booked FROM slot")
    assert {(row["held"], row["booked"]) for row in rows} == {(0, 1)}
    assert await first.connection.fetchval("SELECT count(*) FROM place") == 4
    ended = [event for event in first.events if isinstance(event, HoldReleased)]
    assert [event.booking_id for event in ended] == held


async def test_what_is_held_beside_and_not_taken_is_free_again_with_the_move(
    two: tuple[Play, Play],
) -> None:
    first, second = two
    pair, held = await a_pair_with_holds(first)

    await first.decide(stories.move(pair, NEW, SECOND, hold_ids=tuple(held)))

    [other] = await second.decide(stories.book(OTHER))
    assert isinstance(other, PlacesBooked)


async def test_a_move_that_is_refused_gives_nothing_up(two: tuple[Play, Play]) -> None:
    first, second = two
    pair, held = await a_pair_with_holds(first)

    [refused] = await first.decide(stories.move(pair, NEW, NEW, hold_ids=tuple(held)))

    assert isinstance(refused, Refused)
    assert refused.reason == "full"
    replies = await second.decide(stories.book(NEW), stories.book(OTHER))
    assert [reply.reason for reply in replies] == ["full", "full"]


async def test_a_hold_that_ran_out_is_no_seat_to_move_to(two: tuple[Play, Play]) -> None:
    first, second = two
    pair, held = await a_pair_with_holds(first)
    await first.connection.execute(
        "UPDATE place SET expires_at = clock_timestamp() WHERE expires_at IS NOT NULL"
    )
    [taken] = await second.decide(stories.book(NEW))

    [refused] = await first.decide(stories.move(pair, NEW, OTHER, hold_ids=tuple(held)))

    assert isinstance(taken, PlacesBooked)
    assert (refused.reason, refused.slot_id) == ("full", NEW)


async def test_if_holds_stayed_with_the_move_the_counts_would_not_fit_and_are_not_written(
    two: tuple[Play, Play], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = two
    pair, held = await a_pair_with_holds(first)
    sound = moves.counts_of
    monkeypatch.setattr(
        moves, "counts_of", lambda i, held, booked: sound(i, held={}, booked=booked)
    )

    [failed] = await first.decide(stories.move(pair, NEW, OTHER, hold_ids=tuple(held)))

    assert failed.reason == "failed"
    rows = await first.connection.fetch("SELECT held, booked FROM slot ORDER BY held")
    assert [tuple(row) for row in rows] == [(0, 1), (0, 1), (1, 0), (1, 0)]
    await first.connection.execute("ALTER TABLE slot DROP CONSTRAINT never_overbooked")
    [moved] = await first.decide(stories.move(pair, NEW, OTHER, hold_ids=tuple(held)))
    assert isinstance(moved, BookingMoved)
    assert await first.connection.fetchval("SELECT max(held + booked - capacity) FROM slot") == 1
