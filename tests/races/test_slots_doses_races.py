"""What keeps a second dose's place for a second dose: a rule, and what if that were not so?"""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from services.slots.rules import bookings
from shared.messages import BookingMoved, PlacesBooked, PlaceWish
from tests import stories
from tests.referees import Play, play
from tests.stories import an_id

FIRST, SECOND, EITHER = an_id("for first doses"), an_id("for second doses"), an_id("for either")


@pytest.fixture
async def referee(slots_dsn: str) -> AsyncIterator[Play]:
    """A clinic with eight places for first doses, four for second ones, and one for either."""
    playing = await play(slots_dsn, 0)
    await playing.decide(stories.open_clinic())
    await playing.decide(
        stories.open_slot(FIRST, 8, dose=1),
        stories.open_slot(SECOND, 4, dose=2),
        stories.open_slot(EITHER, 1),
    )
    yield playing
    await playing.connection.close()


def seats(command: Any, *wanted: tuple[UUID, int | None]) -> Any:
    """The command for these slots, each for a dose."""
    return replace(command, places=tuple(PlaceWish(slot_id=s, dose=dose) for s, dose in wanted))


async def doses(referee: Play) -> dict[UUID, int]:
    """What is written down, by slot; each has one seat at most in these tests."""
    rows = await referee.connection.fetch("SELECT * FROM place_dose")
    return {row["slot_id"]: row["dose"] for row in rows}


async def test_places_for_one_dose_are_not_used_up_by_another(referee: Play) -> None:
    crowd = [seats(stories.book(SECOND), (SECOND, dose)) for dose in (1, None, 1, None, 1)]

    refused = await referee.decide(*crowd)
    both = await referee.decide(seats(stories.book(FIRST), (FIRST, 1), (SECOND, 2)))

    assert {reply.reason for reply in refused} == {"other_dose"}
    assert isinstance(both[0], PlacesBooked)
    booked = await referee.connection.fetch("SELECT id, booked FROM slot")
    assert {row["id"]: row["booked"] for row in booked} == {FIRST: 1, SECOND: 1, EITHER: 0}
    assert await doses(referee) == {FIRST: 1, SECOND: 2}


async def test_it_is_written_down_as_long_as_somebody_is_there(referee: Play) -> None:
    held = stories.hold(SECOND)
    await referee.decide(held)
    before = await doses(referee)
    confirm = stories.confirm(held.id, SECOND)
    wrong, right = await referee.decide(
        seats(confirm, (SECOND, None)), seats(stories.confirm(held.id, SECOND), (SECOND, 2))
    )
    confirmed = await doses(referee)

    [moved] = await referee.decide(seats(stories.move(held.id, EITHER), (EITHER, 2)))
    gone = await doses(referee)
    await referee.decide(seats(stories.move(held.id, SECOND), (SECOND, 2)))
    back = await doses(referee)
    await referee.decide(stories.cancel(held.id))

    assert (wrong.reason, type(right), type(moved)) == ("other_dose", PlacesBooked, BookingMoved)
    assert (before, confirmed, gone, back) == ({}, {SECOND: 2}, {}, {SECOND: 2})
    assert await doses(referee) == {}


async def test_without_the_rule_the_constraint_lets_nobody_in(
    referee: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bookings, "_is_other", lambda *about: False)

    wrong = await referee.decide(seats(stories.book(SECOND), (SECOND, 1)))
    right = await referee.decide(seats(stories.book(FIRST), (FIRST, 1)))

    assert (wrong[0].reason, type(right[0])) == ("failed", PlacesBooked)
    assert await doses(referee) == {FIRST: 1}
    assert await referee.connection.fetchval("SELECT booked FROM slot WHERE id = $1", SECOND) == 0


async def test_without_the_constraint_too_first_doses_use_up_the_second_s_places(
    referee: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bookings, "_is_other", lambda *about: False)
    await referee.connection.execute(
        "ALTER TABLE place_dose DROP CONSTRAINT only_the_dose_that_the_slot_is_for"
    )

    replies = await referee.decide(*(seats(stories.book(SECOND), (SECOND, 1)) for _ in range(4)))
    late = await referee.decide(seats(stories.book(SECOND), (SECOND, 2)))

    assert {type(reply) for reply in replies} == {PlacesBooked}
    assert late[0].reason == "full"


async def test_a_slot_for_either_dose_writes_nothing_more(referee: Play) -> None:
    asked: list[str] = []
    referee.connection.add_query_logger(lambda query: asked.append(query.query))

    await referee.decide(stories.book(EITHER))

    assert [query for query in asked if "place_dose" in query] == []
    assert any("INSERT INTO place" in query for query in asked)
