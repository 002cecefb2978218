"""How far is it, which clinics come first, and which slot is nearest to one that is taken?"""

from datetime import timedelta
from math import inf
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.slots.availability import alternatives, nearest
from services.slots.availability.alternatives import Alternatives
from services.slots.availability.distance import Map, kilometres
from services.slots.availability.orders import Orders
from services.slots.availability.records import About, Slot, microseconds
from shared.messages import Alternative
from tests import stories
from tests.boards import HOUR, NINE, NOW_US, Wall
from tests.stories import an_id

RED_SQUARE = (55.7539, 37.6208)
NEVSKY = (59.9343, 30.3351)
SECOND_US = 1_000_000

points = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


# ---- distance ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        (RED_SQUARE, NEVSKY, 634),
        ((0, 0), (0, 180), 20015),
        ((90, 0), (-90, 77), 20015),
        ((0, 179.5), (0, -179.5), 111),
        (RED_SQUARE, RED_SQUARE, 0),
    ],
)
def test_distances_are_as_the_crow_flies(one: Any, other: Any, km: float) -> None:
    assert kilometres(one, other) == pytest.approx(km, abs=1)


@given(one=points, other=points, third=points)
def test_there_and_back_is_the_same_and_a_detour_is_never_shorter(
    one: Any, other: Any, third: Any
) -> None:
    there = kilometres(one, other)

    assert there == pytest.approx(kilometres(other, one), abs=1e-6)
    assert there <= kilometres(one, third) + kilometres(third, other) + 1e-3
    assert 0 <= there <= 20_016


def test_the_nearest_clinics_come_first_and_those_that_are_nobody_knows_where_last() -> None:
    wall = Wall()
    wall.clinic("nowhere")
    wall.clinic("Petersburg", at=NEVSKY)
    wall.clinic("Moscow", at=RED_SQUARE)

    order = list(Orders(wall.board).by_distance(RED_SQUARE, None))

    assert [found.clinic.name for found in order] == ["Moscow", "Petersburg", "nowhere"]
    assert (order[0].km, order[2].km, order[2].key[0]) == (0.0, None, inf)


@given(
    clinics=st.lists(points, min_size=1, max_size=60),
    same=st.lists(st.integers(0, 59), max_size=10),
    here=points,
    shown=st.integers(0, 70),
)
@settings(max_examples=150, deadline=None)
def test_the_tree_finds_the_order_that_measuring_all_distances_finds(
    clinics: Any, same: Any, here: Any, shown: int
) -> None:
    wall = Wall()
    wall.clinic("nowhere")
    at = [*clinics, *(clinics[n % len(clinics)] for n in same)]
    for n, point in enumerate(at):
        wall.clinic(f"clinic {n}", at=point)

    orders = Orders(wall.board)
    order = list(orders.by_distance(here, None))

    measured = sorted(kilometres(here, point) for point in at)
    assert [found.km for found in order[:-1]] == pytest.approx(measured, abs=1e-6)
    assert order[-1].km is None
    assert [found.key for found in order] == sorted(found.key for found in order)
    assert len({found.clinic.id for found in order}) == len(at) + 1
    behind = order[min(shown, len(order) - 1)]
    assert list(orders.by_distance(here, behind.key)) == order[order.index(behind) + 1 :]


def test_an_order_goes_on_behind_what_was_shown_and_knows_new_clinics() -> None:
    wall = Wall()
    for name in ("a", "b", "c"):
        wall.clinic(name)
    orders = Orders(wall.board)
    _, shown, _ = orders.by_name(None)

    wall.clinic("bb")
    rest = orders.by_name(shown.key)

    assert [found.clinic.name for found in rest] == ["bb", "c"]


# ---- the nearest slots ---------------------------------------------------------------------------

KM_NORTH = 1 / 111.195
"""So many degrees of latitude are a kilometre."""


def town(*km: float) -> Wall:
    """Clinics so many kilometres north of `clinic 0`, where the slot `wanted` is full."""
    wall = Wall()
    for n, distance in enumerate((0.0, *km)):
        wall.clinic(f"clinic {n}", at=(55.0 + distance * KM_NORTH, 37.0))
    wall.slot("wanted", "clinic 0", booked=1)
    return wall


def near(wall: Wall, *, seats: int = 1, now_us: int = NOW_US, count: int = 12) -> list[UUID]:
    """What is nearest to `wanted`."""
    board, slot = wall.board, wall["wanted"]
    shops = nearest.shops_near(board, Map(board.clinics.values()), board.sheets[slot.sheet])
    found = nearest.nearest(board, slot, shops, seats=seats, now_us=now_us, count=count)
    return [UUID(bytes=slot.id) for slot in found]


def test_half_an_hour_later_here_is_as_near_as_ten_kilometres() -> None:
    wall = town(9.9, 10.1)
    wall.slot("half an hour later", "clinic 0", NINE + HOUR / 2)
    wall.slot("nearer", "clinic 1")
    wall.slot("further", "clinic 2")

    assert near(wall) == [an_id("nearer"), an_id("half an hour later"), an_id("further")]


