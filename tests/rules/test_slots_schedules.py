"""Which slots does a weekly schedule mean on a day of 23, 24 or 25 hours? Which are there twice?"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import msgspec
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from services.slots.rules import schedules
from services.slots.rules.schedules import (
    DAY_MINUTES,
    Schedule,
    days_of,
    doubled,
    moment,
    slot_count,
    starts_of,
)
from tests.stories import CLINIC, NOON, an_id

BERLIN = "Europe/Berlin"
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
"""In Berlin 02:00 becomes 03:00 on the one, and 03:00 becomes 02:00 on the other; both Sundays."""

ONE_DAY = timedelta(days=1)
ZONES = sorted(available_timezones())


def a_schedule(**about: Any) -> Schedule:
    """From nine to five on every day of a week in May, half an hour each."""
    return Schedule(
        **{
            "id": an_id("a schedule"),
            "clinic_id": CLINIC,
            "time_zone": "UTC",
            "service": "vaccination",
            "product": "",
            "dose": None,
            "weekdays": (1, 2, 3, 4, 5, 6, 7),
            "starts_minute": 9 * 60,
            "ends_minute": 17 * 60,
            "slot_minutes": 30,
            "capacity": 3,
            "valid_from": date(2026, 5, 4),
            "valid_to": date(2026, 5, 10),
            "body_hash": b"x" * 16,
            "made_at": NOON,
        }
        | about
    )


def shown_in(zone: str, schedule: Schedule) -> list[str]:
    """What the clock on the wall shows when each slot begins."""
    there = ZoneInfo(zone)
    return [start.astimezone(there).strftime("%H:%M %z") for start in starts_of(schedule, there)]


@cache
def days_of_change(zone: str, year: int) -> list[date]:
    """The days on which the clocks of the zone change, or any day where they never do."""
    there = ZoneInfo(zone)
    days = [date(year, 1, 1) + nth * ONE_DAY for nth in range(365)]
    offsets = [datetime(d.year, d.month, d.day, tzinfo=there).utcoffset() for d in days]
    changing = [days[nth] for nth in range(364) if offsets[nth] != offsets[nth + 1]]
    return changing or days[:1]


@st.composite
def days_somewhere(draw: st.DrawFn) -> tuple[str, date]:
    """A zone and a day there, half of them days on which its clocks change."""
    zone, year = draw(st.sampled_from(ZONES)), draw(st.integers(2000, 2037))
    change = draw(st.sampled_from(days_of_change(zone, year)))
    return zone, change + draw(st.sampled_from([0, 0, 0, 1, -1, 30])) * ONE_DAY


minutes = st.integers(0, DAY_MINUTES) | st.sampled_from([0, 60, 90, 120, 150, 180, DAY_MINUTES])


def seen_by_somebody_who_watches_the_clock(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Look at it every minute from long before, until it shows that hour or a later one."""
    wanted = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    now = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=30)
    now += timedelta(minutes=minute)
    while now.astimezone(zone).replace(tzinfo=None) < wanted:
        now += timedelta(minutes=1)
    return now


@settings(max_examples=200, deadline=None)
@example(("Pacific/Apia", date(2011, 12, 30)), 600)  # a day that never was
@example(("Australia/Lord_Howe", date(2026, 10, 4)), 135)  # half an hour is skipped
@example(("America/Havana", date(2026, 3, 8)), 0)  # midnight is skipped
@given(days_somewhere(), minutes)
def test_an_hour_is_when_the_clock_on_the_wall_first_shows_it(where: tuple[str, date], minute: int):
    zone, day = ZoneInfo(where[0]), where[1]

    found = moment(day, minute, zone)

    assert found == seen_by_somebody_who_watches_the_clock(day, minute, zone)


