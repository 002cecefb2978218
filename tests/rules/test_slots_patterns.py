"""On which dates is a schedule, and which slots has it there? Compared with somebody who walks.

The one walks from day to day and asks of each whether the rule means it; the other sits before the
clock on the clinic's wall from minute to minute. Neither knows dateutil, or how slots are counted.
"""

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.slots.rules import schedules
from services.slots.rules.patterns import (
    DAYS,
    INTERVALS_MAX,
    Pattern,
    PatternError,
    dates_of,
    parse,
)
from services.slots.rules.schedules import (
    Schedule,
    Seats,
    doubled,
    slot_count,
    slot_id_of,
    slots_of,
)
from tests.rules.test_slots_schedules import a_schedule, days_somewhere

ONE_DAY, ONE_MINUTE = timedelta(days=1), timedelta(minutes=1)


def written(pattern: Pattern) -> str:
    """The rule as RFC 5545 has it."""
    parts = [f"FREQ={pattern.frequency}", f"INTERVAL={pattern.interval}"]
    if pattern.days:
        parts.append("BYDAY=" + ",".join(f"{nth or ''}{name}" for nth, name in pattern.days))
    if pattern.month_days:
        parts.append("BYMONTHDAY=" + ",".join(map(str, pattern.month_days)))
    if pattern.count is not None:
        parts.append(f"COUNT={pattern.count}")
    if pattern.until is not None:
        parts.append(f"UNTIL={pattern.until:%Y%m%d}")
    return ";".join(parts)


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    """Any rule that is taken."""
    frequency = draw(st.sampled_from(sorted(INTERVALS_MAX)))
    interval = draw(st.integers(1, INTERVALS_MAX[frequency]))
    names = draw(st.lists(st.sampled_from(DAYS), unique=True, max_size=4))
    month_days = draw(
        st.lists(st.integers(-31, 31).filter(bool), unique=True, max_size=4)
        if frequency != "WEEKLY"
        else st.just([])
    )
    numbered = frequency == "MONTHLY" and not month_days and draw(st.booleans())
    nth = st.integers(-5, 5).filter(bool) if numbered else st.just(0)
    if frequency == "DAILY" and (names or month_days):
        interval = 1
    ending = draw(st.sampled_from(["count", "until", None]))
    return Pattern(
        frequency=frequency,
        interval=interval,
        days=tuple((draw(nth), name) for name in names),
        month_days=tuple(month_days),
        count=draw(st.integers(1, 40)) if ending == "count" else None,
        until=draw(st.dates(date(2026, 1, 1), date(2029, 1, 1))) if ending == "until" else None,
    )


def is_meant(pattern: Pattern, first: date, day: date) -> bool:
    """Does somebody who has read the rule find this day in it, ends aside?"""
    last_of_month = monthrange(day.year, day.month)[1]
    weekday = DAYS[day.weekday()]
    nth = {0, (day.day + 6) // 7, -((last_of_month - day.day) // 7 + 1)}
    by_weekday = any(name == weekday and number in nth for number, name in pattern.days)
    by_number = {day.day, day.day - last_of_month - 1} & {*pattern.month_days}
    if (pattern.days and not by_weekday) or (pattern.month_days and not by_number):
        return False
    picked = bool(pattern.days or pattern.month_days)
    match pattern.frequency:
        case "DAILY":
            return (day - first).days % pattern.interval == 0
        case "WEEKLY":
            monday, begun = day - day.weekday() * ONE_DAY, first - first.weekday() * ONE_DAY
            in_week = (monday - begun).days // 7 % pattern.interval == 0
            return in_week and (picked or day.weekday() == first.weekday())
        case _:
            months = (day.year - first.year) * 12 + day.month - first.month
            return months % pattern.interval == 0 and (picked or day.day == first.day)


def walked(pattern: Pattern, first: date, last: date) -> Iterator[date]:
    """Its days, found by walking."""
    found, day = 0, first
    while day <= min(last, pattern.until or last) and found != pattern.count:
        if is_meant(pattern, first, day):
            found += 1
            yield day
        day += ONE_DAY


@settings(max_examples=150, deadline=None)
@given(patterns(), st.dates(date(2025, 12, 20), date(2026, 12, 31)), st.integers(0, 900))
def test_a_rule_falls_on_the_days_that_somebody_finds_who_walks_from_day_to_day(
    pattern: Pattern, first: date, days: int
):
    last = first + days * ONE_DAY

    found = list(dates_of(parse(written(pattern)), first, last))

    assert found == list(walked(pattern, first, last))


@settings(max_examples=100, deadline=None)
@given(patterns(), st.dates(date(2026, 1, 1), date(2030, 12, 31)))
@example(parse("FREQ=MONTHLY;INTERVAL=6;BYMONTHDAY=31"), date(2026, 2, 1))
@example(parse("FREQ=MONTHLY;INTERVAL=6;BYDAY=5MO"), date(2026, 2, 1))
def test_whatever_rule_is_taken_looking_for_its_next_day_comes_to_an_end(
    pattern: Pattern, first: date
):
    endless = Pattern(
        frequency=pattern.frequency,
        interval=pattern.interval,
        days=pattern.days,
        month_days=pattern.month_days,
    )

    assert next(dates_of(endless, first, date(first.year + 60, 1, 1)), None) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "weekly",
        "BYDAY=MO",
        "FREQ=YEARLY",
        "FREQ=HOURLY",
        "FREQ=WEEKLY;BYHOUR=9",
        "FREQ=WEEKLY;BYSETPOS=1",
        "FREQ=WEEKLY;WKST=SU",
        "FREQ=WEEKLY;FREQ=DAILY",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=WEEKLY;INTERVAL=9",
        "FREQ=MONTHLY;INTERVAL=12",
        "FREQ=WEEKLY;INTERVAL=1.5",
        "FREQ=WEEKLY;INTERVAL=١",
        "FREQ=WEEKLY;COUNT=0",
        "FREQ=WEEKLY;COUNT=99999",
        "FREQ=WEEKLY;COUNT=3;UNTIL=20300101",
        "FREQ=WEEKLY;UNTIL=20300230",
        "FREQ=WEEKLY;UNTIL=20300101T090000Z",
        "FREQ=WEEKLY;UNTIL=٢٠٣٠٠١٠١",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=WEEKLY;BYDAY=MO,MO",
        "FREQ=WEEKLY;BYDAY=MO,",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=DAILY;INTERVAL=2;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=MONTHLY;BYDAY=MO,1TU",
        "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=20",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=1,1",
        "RRULE:FREQ=WEEKLY",
        "FREQ=WEEKLY\nBYDAY=MO",
        "FREQ=WEEKLY;",
    ],
)
def test_what_is_no_rule_or_none_that_is_taken_is_refused_in_a_sentence(text: str):
    with pytest.raises(PatternError, match=r"\.$"):
        parse(text)


