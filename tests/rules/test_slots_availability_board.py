"""What is kept of clinics and slots, for how long, and what is said of a day?"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.slots.availability.days import days_of
from services.slots.availability.records import Zone, as_text, instant, microseconds
from shared.messages import SlotCount
from tests.boards import HOUR, NINE, NOW_US, VISIT, Wall
from tests.stories import NOON, an_id

MIDNIGHT = datetime.fromisoformat("2030-05-16T00:00:00+03:00")
DAY = timedelta(days=1)
TOMORROW = NINE.toordinal()
KINDS = st.sampled_from(sorted(available_timezones()))
INSTANTS = st.integers(microseconds(datetime(2024, 1, 1, tzinfo=UTC)), microseconds(NOON) * 2)


@pytest.fixture
def wall() -> Wall:
    """A clinic in Moscow with three slots tomorrow, the second of which is the first in time."""
    made = Wall()
    made.clinic("here")
    made.slot("late", "here", NINE + 2 * HOUR, capacity=2)
    made.slot("early", "here", NINE)
    made.slot("middle", "here", NINE + HOUR, capacity=3, booked=1, held=1)
    return made


def days(wall: Wall, now_us: int = NOW_US, clinic: str = "here") -> list[Any]:
    """The days of a clinic as they are shown."""
    shelf = wall.board.shelves[an_id(clinic)][VISIT]
    return list(json.loads(b"[%b]" % days_of(shelf, TOMORROW, TOMORROW + 1, now_us=now_us)))


# ---- how much is left ----------------------------------------------------------------------------

COUNTS = st.tuples(st.integers(0, 5), st.integers(0, 2), st.booleans())


@given(
    st.lists(st.tuples(st.integers(0, 72), st.integers(0, 3), COUNTS), min_size=1, max_size=20),
    st.integers(0, 96),
)
def test_what_is_left_is_what_is_free_and_open_and_has_not_begun(
    told: list[tuple[int, int, tuple[int, int, bool]]], hours: int
) -> None:
    wall, model = Wall(), {}
    wall.clinic("here")
    for n, (begins, again, (free, taken, is_open)) in enumerate(told):
        starts = NOON + begins * HOUR
        wall.slot(f"slot {n}", "here", starts, capacity=9)
        for _ in range(again):
            wall.count(f"slot {n}", capacity=free + taken, booked=taken, open=is_open)
        model[n] = (starts, (free if is_open else 0) if again else 9)
    now = NOON + hours * HOUR
    wall.board.forget(microseconds(now), sheets_max=99)

    left = wall.board.left(microseconds(now))

    assert left[VISIT] == sum(free for starts, free in model.values() if starts > now)


# ---- what is kept, and for how long --------------------------------------------------------------


def test_slots_stand_in_the_order_of_their_starts_however_they_came(wall: Wall) -> None:
    [sheet] = wall.board.sheets.values()

    assert [UUID(bytes=slot.id) for slot in sheet.slots] == [
        an_id(name) for name in ("early", "middle", "late")
    ]


def test_the_newest_count_is_the_truth_and_an_older_one_changes_nothing(wall: Wall) -> None:
    wall.count("late", booked=1, version=5)

    wall.count("late", booked=2, version=4)

    assert (wall["late"].booked, wall["late"].version) == (1, 5)


def test_a_count_of_a_slot_nobody_knows_is_not_taken(wall: Wall) -> None:
    count = SlotCount(slot_id=an_id("else"), version=2, capacity=1, held=0, booked=0, open=True)

    assert not wall.board.count(count)


def test_a_slot_that_is_told_of_twice_keeps_what_is_known_of_it(wall: Wall) -> None:
    wall.count("early", booked=1)

    wall.slot("early", "here")

    assert (wall["early"].booked, len(wall.board.slots)) == (1, 3)


def test_a_day_is_kept_to_its_end_at_the_clinic_and_not_longer(wall: Wall) -> None:
    wall.clinic("far", time_zone="Asia/Vladivostok")
    wall.slot("yesterday", "far", datetime.fromisoformat("2030-05-14T23:00:00+10:00"))

    wall.board.forget(microseconds(MIDNIGHT) - 1, sheets_max=9)
    before = len(wall.board.slots)
    wall.board.forget(microseconds(MIDNIGHT), sheets_max=9)

    assert (before, len(wall.board.slots)) == (3, 0)
    assert (wall.board.sheets, wall.board.shelves[an_id("here")]) == ({}, {})


def test_a_slot_of_a_day_that_is_over_is_not_kept(wall: Wall) -> None:
    wall.slot("over", "here", NOON - DAY)
    wall.slot("this morning", "here", NOON - HOUR)

    assert an_id("over").bytes not in wall.board.slots
    assert an_id("this morning").bytes in wall.board.slots


def test_midnight_is_worked_off_in_bites() -> None:
    wall = Wall()
    for n in range(5):
        wall.clinic(f"clinic {n}")
        wall.slot(f"slot {n}", f"clinic {n}")

    left = []
    for _ in range(3):
        wall.board.forget(microseconds(MIDNIGHT), sheets_max=2)
        left.append(len(wall.board.slots))

    assert left == [3, 1, 0]


def test_where_there_is_no_room_a_slot_is_left_out_and_counted() -> None:
    wall = Wall(slots_max=2)
    wall.clinic("here")
    for n in range(4):
        wall.slot(f"slot {n}", "here", NINE + n * HOUR)

    assert (len(wall.board.slots), wall.board.left_out) == (2, 2)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("year", [1, 9998, 9999])
def test_a_slot_at_either_end_of_the_calendar_does_no_harm(year: int, zone: str) -> None:
    wall = Wall()
    wall.clinic("there", time_zone=zone)

    for month, day in ((1, 1), (12, 31)):
        wall.slot(f"{month}", "there", datetime(year, month, day, 11, tzinfo=UTC))

    wall.board.forget(NOW_US, sheets_max=9)
    assert len(wall.board.slots) == (2 if year == 9998 else 0)


def test_a_clinic_in_a_time_zone_nobody_knows_goes_by_utc(wall: Wall) -> None:
    wall.clinic("nowhere", time_zone="Mars/Olympus")
    wall.slot("there", "nowhere", datetime(2030, 5, 15, 23, 30, tzinfo=UTC))

    assert [sheet.day for sheet in wall.board.sheets.values()] == [TOMORROW, TOMORROW]


def test_every_change_has_a_stamp_of_its_own(wall: Wall) -> None:
    [sheet] = wall.board.sheets.values()
    stamps = [sheet.stamp]
    for change in ({"booked": 1}, {"booked": 0}, {"open": False}):
        wall.count("early", **change)
        stamps.append(sheet.stamp)

    assert len(set(stamps)) == 4
    assert wall.board.shelves[an_id("here")][VISIT].stamp == sheet.stamp


def test_a_clinic_of_which_something_else_is_said_keeps_its_slots_and_its_days(wall: Wall) -> None:
    before = wall.board.clinics_stamp

    wall.clinic("here", at=(55.0, 37.0), time_zone="Asia/Tokyo")

    [sheet] = wall.board.sheets.values()
    assert (sheet.clinic.latitude, sheet.clinic.time_zone) == (55.0, "Europe/Moscow")
    assert wall.board.clinics_stamp > before


@given(zone=KINDS, at_us=INSTANTS, other_us=INSTANTS)
@settings(max_examples=300, deadline=None)
def test_an_instant_lies_before_the_end_of_its_day_and_not_before_that_of_the_day_before(
    zone: str, at_us: int, other_us: int
) -> None:
    here = Zone(zone)

    day = here.day_of(at_us)
    here.day_of(other_us)

    assert here.ends_us(day - 1) <= at_us < here.ends_us(day)
    assert here.day_of(at_us) == day


@given(at=st.datetimes(timezones=st.just(UTC)))
def test_what_is_kept_of_an_instant_is_all_of_it_and_what_is_shown_is_never_later(
    at: datetime,
) -> None:
    assert instant(microseconds(at)) == at
    shown = datetime.fromisoformat(as_text(at))
    assert timedelta(0) <= at - shown < timedelta(milliseconds=1)


# ---- what is said of a day -----------------------------------------------------------------------


def test_a_day_says_what_can_still_be_booked(wall: Wall) -> None:
    wall.count("early", held=1)

    assert days(wall) == [
        {
            "date": "2030-05-15",
            "capacity": 6,
            "extra": 0,
            "free": 3,
            "first_free_at": "2030-05-15T07:00:00Z",
        }
    ]


def test_a_slot_that_begins_counts_no_longer_though_nothing_was_told(wall: Wall) -> None:
    just_before = days(wall, microseconds(NINE) - 1)
    at_its_start = days(wall, microseconds(NINE))

    assert just_before[0]["first_free_at"] == "2030-05-15T06:00:00Z"
    assert (just_before[0]["capacity"], at_its_start[0]["capacity"]) == (6, 5)
    assert at_its_start[0]["first_free_at"] == "2030-05-15T07:00:00Z"


def test_a_day_on_which_all_have_begun_is_left_out(wall: Wall) -> None:
    assert days(wall, microseconds(NINE + 2 * HOUR)) == []


def test_a_slot_that_is_shut_does_not_count_and_a_shut_day_is_left_out(wall: Wall) -> None:
    wall.count("middle", open=False)
    one_shut = days(wall)
    wall.count("early", open=False)
    wall.count("late", open=False)

    assert (one_shut[0]["capacity"], one_shut[0]["free"]) == (3, 3)
    assert days(wall) == []


def test_where_all_is_taken_there_is_no_first_free_time(wall: Wall) -> None:
    for name in ("early", "middle", "late"):
        wall.count(name, booked=wall[name].capacity, held=0)

    [day] = days(wall)
    assert (day["capacity"], day["free"], day["first_free_at"]) == (6, 0, None)


def test_a_slot_past_its_cut_off_counts_no_longer_though_nothing_was_told(wall: Wall) -> None:
    wall.count("early", closes_minutes_before=60)

    just_before = days(wall, microseconds(NINE - HOUR) - 1)
    at_its_cut_off = days(wall, microseconds(NINE - HOUR))

    assert just_before[0]["first_free_at"] == "2030-05-15T06:00:00Z"
    assert at_its_cut_off[0]["first_free_at"] == "2030-05-15T07:00:00Z"


def test_who_was_let_in_beyond_the_places_is_shown_beside_them(wall: Wall) -> None:
    wall.count("early", extra=2)

    [day] = days(wall)

    assert (day["capacity"], day["extra"]) == (6, 2)
    assert wall["early"].free == wall["early"].capacity + 2


def test_a_day_is_the_clinic_s_day(wall: Wall) -> None:
    wall.clinic("east", time_zone="Asia/Vladivostok")
    wall.slot("same instant", "east", MIDNIGHT - HOUR)
    wall.slot("same instant here", "here", MIDNIGHT - HOUR)

    assert [day["date"] for day in days(wall)] == ["2030-05-15"]
    assert [day["date"] for day in days(wall, clinic="east")] == ["2030-05-16"]


marks = st.lists(
    st.tuples(
        st.sampled_from(["early", "middle", "late"]),
        st.integers(0, 3),
        st.booleans(),
        st.sampled_from([0, 0, 30, 90, 150]),
    ),
    max_size=12,
)


@given(marks=marks, at=st.lists(st.integers(-1, 4), max_size=12))
@settings(max_examples=200, deadline=None)
def test_what_is_said_of_a_day_is_what_its_slots_say_now(marks: Any, at: list[int]) -> None:
    wall = Wall()
    wall.clinic("here")
    for n, name in enumerate(("early", "middle", "late")):
        wall.slot(name, "here", NINE + n * HOUR, capacity=3)
    now_us = NOW_US

    closed_us: dict[bytes, int] = {}
    for (name, booked, is_open, minutes), hour in zip(marks, at, strict=False):
        wall.count(name, booked=booked, open=is_open, closes_minutes_before=minutes)
        closed_us[wall[name].id] = wall[name].starts_us - minutes * 60 * 1_000_000
        now_us = max(now_us, microseconds(NINE + hour * HOUR))
        counting = [
            s
            for s in wall.board.slots.values()
            if s.open and closed_us.get(s.id, s.starts_us) > now_us
        ]
        said = days(wall, now_us)

        assert sum(day["capacity"] for day in said) == sum(s.capacity for s in counting)
        assert sum(day["free"] for day in said) == sum(s.free for s in counting)
        [sheet] = wall.board.sheets.values()
        assert sheet.free == sum(s.free for s in sheet.slots if s.open)