@settings(max_examples=200, deadline=None)
@given(
    days_somewhere(),
    st.tuples(minutes, minutes),
    st.integers(5, 90),
    st.sets(st.integers(1, 7), min_size=1),
    st.integers(0, 20),
)
def test_slots_follow_each_other_in_real_minutes_within_the_hours(
    where: tuple[str, date],
    hours: tuple[int, int],
    slot_minutes: int,
    weekdays: set[int],
    days: int,
):
    zone, day = ZoneInfo(where[0]), where[1]
    assume(hours[0] != hours[1])
    schedule = a_schedule(
        weekdays=tuple(sorted(weekdays)),
        starts_minute=min(hours),
        ends_minute=max(hours),
        slot_minutes=slot_minutes,
        valid_from=day - ONE_DAY,
        valid_to=day + days * ONE_DAY,
    )
    length = timedelta(minutes=slot_minutes)

    starts = list(starts_of(schedule, zone))

    expected = []
    for open_day in days_of(schedule):
        begins = moment(open_day, min(hours), zone)
        while begins + length <= moment(open_day, max(hours), zone):
            expected.append(begins)
            begins += length
    assert starts == expected
    assert len(starts) == slot_count(schedule, zone)
    assert all(b - a >= length for a, b in pairwise(starts))
    assert {open_day.isoweekday() for open_day in days_of(schedule)} <= weekdays


def test_an_ordinary_day_has_the_same_hours_in_winter_and_in_summer():
    winter = a_schedule(valid_from=date(2026, 1, 5), valid_to=date(2026, 1, 5), slot_minutes=240)
    summer = a_schedule(valid_from=date(2026, 7, 6), valid_to=date(2026, 7, 6), slot_minutes=240)

    assert shown_in(BERLIN, winter) == ["09:00 +0100", "13:00 +0100"]
    assert shown_in(BERLIN, summer) == ["09:00 +0200", "13:00 +0200"]


@pytest.mark.parametrize(
    ("day", "hours", "expected"),
    [
        (SPRING, (60, 240), ["01:00 +0100", "03:00 +0200"]),
        (SPRING, (120, 240), ["03:00 +0200"]),
        (SPRING, (150, 240), ["03:00 +0200"]),
        (SPRING, (120, 180), []),
        (AUTUMN, (60, 240), ["01:00 +0200", "02:00 +0200", "02:00 +0100", "03:00 +0100"]),
        (AUTUMN, (60, 180), ["01:00 +0200", "02:00 +0200", "02:00 +0100"]),
        (AUTUMN, (60, 150), ["01:00 +0200"]),
        (AUTUMN, (150, 180), ["02:30 +0200"]),
    ],
)
def test_a_night_on_which_the_clocks_change_has_as_many_hours_as_it_has(
    day: date, hours: tuple[int, int], expected: list[str]
):
    night = a_schedule(
        valid_from=day,
        valid_to=day,
        starts_minute=hours[0],
        ends_minute=hours[1],
        slot_minutes=60,
    )

    assert shown_in(BERLIN, night) == expected


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2026, 5, 4), 24)])
def test_a_clinic_that_never_closes_has_every_hour_once(day: date, hours: int):
    whole = a_schedule(
        valid_from=day,
        valid_to=day,
        starts_minute=0,
        ends_minute=DAY_MINUTES,
        slot_minutes=60,
    )

    starts = list(starts_of(whole, ZoneInfo(BERLIN)))

    assert len(starts) == hours
    assert starts[-1] + timedelta(hours=1) == moment(day + ONE_DAY, 0, ZoneInfo(BERLIN))


def test_only_the_named_days_of_the_week_are_meant_and_both_dates_are_included():
    schedule = a_schedule(weekdays=(1, 7), slot_minutes=8 * 60)

    starts = [start.date() for start in starts_of(schedule, ZoneInfo("UTC"))]

    assert starts == [date(2026, 5, 4), date(2026, 5, 10)]


def test_what_does_not_fit_in_before_the_end_is_left_out():
    schedule = a_schedule(weekdays=(1,), ends_minute=9 * 60 + 59)

    assert shown_in("UTC", schedule) == ["09:00 +0000"]


