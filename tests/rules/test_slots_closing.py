"""When does closing slots need a second person?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.slots.rules.closing import Alone, Found, needs_another, people_in, to_shut
from tests.stories import an_id

ALONE = Alone(slots_max=100, people_max=50)


@pytest.mark.parametrize(
    ("slots", "people", "another"),
    [
        (100, 50, False),
        (101, 0, True),
        (2, 51, True),
        (1, 10_000, False),
        (0, 0, False),
    ],
)
def test_many_slots_or_many_people_are_two_persons_and_a_single_slot_is_one(
    slots: int, people: int, another: bool
):
    assert needs_another(slots, people, ALONE) is another


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5))), st.booleans())
def test_what_is_shut_already_is_left_out_unless_somebody_is_to_be_cancelled_there(
    day: list[tuple[bool, int]], cancel: bool
):
    found = [Found(an_id(f"slot {n}"), *about) for n, about in enumerate(day)]

    meant = to_shut(found, cancel_bookings=cancel)

    expected = [slot for slot in found if slot.open]
    if cancel:
        expected += [slot for slot in found if not slot.open and slot.booked]
        assert people_in(meant) == people_in(found)
    assert sorted(meant) == sorted(expected)
