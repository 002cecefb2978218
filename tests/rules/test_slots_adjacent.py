"""Which seats can several people have together? Compared with trying out every set there is."""

from datetime import timedelta
from itertools import combinations
from typing import Any, NamedTuple
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.slots.availability import adjacent
from services.slots.availability.adjacent import (
    Looks,
    Party,
    Stretch,
    Together,
    adjacent_sets,
    stretches_of,
)
from services.slots.availability.orders import Orders
from services.slots.availability.records import microseconds
from shared.messages import PLACES_MAX
from tests.boards import HOUR, NINE, NOW_US, VISIT, Wall
from tests.stories import an_id

MINUTE = timedelta(minutes=1)
HERE = (55.0, 37.0)
KM_NORTH = 1 / 111.195
"""So many degrees of latitude are a kilometre."""

TODAY = NINE.date().toordinal()


def sets(
    wall: Wall, people: int, *, gap: int = 15, looks: Looks | None = None, **about: Any
) -> Any:
    """All there are near `HERE`, in the coming week."""
    party = Party(people, VISIT, gap, **about)
    found = Orders(wall.board).by_distance(HERE, None)
    stretches = (
        Stretch(one.km, shelf, range(TODAY, TODAY + 7))
        for one, shelf in stretches_of(found, wall.board.shelves, party)
    )
    return list(adjacent_sets(stretches, party, looks or Looks(), now_us=NOW_US))


def told(found: list[Together]) -> list[list[tuple[UUID, int]]]:
    """The seats of each set: in which slot, and how many."""
    return [[(UUID(bytes=one.slot.id), one.number) for one in each.seats] for each in found]


def a_clinic(**slots: dict[str, Any]) -> Wall:
    """One clinic with these slots, each so many minutes after nine."""
    wall = Wall()
    wall.clinic("clinic", at=HERE)
    for name, about in slots.items():
        wall.slot(name, "clinic", NINE + about.pop("at", 0) * MINUTE, **about)
    return wall


def test_a_slot_for_several_is_one_set_and_slots_one_after_the_other_are_one_too() -> None:
    wall = a_clinic(wide={"capacity": 3}, hour={"at": 60}, later={"at": 120})

    assert told(sets(wall, 3)) == [
        [(an_id("wide"), 3)],
    ]
    assert told(sets(wall, 2)) == [[(an_id("wide"), 2)], [(an_id("hour"), 1), (an_id("later"), 1)]]


def test_two_doctors_at_the_same_time_see_two_of_a_family() -> None:
    wall = a_clinic(one={}, other={})

    [found] = told(sets(wall, 2))

    assert set(found) == {(an_id("one"), 1), (an_id("other"), 1)}


def test_nobody_waits_longer_than_the_gap_for_who_comes_next() -> None:
    wall = a_clinic(first={}, second={"at": 75}, third={"at": 151})

    assert told(sets(wall, 2, gap=15)) == [[(an_id("first"), 1), (an_id("second"), 1)]]
    assert told(sets(wall, 3, gap=15)) == []
    assert len(sets(wall, 3, gap=16)) == 1


def test_what_is_taken_shut_or_past_and_another_dose_are_no_seats() -> None:
    wall = a_clinic(
        taken={"booked": 1},
        held={"held": 1},
        shut={"open": False},
        second={"dose": 2},
        other={"product": "Product No. 2"},
        free={"dose": 1, "product": "Product No. 1"},
    )
    wall.slot("past", "clinic", NINE - timedelta(days=1), now_us=0)

    assert told(sets(wall, 1, product="Product No. 1", dose=1)) == [[(an_id("free"), 1)]]
    assert told(sets(wall, 2, product="Product No. 1", dose=1)) == []
    assert len(told(sets(wall, 3))) == 1


def test_ten_kilometres_are_as_far_as_half_an_hour() -> None:
    wall = Wall()
    for name, km in (("near", 0.0), ("far", 9.9), ("further", 10.1)):
        wall.clinic(name, at=(HERE[0] + km * KM_NORTH, HERE[1]))
    wall.slot("half past nine", "near", NINE + HOUR / 2, capacity=2)
    for name in ("far", "further"):
        wall.slot(f"nine {name}", name, capacity=2)

    assert [each.clinic.name for each in sets(wall, 2)] == ["far", "near", "further"]


def test_a_search_has_an_end_and_says_that_it_did_not_see_all() -> None:
    wall = a_clinic(**{f"s{n}": {"at": n * 5} for n in range(100)})
    wall.slot("next day", "clinic", NINE + 24 * HOUR, capacity=2)
    few, many = Looks(50), Looks()

    assert len(sets(wall, 2, looks=few)) < len(sets(wall, 2, looks=many))
    assert (few.left > 0, many.left > 0) == (False, True)


# ---- beside a model ------------------------------------------------------------------------------


class Plain(NamedTuple):
    """A slot as the model sees it: minutes and seats."""

    name: str
    starts: int
    ends: int
    free: int


slots = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 4), st.integers(0, 3)), min_size=1, max_size=8
)


def is_together(chosen: tuple[Plain, ...], gap: int) -> bool:
    """Whether nobody waits longer than the gap, whoever goes where."""
    in_order = sorted(chosen, key=lambda slot: slot.starts)
    return all(
        in_order[n].starts <= max(slot.ends for slot in in_order[:n]) + gap
        for n in range(1, len(in_order))
    )


def by_trying(plain: list[Plain], people: int, gap: int) -> dict[int, int]:
    """For each beginning at which all can have a seat: when the last one begins at the soonest."""
    best: dict[int, int] = {}
    free = [slot for slot in plain if slot.free]
    for size in range(1, len(free) + 1):
        for chosen in combinations(free, size):
            if sum(slot.free for slot in chosen) >= people and is_together(chosen, gap):
                first = min(slot.starts for slot in chosen)
                last = max(slot.starts for slot in chosen)
                best[first] = min(best.get(first, last), last)
    return best


@given(given_slots=slots, people=st.integers(1, PLACES_MAX), gap=st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_what_trying_out_every_set_finds_is_found_and_nothing_else(
    given_slots: list[tuple[int, int, int]], people: int, gap: int
) -> None:
    plain = [
        Plain(f"slot {n}", at * 10, (at + length) * 10, free)
        for n, (at, length, free) in enumerate(given_slots)
    ]
    wall = Wall()
    wall.clinic("clinic", at=HERE)
    for slot in plain:
        wall.slot(slot.name, "clinic", NINE + slot.starts * MINUTE, capacity=5)
        kept = wall[slot.name]
        kept.ends_us = microseconds(NINE + slot.ends * MINUTE)
        wall.count(slot.name, booked=5 - slot.free)
    by_id = {an_id(slot.name): slot for slot in plain}

    found = sets(wall, people, gap=gap * 10)

    seen = [[(by_id[slot_id], seats) for slot_id, seats in each] for each in told(found)]
    for each in seen:
        assert sum(seats for _, seats in each) == people
        assert all(0 < seats <= slot.free for slot, seats in each)
        assert is_together(tuple(slot for slot, _ in each), gap * 10)
    said = {each[0][0].starts: each[-1][0].starts for each in seen}
    assert said == by_trying(plain, people, gap * 10)
    assert [each.cost for each in found] == sorted(each.cost for each in found)


def test_the_longest_search_looks_at_no_more_than_it_may() -> None:
    assert Looks().left == adjacent.LOOKED_AT_MAX
