"""Which pairs of doses are shown? Only whole ones, the nearest first, each first dose once."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.slots.availability import series
from services.slots.availability.distance import kilometres
from services.slots.availability.orders import Found, Orders
from services.slots.availability.series import BehindPair, Search, Wish
from shared.messages import Apart
from tests.boards import HOUR, NINE, NOW_US, Wall
from tests.stories import NOON, an_id

DAY = timedelta(days=1)
VACCINE = "sputnik"
HERE = (55.75, 37.62)
PLACES = {"here": HERE, "near": (55.80, 37.62), "far": (56.20, 37.62), "east": (55.75, 38.60)}
ZONES = {"here": "Europe/Moscow", "near": "Europe/Moscow", "far": "Asia/Kamchatka", "east": "UTC"}
THREE_WEEKS = Apart(min_days=21, max_days=28)


@pytest.fixture
def wall() -> Wall:
    """Four clinics, each further than the one before."""
    return a_wall()


def a_wall() -> Wall:
    """Four clinics, each further than the one before, without a slot."""
    made = Wall()
    for name, at in PLACES.items():
        made.clinic(name, at=at, time_zone=ZONES[name])
    return made


def a_dose(wall: Wall, name: str, clinic: str, at: datetime, dose: int | None, **more: Any) -> None:
    """A slot for one dose of the vaccine."""
    wall.slot(name, clinic, at, service="vaccination", product=VACCINE, dose=dose, **more)


def a_search(wall: Wall, order: Iterable[Found] | None = None, **more: Any) -> Search:
    """A look for pairs from here on."""
    asked = {
        "service": "vaccination",
        "product": VACCINE,
        "apart": THREE_WEEKS,
        "last": NINE.toordinal() + 60,
    }
    clinics = order or Orders(wall.board).by_distance(HERE, None)
    return Search(wall.board, Wish(**asked | more), clinics, now_us=NOW_US)


def pairs(wall: Wall, **more: Any) -> list[tuple[UUID, UUID]]:
    """The slots of the pairs that are found."""
    found = a_search(wall, **more).page(100, None).pairs
    return [(UUID(bytes=p.first.slot.id), UUID(bytes=p.second.slot.id)) for p in found]


# ---- what is shown -------------------------------------------------------------------------------


def test_a_first_dose_is_shown_with_its_second(wall: Wall) -> None:
    a_dose(wall, "one", "here", NINE, 1)
    a_dose(wall, "two", "near", NINE + 21 * DAY, 2)

    assert pairs(wall) == [(an_id("one"), an_id("two"))]


def test_a_first_dose_without_a_second_is_not_shown(wall: Wall) -> None:
    a_dose(wall, "one", "here", NINE, 1)
    a_dose(wall, "too soon", "here", NINE + 20 * DAY, 2)
    a_dose(wall, "too late", "here", NINE + 29 * DAY, 2)
    a_dose(wall, "of another product", "here", NINE + 21 * DAY, 2)
    wall["of another product"].product = "other"
    a_dose(wall, "full", "here", NINE + 22 * DAY, 2, booked=1)
    a_dose(wall, "shut", "here", NINE + 23 * DAY, 2, open=False)

    assert pairs(wall) == []


def test_a_pair_is_gone_with_its_last_second_and_comes_back_with_it(wall: Wall) -> None:
    a_dose(wall, "one", "here", NINE, 1)
    a_dose(wall, "two", "here", NINE + 21 * DAY, 2)

    wall.count("two", held=1)
    without = pairs(wall)
    wall.count("two", held=0)

    assert without == []
    assert pairs(wall) == [(an_id("one"), an_id("two"))]


def test_days_are_counted_as_people_count_them(wall: Wall) -> None:
    a_dose(wall, "one", "here", NINE + 6 * HOUR, 1)
    a_dose(wall, "on the twenty-first morning", "here", NINE + 21 * DAY, 2)

    assert pairs(wall) == [(an_id("one"), an_id("on the twenty-first morning"))]


def test_the_second_is_at_the_nearest_clinic_that_has_one_and_there_the_soonest(wall: Wall) -> None:
    a_dose(wall, "one", "here", NINE, 1)
    a_dose(wall, "far and soon", "far", NINE + 21 * DAY, 2)
    a_dose(wall, "near and late", "near", NINE + 23 * DAY, 2)
    a_dose(wall, "near", "near", NINE + 22 * DAY, 2)

    assert pairs(wall) == [(an_id("one"), an_id("near"))]


def test_first_doses_are_told_by_distance_and_then_by_time(wall: Wall) -> None:
    a_dose(wall, "two", "east", NINE + 22 * DAY, 2)
    a_dose(wall, "near", "near", NINE, 1)
    a_dose(wall, "later", "here", NINE + HOUR, 1)
    a_dose(wall, "first", "here", NINE, 1)

    assert [one for one, _ in pairs(wall)] == [an_id("first"), an_id("later"), an_id("near")]


def test_both_doses_at_one_clinic_for_who_wants_that(wall: Wall) -> None:
    a_dose(wall, "one", "here", NINE, 1)
    a_dose(wall, "two", "near", NINE + 21 * DAY, 2)
    a_dose(wall, "one near", "near", NINE, 1)

    assert pairs(wall, same_clinic=True) == [(an_id("one near"), an_id("two"))]


def test_a_slot_that_is_for_any_dose_is_for_either(wall: Wall) -> None:
    a_dose(wall, "one", "here", NINE, None)
    a_dose(wall, "two", "here", NINE + 21 * DAY, None)
    a_dose(wall, "third", "here", NINE + 21 * DAY, 3)

    assert pairs(wall) == [(an_id("one"), an_id("two"))]


def test_what_has_begun_is_no_first_dose(wall: Wall) -> None:
    a_dose(wall, "one", "here", NOON, 1)
    a_dose(wall, "two", "here", NOON + 21 * DAY, 2)

    assert pairs(wall) == []


def test_a_page_that_has_looked_long_enough_says_where_to_go_on(
    wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series, "STEPS_MAX", 1)
    for n in range(5):
        a_dose(wall, f"one {n}", "here", NINE + n * HOUR, 1)
    a_dose(wall, "two", "far", NINE + 21 * DAY, 2)

    pages, behind = [], None
    while not pages or behind is not None:
        page = a_search(wall).page(100, behind)
        pages.append(len(page.pairs))
        behind = page.behind

    assert pages == [1, 1, 1, 1, 1]


def test_clinics_are_looked_at_only_as_far_as_is_needed(wall: Wall) -> None:
    looked_at = []

    def order() -> Iterable[Found]:
        for found in Orders(wall.board).by_distance(HERE, None):
            looked_at.append(found.clinic.name)
            yield found

    for n in range(9):
        a_dose(wall, f"one {n}", "here", NINE + n * HOUR, 1)
    a_dose(wall, "two", "near", NINE + 21 * DAY, 2)

    a_search(wall, order()).page(5, None)

    assert looked_at == ["here", "near"]


# ---- beside somebody who looks at everything ---------------------------------------------------


class Chance(NamedTuple):
    """A slot that may or may not be half of a pair."""

    clinic: str
    hours: int
    dose: int | None
    free: int
    open: bool
    product: str
    service: str


CHANCES = st.builds(
    Chance,
    clinic=st.sampled_from(sorted(PLACES)),
    hours=st.integers(-30, 24 * 12),
    dose=st.sampled_from([None, 1, 2, 3]),
    free=st.integers(0, 1),
    open=st.sampled_from([True, True, True, False]),
    product=st.sampled_from([VACCINE, VACCINE, ""]),
    service=st.sampled_from(["vaccination", "vaccination", "visit"]),
)
ASKED = st.fixed_dictionaries(
    {
        "min_days": st.integers(0, 4),
        "more_days": st.integers(0, 4),
        "same_clinic": st.booleans(),
        "first": st.integers(0, 6),
        "days": st.integers(0, 6),
    }
)


def everything(
    chances: list[Chance], names: list[str], wanted: dict[str, Any]
) -> list[tuple[str, str]]:
    """All pairs, found by trying each slot with each."""
    here: list[Any] = [HERE]
    found = []
    for name, one in zip(names, chances, strict=True):
        at = NOON + timedelta(hours=one.hours)
        day = at.astimezone(_zone(one.clinic)).date().toordinal() - NOON.date().toordinal()
        in_time = at > NOON and wanted["first"] <= day <= wanted["first"] + wanted["days"]
        if not (_had(one) and one.dose in (None, 1) and in_time):
            continue
        seconds = []
        for other_name, other in zip(names, chances, strict=True):
            gap_hours = other.hours - one.hours
            days = (gap_hours + 12) // 24
            if (
                _had(other)
                and other.dose in (None, 2)
                and gap_hours >= 1
                and wanted["min_days"] <= days <= wanted["min_days"] + wanted["more_days"]
                and (other.clinic == one.clinic or not wanted["same_clinic"])
            ):
                km = kilometres(here[0], PLACES[other.clinic])
                seconds.append((km, other.hours, an_id(other_name).bytes, other_name))
        if seconds:
            km = kilometres(here[0], PLACES[one.clinic])
            found.append((km, one.hours, an_id(name).bytes, name, min(seconds)[-1]))
    return [(one, two) for *_, one, two in sorted(found)]


def _had(chance: Chance) -> bool:
    return (
        chance.free > 0
        and chance.open
        and chance.product == VACCINE
        and chance.service == "vaccination"
    )


def _zone(clinic: str) -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(ZONES[clinic])


@settings(max_examples=150, deadline=None)
@given(st.lists(CHANCES, max_size=14), ASKED, st.integers(1, 4), st.data())
def test_all_pairs_are_found_in_their_order_whatever_was_told_before(
    chances: list[Chance], wanted: dict[str, Any], limit: int, data: st.DataObject
) -> None:
    wall, names = a_wall(), [f"slot {n}" for n in range(len(chances))]
    for name, one in zip(names, chances, strict=True):
        wall.slot(
            name,
            one.clinic,
            NOON + timedelta(hours=one.hours),
            service=one.service,
            product=one.product,
            dose=one.dose,
            booked=data.draw(st.integers(0, 1)),
        )
    for name, one in zip(names, chances, strict=True):
        if an_id(name).bytes in wall.board.slots:
            wall.count(name, booked=1 - one.free, open=one.open)

    found = _page_by_page(wall, wanted, limit)

    assert found == everything(chances, names, wanted)


def _page_by_page(wall: Wall, wanted: dict[str, Any], limit: int) -> list[tuple[str, str]]:
    name_of = {an_id(f"slot {n}").bytes: f"slot {n}" for n in range(20)}
    low, first = wanted["min_days"], NOON.date().toordinal() + wanted["first"]
    found: list[tuple[str, str]] = []
    behind: BehindPair | None = None
    while True:
        search = a_search(
            wall,
            apart=Apart(min_days=low, max_days=low + wanted["more_days"]),
            same_clinic=wanted["same_clinic"],
            first=first,
            last=first + wanted["days"],
        )
        page = search.page(limit, behind)
        assert len(page.pairs) <= limit
        found += [(name_of[p.first.slot.id], name_of[p.second.slot.id]) for p in page.pairs]
        behind = page.behind
        if behind is None:
            return found


@settings(max_examples=60, deadline=None)
@given(st.lists(CHANCES, max_size=10), st.integers(-30, 24 * 12))
def test_calendars_say_what_is_free_also_when_days_are_forgotten(
    chances: list[Chance], hours: int
) -> None:
    wall = a_wall()
    for n, one in enumerate(chances):
        at = NOON + timedelta(hours=one.hours)
        about = {"product": one.product, "dose": one.dose, "open": one.open}
        wall.slot(f"slot {n}", one.clinic, at, service=one.service, booked=1 - one.free, **about)
    wall.board.forget(NOW_US + hours * 3_600_000_000, sheets_max=3)

    calendars = wall.board.calendars
    counted: dict[Any, int] = {}
    for slot in wall.board.slots.values():
        sheet = wall.board.sheets[slot.sheet]
        for dose in (1, 2):
            if slot.open and slot.free and slot.dose in (None, dose):
                key = (sheet.service, slot.product, dose), sheet.clinic.id, sheet.day
                counted[key] = counted.get(key, 0) + 1

    kinds = {(s, p, d) for s in ("vaccination", "visit") for p in (VACCINE, "") for d in (1, 2)}
    kept = {
        (kind, clinic_id, day + (calendars.first_day or 0)): free
        for kind in kinds
        for clinic_id, calendar in (calendars.find(kind) or {}).items()
        for day, free in calendar.free.items()
    }
    assert kept == counted
    for kind in kinds:
        for calendar in (calendars.find(kind) or {}).values():
            assert calendar.days == sum(1 << day for day in calendar.free)