OTHERWISE: list[dict[str, Any]] = [
    {"clinic_id": an_id("another clinic")},
    {"service": "clinic-visit"},
    {"weekdays": (6,)},
    {"ends_minute": 8 * 60, "starts_minute": 7 * 60},
    {"ends_minute": 18 * 60, "starts_minute": 17 * 60},
    {"valid_from": date(2026, 5, 11), "valid_to": date(2026, 5, 20)},
    {"valid_from": date(2026, 4, 1), "valid_to": date(2026, 5, 3)},
    # The dates meet from Saturday to Sunday, on which neither has hours.
    {"valid_from": date(2026, 5, 9), "valid_to": date(2026, 5, 20)},
    {"product": "Gam-2", "dose": 1},
    {"product": "Gam-1", "dose": 2},
]


@pytest.mark.parametrize("about", OTHERWISE)
def test_what_is_elsewhere_or_at_another_time_or_for_another_thing_is_not_there_twice(
    about: dict[str, Any],
):
    there = a_schedule(product="Gam-1", dose=1, weekdays=(1, 2, 3, 4, 5))
    wanted = msgspec.structs.replace(there, id=an_id("wanted"), **about)

    assert doubled(wanted, [there]) is None
    assert doubled(there, [wanted]) is None


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"product": ""},
        {"dose": None},
        {"slot_minutes": 7, "capacity": 1},
        {"weekdays": (5, 6)},
        {"starts_minute": 0, "ends_minute": 9 * 60 + 1},
        {"valid_from": date(2026, 5, 8), "valid_to": date(2027, 5, 1)},
    ],
)
def test_what_would_be_there_twice_is_found(about: dict[str, Any]):
    there = a_schedule(product="Gam-1", dose=1, weekdays=(1, 2, 3, 4, 5))
    wanted = msgspec.structs.replace(there, id=an_id("wanted"), **about)

    assert doubled(wanted, [there]) == there
    assert doubled(there, [a_schedule(service="another"), wanted]) == wanted


weeks = st.builds(
    lambda first, days, weekdays, hours: a_schedule(
        weekdays=tuple(weekdays),
        starts_minute=min(hours) * 60,
        ends_minute=(max(hours) + 1) * 60,
        slot_minutes=60,
        valid_from=date(2026, 5, 4) + first * ONE_DAY,
        valid_to=date(2026, 5, 4) + (first + days) * ONE_DAY,
    ),
    st.integers(0, 12),
    st.integers(0, 12),
    st.sets(st.integers(1, 7), min_size=1),
    st.tuples(st.integers(8, 12), st.integers(8, 12)),
)


@settings(max_examples=300, deadline=None)
@given(weeks, weeks)
def test_two_schedules_of_whole_hours_meet_exactly_where_they_share_a_slot(
    one: Schedule, other: Schedule
):
    shared = {*starts_of(one, ZoneInfo("UTC"))} & {*starts_of(other, ZoneInfo("UTC"))}

    assert (doubled(one, [other]) is not None) == bool(shared)


# ---- is it worth anything? Rules broken on purpose are found -------------------------------------


def the_second_of_two_hours_is_meant(patch: pytest.MonkeyPatch) -> None:
    def broken(day: date, minute: int, zone: ZoneInfo) -> datetime:
        shown = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
        return shown.replace(tzinfo=zone, fold=1).astimezone(UTC)

    patch.setattr(schedules, "moment", broken)


def a_skipped_hour_is_an_hour_later(patch: pytest.MonkeyPatch) -> None:
    def broken(day: date, minute: int, zone: ZoneInfo) -> datetime:
        shown = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
        return shown.replace(tzinfo=zone).astimezone(UTC)

    patch.setattr(schedules, "moment", broken)


@pytest.mark.parametrize(
    "broken",
    [the_second_of_two_hours_is_meant, a_skipped_hour_is_an_hour_later],
    ids=lambda broken: broken.__name__,
)
def test_a_broken_clock_is_found(
    broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
):
    broken(monkeypatch)

    @settings(max_examples=500, deadline=None, database=None, derandomize=True)
    @given(days_somewhere(), minutes)
    def somewhere_it_is_wrong(where: tuple[str, date], minute: int) -> None:
        zone = ZoneInfo(where[0])
        seen = seen_by_somebody_who_watches_the_clock(where[1], minute, zone)
        assert schedules.moment(where[1], minute, zone) == seen

    with pytest.raises(AssertionError):
        somewhere_it_is_wrong()
