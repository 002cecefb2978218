"""A clinic takes back that a dose was missed, just as it is booked anew. Which is it?"""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from shared.messages import BookingCancelled, BookingRestored
from tests import stories
from tests.races.test_slots_races import begin
from tests.referees import Play, play
from tests.stories import a_claim, an_id

MONDAY, TUESDAY = an_id("Monday"), an_id("Tuesday")
DOSE = (a_claim("dose 1"),)


@pytest.fixture
async def two(slots_dsn: str) -> AsyncIterator[tuple[Play, Play]]:
    """Two referees, each with a partition of its own, over the same slots."""
    first, second = await play(slots_dsn, 0), await play(slots_dsn, 1)
    await first.decide(
        stories.open_clinic(), stories.open_slot(MONDAY, 2), stories.open_slot(TUESDAY, 2)
    )
    yield first, second
    await first.connection.close()
    await second.connection.close()


async def missed(referee: Play) -> UUID:
    """Somebody was booked on Monday, which is over, and did not come."""
    wish = stories.book(MONDAY, claims=DOSE)
    await referee.decide(wish)
    await referee.connection.execute(
        "UPDATE slot SET starts_at = now() - interval '2 h', ends_at = now() - interval '1 h' "
        "WHERE id = $1",
        MONDAY,
    )
    [said] = await referee.decide(stories.cancel(wish.id, missed=True))
    assert isinstance(said, BookingCancelled)
    return wish.id


async def test_what_was_missed_is_remembered_as_nobody_s_and_taken_back_whole(
    two: tuple[Play, Play],
) -> None:
    first, _ = two
    booking_id = await missed(first)
    ask = "SELECT id, state, claim, version FROM place"
    before = await first.connection.fetchrow(ask)
    counted = await first.connection.fetchval("SELECT booked FROM slot WHERE id = $1", MONDAY)

    back = stories.restore(booking_id, MONDAY, claims=DOSE)
    [restored] = await first.decide(back)
    [again] = await first.decide(back)

    after = await first.connection.fetchrow(ask)
    assert isinstance(restored, BookingRestored)
    assert again == restored
    assert (before["state"], before["claim"], counted) == ("missed", None, 0)
    assert tuple(after) == (before["id"], "booked", DOSE[0], 3)
    assert await first.connection.fetchval("SELECT booked FROM slot WHERE id = $1", MONDAY) == 1


async def test_of_taking_it_back_and_booking_it_anew_at_once_the_later_is_refused(
    two: tuple[Play, Play],
) -> None:
    first, second = two
    booking_id = await missed(first)
    finish = await begin(second, stories.book(TUESDAY, claims=DOSE))
    taking = asyncio.create_task(first.decide(stories.restore(booking_id, MONDAY, claims=DOSE)))
    await asyncio.sleep(0.1)

    await finish()
    [refused] = await taking

    assert refused.reason == "claim_taken"
    assert await first.connection.fetchval("SELECT count(claim) FROM place") == 1


async def test_without_the_index_somebody_has_the_dose_twice(two: tuple[Play, Play]) -> None:
    first, second = two
    booking_id = await missed(first)
    await first.connection.execute("DROP INDEX one_live_place_per_claim")
    finish = await begin(second, stories.book(TUESDAY, claims=DOSE))

    [restored] = await first.decide(stories.restore(booking_id, MONDAY, claims=DOSE))
    await finish()

    assert isinstance(restored, BookingRestored)
    assert await first.connection.fetchval("SELECT count(claim) FROM place") == 2