# ---- the slots of its days -----------------------------------------------------------------------


@st.composite
def any_schedules(draw: st.DrawFn) -> tuple[str, Schedule]:
    """Any hours with any breaks, around a day on which clocks change as often as not."""
    zone, day = draw(days_somewhere())
    edges = draw(st.lists(st.integers(0, 96), unique=True, min_size=2, max_size=6).map(sorted))
    edges = [quarter * 15 for quarter in edges[: len(edges) // 2 * 2]]
    first, days = day - ONE_DAY, [day + nth * ONE_DAY for nth in range(-1, 2)]
    some_days = st.lists(st.sampled_from(days), unique=True, max_size=1)
    extra = draw(some_days)
    doses = draw(st.sampled_from([(), (1,), (1, 2)]))
    return zone, a_schedule(
        time_zone=zone,
        weekdays=(),
        rrule=draw(st.sampled_from(["FREQ=DAILY", "FREQ=DAILY;INTERVAL=2", "FREQ=DAILY;COUNT=2"])),
        starts_minute=edges[0],
        ends_minute=edges[-1],
        breaks=tuple(zip(edges[1:-1:2], edges[2:-1:2], strict=True)),
        slot_minutes=draw(st.integers(5, 90)),
        buffer_minutes=draw(st.sampled_from([0, 0, 5, 40])),
        extra_dates=tuple(extra),
        except_dates=tuple(day for day in draw(some_days) if day not in extra),
        on_holidays=draw(st.sampled_from(["closed", "open"])),
        holidays=tuple(draw(some_days)),
        doses=tuple(Seats(dose=dose, capacity=dose * 4) for dose in doses),
        valid_from=first,
        valid_to=first + 2 * ONE_DAY,
    )


def is_open_on(schedule: Schedule, day: date) -> bool:
    """Somebody who reads the notice on the door."""
    if day in schedule.except_dates:
        return False
    if day in schedule.extra_dates:
        return True
    if day in schedule.holidays and schedule.on_holidays == "closed":
        return False
    return is_meant(parse(schedule.rrule), schedule.valid_from, day) and (
        "COUNT" not in schedule.rrule or (day - schedule.valid_from).days < 2
    )


def watched(zone: ZoneInfo, schedule: Schedule) -> Iterator[tuple[datetime, datetime]]:
    """What somebody sees who sits there all the days and looks at the clock every minute."""
    stretches = [(schedule.starts_minute, schedule.ends_minute)]
    for begins, ends in schedule.breaks:
        stretches[-1:] = [(stretches[-1][0], begins), (ends, stretches[-1][1])]
    day, last = schedule.valid_from, schedule.valid_to
    now = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=30)
    latest = now.astimezone(zone).replace(tzinfo=None)
    while day <= last:
        midnight = datetime(day.year, day.month, day.day)
        for begins, ends in stretches if is_open_on(schedule, day) else []:
            free_at = now if latest >= midnight + begins * ONE_MINUTE else None
            while latest < midnight + ends * ONE_MINUTE:
                now += ONE_MINUTE
                latest = max(latest, now.astimezone(zone).replace(tzinfo=None))
                if latest >= midnight + begins * ONE_MINUTE:
                    free_at = free_at or now
            while free_at and free_at + schedule.slot_minutes * ONE_MINUTE <= now:
                yield free_at, free_at + schedule.slot_minutes * ONE_MINUTE
                free_at += (schedule.slot_minutes + schedule.buffer_minutes) * ONE_MINUTE
        day += ONE_DAY


def check_against_the_clock(where: tuple[str, Schedule]) -> None:
    zone, schedule = ZoneInfo(where[0]), where[1]

    slots = list(slots_of(schedule, zone))

    seen = list(watched(zone, schedule))
    assert [(s.starts_at, s.ends_at, s.seats) for s in slots] == [
        (starts, ends, seats) for starts, ends in seen for seats in schedule.seats
    ]
    assert slot_count(schedule, zone) == len(slots)
    assert len({slot_id_of(schedule, schedule, slot) for slot in slots}) == len(slots)
    times = sorted({(slot.starts_at, slot.ends_at) for slot in slots})
    assert all(one[1] <= other[0] for one, other in pairwise(times))


@settings(max_examples=100, deadline=None)
@given(any_schedules())
def test_the_slots_of_a_schedule_are_those_that_somebody_sees_who_watches_the_clock(
    where: tuple[str, Schedule],
):
    check_against_the_clock(where)


def buffers_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    rightly = schedules.starts_of

    def broken(schedule: Schedule, *where: Any) -> Iterator[datetime]:
        return rightly(a_copy_without_buffers(schedule), *where)

    patch.setattr(schedules, "starts_of", broken)


def a_copy_without_buffers(schedule: Schedule) -> Schedule:
    return msgspec.structs.replace(schedule, buffer_minutes=0)


def breaks_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(schedules, "hours_of", lambda s: [(s.starts_minute, s.ends_minute)])


def holidays_close_what_is_added(patch: pytest.MonkeyPatch) -> None:
    rightly = schedules.days_of
    patch.setattr(
        schedules,
        "days_of",
        lambda s, *w, **k: [d for d in rightly(s, *w, **k) if d not in s.holidays],
    )


@pytest.mark.parametrize(
    "broken",
    [buffers_are_forgotten, breaks_are_forgotten, holidays_close_what_is_added],
    ids=lambda broken: broken.__name__,
)
def test_slots_that_are_reckoned_wrong_are_found(
    broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
):
    broken(monkeypatch)

    @settings(max_examples=300, deadline=None, database=None, derandomize=True)
    @given(any_schedules())
    def somewhere_it_is_wrong(where: tuple[str, Schedule]) -> None:
        check_against_the_clock(where)

    with pytest.raises(AssertionError):
        somewhere_it_is_wrong()


# ---- are they there twice? -----------------------------------------------------------------------


def test_hours_in_another_schedule_s_break_or_for_another_dose_are_not_there_twice():
    there = a_schedule(breaks=((720, 780),), doses=(Seats(dose=1, capacity=8),))
    at_noon = a_schedule(starts_minute=720, ends_minute=780)
    over_noon = a_schedule(starts_minute=720, ends_minute=795)
    second = a_schedule(doses=(Seats(dose=2, capacity=4),))
    both = a_schedule(doses=(Seats(dose=2, capacity=4), Seats(dose=1, product="Gam-1", capacity=4)))

    assert doubled(at_noon, [there]) is None
    assert doubled(second, [there]) is None
    assert doubled(over_noon, [there]) == there
    assert doubled(both, [there]) == there


@settings(max_examples=60, deadline=None)
@given(patterns(), patterns(), st.integers(0, 60))
def test_two_rules_meet_where_they_share_a_day(one: Pattern, other: Pattern, later: int):
    year = {"valid_from": date(2026, 1, 5), "valid_to": date(2026, 12, 31), "weekdays": ()}
    there = a_schedule(**year | {"rrule": written(one)})
    wanted = a_schedule(
        **year | {"rrule": written(other), "valid_from": date(2026, 1, 5) + later * ONE_DAY}
    )

    shared = {*walked(one, there.valid_from, there.valid_to)} & {
        *walked(other, wanted.valid_from, wanted.valid_to)
    }

    assert (doubled(wanted, [there]) is not None) == bool(shared)