def test_earlier_and_later_days_are_looked_at_but_not_the_past_nor_weeks_away() -> None:
    wall = town()
    wall.slot("begun", "clinic 0", NINE - 22 * HOUR)
    wall.slot("today", "clinic 0", NINE - 20 * HOUR)
    wall.slot("next day", "clinic 0", NINE + 24 * HOUR)
    wall.slot("next month", "clinic 0", NINE + timedelta(days=30))
    now_us = microseconds(NINE - 22 * HOUR)

    assert near(wall, now_us=now_us) == [an_id("today"), an_id("next day")]


@pytest.mark.parametrize(
    ("about", "is_told"),
    [
        ({}, True),
        ({"capacity": 3, "booked": 2}, True),
        ({"capacity": 3, "booked": 2, "held": 1}, False),
        ({"open": False}, False),
        ({"service": "vaccination"}, False),
        ({"product": "A"}, True),
        ({"dose": 2}, True),
    ],
)
def test_only_what_one_could_have_instead_is_told(about: dict[str, Any], is_told: bool) -> None:
    wall = town()
    wall.slot("other", "clinic 0", NINE + HOUR, **about)

    assert near(wall) == ([an_id("other")] if is_told else [])


def test_who_wants_a_product_and_a_dose_is_told_of_the_same() -> None:
    wall = Wall()
    wall.clinic("clinic 0")
    wall.slot("wanted", "clinic 0", booked=1, product="A", dose=2)
    for n, (product, dose) in enumerate([("A", 1), ("B", 2), ("A", 2), ("", None)]):
        wall.slot(
            f"{product} {dose}", "clinic 0", NINE + (n + 1) * HOUR, product=product, dose=dose
        )

    assert near(wall) == [an_id("A 2")]


@pytest.mark.parametrize(
    ("about", "is_told"),
    [
        (About(practitioner_id=an_id("another doctor"), asks_for="referral"), True),
        (About(practitioner_id=an_id("another doctor"), asks_for="attachment"), False),
        (About(practitioner_id=an_id("another doctor")), True),
        (About("virtual", an_id("the doctor")), False),
        (About(resource="room"), False),
        (About(), False),
    ],
)
def test_who_wants_a_doctor_is_told_of_doctors_who_ask_for_no_other_paper(
    about: About, is_told: bool
) -> None:
    wall = Wall()
    wall.clinic("clinic 0")
    doctor = About(practitioner_id=an_id("the doctor"), asks_for="referral")
    wall.slot("wanted", "clinic 0", booked=1, about=doctor)
    wall.slot("other", "clinic 0", NINE + HOUR, about=about)

    assert near(wall) == ([an_id("other")] if is_told else [])


def test_a_family_of_two_is_told_where_there_are_two_seats() -> None:
    wall = town()
    wall.slot("one seat", "clinic 0", NINE + HOUR)
    wall.slot("two seats", "clinic 0", NINE + 2 * HOUR, capacity=2)

    assert near(wall, seats=2) == [an_id("two seats")]


def test_a_clinic_that_is_nobody_knows_where_is_only_near_itself() -> None:
    wall = Wall()
    wall.clinic("clinic 0")
    wall.clinic("clinic 1", at=RED_SQUARE)
    wall.slot("wanted", "clinic 0", booked=1)
    wall.slot("here", "clinic 0", NINE + HOUR)
    wall.slot("there", "clinic 1")

    assert near(wall) == [an_id("here")]


def test_a_search_ends_though_there_is_nothing_to_find(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "LOOKED_AT_MAX", 3)
    wall = town()
    for n in range(1, 5):
        wall.slot(f"full {n}", "clinic 0", NINE + n * HOUR, booked=1)
    wall.slot("free", "clinic 0", NINE + 6 * HOUR)

    assert near(wall) == []


slots = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(-8 * 24, 8 * 24),
        st.integers(0, 2),
        st.booleans(),
        st.sampled_from(["", "A", "B"]),
    ),
    max_size=25,
)


@given(slots=slots, km=st.tuples(*[st.floats(0, 60)] * 3), seats=st.integers(1, 2), data=st.data())
@settings(max_examples=200, deadline=None)
def test_what_is_told_is_what_somebody_finds_who_looks_at_everything(
    slots: Any, km: Any, seats: int, data: Any
) -> None:
    wall = town(*km)
    now_us = microseconds(NINE) + data.draw(st.integers(-200, 200)) * 3600 * SECOND_US
    for n, (clinic, hours, booked, is_open, product) in enumerate(slots):
        about = {"capacity": 2, "booked": booked, "open": is_open, "product": product}
        wall.slot(f"slot {n}", f"clinic {clinic}", NINE + hours * HOUR, **about)
    wanted, board = wall["wanted"], wall.board

    def cost(slot: Slot) -> float:
        clinic = board.sheets[slot.sheet].clinic
        away = kilometres((55.0, 37.0), (clinic.latitude or 0, clinic.longitude or 0))
        minutes = abs(slot.starts_us - wanted.starts_us) / (60 * SECOND_US)
        return minutes + nearest.MINUTES_PER_KM * away

    told = [board.slots[slot_id.bytes] for slot_id in near(wall, seats=seats, now_us=now_us)]

    days = range(NINE.toordinal() - nearest.DAYS_MAX, NINE.toordinal() + nearest.DAYS_MAX + 1)
    fit = [
        slot
        for slot in board.slots.values()
        if slot is not wanted
        and slot.open
        and slot.free >= seats
        and slot.starts_us > now_us
        and board.sheets[slot.sheet].day in days
    ]
    assert [cost(slot) for slot in told] == pytest.approx(sorted(map(cost, fit))[:12])
    assert len(set(map(id, told))) == len(told)


