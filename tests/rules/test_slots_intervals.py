"""Which slots are told to whoever moves a dose too near to the other, or too far from it?"""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.slots.availability.alternatives import Alternatives
from services.slots.availability.intervals import window_of
from services.slots.availability.records import microseconds
from shared.messages import Apart, MovePlaces
from tests import stories
from tests.boards import NINE, NOW_US, Wall
from tests.stories import NOON, an_id

DAY = timedelta(days=1)
HERE, NEAR, FAR = (55.75, 37.62), (55.76, 37.62), (55.95, 37.62)
APART = Apart(min_days=21, max_days=28)


def a_wall() -> Wall:
    """The first dose moves to a day after which the booked second one comes too soon."""
    wall = Wall()
    for name, at in (("here", HERE), ("near", NEAR), ("far", FAR)):
        wall.clinic(name, at=at)
    wall.slot("first", "here", NINE + 10 * DAY, dose=1)
    wall.slot("second", "here", NINE + 22 * DAY, dose=2, booked=1)
    return wall


def a_move(first: str = "first", second: str = "second") -> MovePlaces:
    return stories.move(an_id("pair"), an_id(first), an_id(second), doses=(1, 2), apart=APART)


def told(wall: Wall, slot: str, move: MovePlaces | None = None) -> list[UUID]:
    alternatives = Alternatives(lambda: wall.board, lambda: NOW_US)
    return [a.slot_id for a in alternatives.near(move or a_move(), an_id(slot))]


def test_second_doses_are_told_that_fit_the_new_first_one_the_nearest_first() -> None:
    wall = a_wall()
    wall.slot("too soon", "here", NINE + 30 * DAY, dose=2)
    wall.slot("fits", "here", NINE + 32 * DAY, dose=2)
    wall.slot("sooner", "near", NINE + 31 * DAY, dose=2)
    wall.slot("last", "far", NINE + 38 * DAY, dose=2)
    wall.slot("too late", "here", NINE + 39 * DAY, dose=2)
    wall.slot("a first dose", "here", NINE + 32 * DAY, dose=1)
    wall.slot("full", "here", NINE + 31 * DAY, dose=2, booked=1)

    assert told(wall, "second") == [an_id("sooner"), an_id("fits"), an_id("last")]


def test_a_first_dose_that_is_full_is_told_others_that_fit_the_second() -> None:
    wall = a_wall()
    wall.slot("too near the second", "here", NINE + 2 * DAY, dose=1)
    wall.slot("fits", "here", NINE + DAY, dose=1)

    assert told(wall, "first") == [an_id("fits")]


def test_for_a_family_in_one_slot_there_are_seats_for_all() -> None:
    wall = a_wall()
    wall.slot("for one", "here", NINE + 31 * DAY, dose=2)
    wall.slot("for two", "here", NINE + 32 * DAY, dose=2, capacity=2)
    one = a_move()
    other = stories.move(an_id("pair"), an_id("first"), an_id("second"), doses=(1, 2))
    people = [(place, an_id("Alice")) for place in one.places]
    people += [(place, an_id("Boris")) for place in other.places]
    places = tuple(stories.replace(place, patient_id=who) for place, who in people)

    assert told(wall, "second", stories.replace(one, places=places)) == [an_id("for two")]


@given(
    st.integers(-60 * 24, 60 * 24),
    st.integers(0, 40),
    st.integers(0, 20),
    st.booleans(),
)
def test_a_window_has_what_the_interval_allows_and_nothing_else(
    hours: int, low: int, more: int, is_later: bool
) -> None:
    apart = Apart(min_days=low, max_days=low + more)
    at = {an_id("other"): NOON, an_id("here"): NOON + timedelta(hours=hours)}
    order = ("other", "here") if is_later else ("here", "other")
    move = stories.move(an_id("pair"), *map(an_id, order), doses=(1, 2), apart=apart)

    window = window_of(move, an_id("here"), lambda slot_id: microseconds(at[slot_id]))

    assert window is not None
    gap_hours = hours if is_later else -hours
    days = (gap_hours + 12) // 24
    is_in = window.begins_us <= microseconds(at[an_id("here")]) < window.ends_us
    assert is_in == (low <= days <= low + more) == apart.allows(timedelta(hours=gap_hours))