# ---- what is told to whom ------------------------------------------------------------------------


class Clock:
    """A time that stands until it is moved."""

    def __init__(self) -> None:
        self.us = NOW_US

    def now_us(self) -> int:
        return self.us


@pytest.fixture
def wall() -> Wall:
    """A full slot, and fifteen free ones behind it, a minute apart."""
    made = town()
    for n in range(15):
        made.slot(f"free {n}", "clinic 0", NINE + (n + 1) * timedelta(minutes=1), capacity=2)
    return made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told(wall: Wall, clock: Clock) -> Alternatives:
    return Alternatives(lambda: wall.board, clock.now_us)


def ask(told: Alternatives, *slots: str, nth: int = 0) -> list[Alternative]:
    """What is told to who wanted these slots and found `wanted` full."""
    wish = stories.book(*(an_id(name) for name in slots or ("wanted",)), id=UUID(int=nth))
    return list(told.near(wish, an_id("wanted")))


def test_everybody_is_told_three_of_the_nearest_dozen_and_not_everybody_the_same(
    told: Alternatives,
) -> None:
    dozen = {an_id(f"free {n}") for n in range(12)}

    answers = [ask(told, nth=nth) for nth in range(12)]

    assert {len(answer) for answer in answers} == {3}
    assert {one.slot_id for answer in answers for one in answer} == dozen
    assert len({tuple(one.slot_id for one in answer) for answer in answers}) == 12
    for answer in answers:
        assert answer == sorted(answer, key=lambda one: one.starts_at)


def test_what_is_told_is_as_it_is_now_though_it_was_found_before(
    told: Alternatives, wall: Wall
) -> None:
    before = ask(told)
    wall.count("free 0", booked=2)
    wall.count("free 1", booked=1)

    after_it = ask(told)

    assert [one.slot_id for one in before] == [an_id(f"free {n}") for n in (0, 1, 2)]
    assert [(one.slot_id, one.free) for one in after_it] == [
        (an_id("free 1"), 1),
        (an_id("free 2"), 2),
        (an_id("free 3"), 2),
    ]


def test_a_slot_that_has_begun_meanwhile_is_not_told(told: Alternatives, clock: Clock) -> None:
    ask(told)

    clock.us = microseconds(NINE) + 60 * SECOND_US
    later = ask(told)

    assert an_id("free 0") not in {one.slot_id for one in later}


def test_what_one_wants_anyway_is_no_alternative(told: Alternatives) -> None:
    assert an_id("free 0") not in {one.slot_id for one in ask(told, "wanted", "free 0")}


def test_who_wants_two_seats_there_is_told_where_there_are_two(
    told: Alternatives, wall: Wall
) -> None:
    wall.count("free 0", booked=1)

    family = ask(told, "wanted", "wanted")

    assert [one.slot_id for one in family] == [an_id(f"free {n}") for n in (1, 2, 3)]


def test_one_search_serves_everybody_for_a_moment(
    told: Alternatives, wall: Wall, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(told)
    wall.slot("new", "clinic 0", NINE + timedelta(seconds=1))
    monkeypatch.setattr(alternatives, "SEARCHES_PER_SECOND_MAX", 0)
    clock.us += alternatives.FRESH_US
    old = ask(told)

    monkeypatch.undo()
    fresh = ask(told)

    assert (old[0].slot_id, fresh[0].slot_id) == (an_id("free 0"), an_id("new"))


def test_too_many_searches_are_not_made(
    told: Alternatives, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alternatives, "SEARCHES_PER_SECOND_MAX", 0)

    assert ask(told) == []


def test_what_is_kept_of_searches_is_bounded(
    told: Alternatives, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alternatives, "KEPT_MAX", 2)
    for n in range(5):
        told.near(stories.book(an_id(f"free {n}")), an_id(f"free {n}"))

    assert len(told._found) <= 2


@pytest.mark.parametrize("board", [None, Wall().board])
def test_where_nothing_is_known_of_the_slot_nothing_is_told(board: Any) -> None:
    nobody = Alternatives(lambda: board, lambda: NOW_US)

    assert ask(nobody) == []


def test_advice_that_goes_wrong_is_not_given_and_harms_nobody() -> None:
    def broken() -> int:
        raise RuntimeError("no clock")

    wall = town()

    assert ask(Alternatives(lambda: wall.board, broken)) == []


def test_a_copy_that_was_loaded_anew_is_the_one_that_is_asked(clock: Clock, wall: Wall) -> None:
    walls = [wall]
    told = Alternatives(lambda: walls[-1].board, clock.now_us)
    ask(told)

    walls.append(town())

    assert ask(told) == []
