"""What is open of a schedule without an end, day by day? Compared with somebody who keeps a diary.

Whenever somebody looks, they note of each day that has come within reach whether it is a holiday by
what is said then; afterwards the diary is held beside the clock on the wall, minute by minute.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from services.slots.rules import horizons
from services.slots.rules.horizons import LOOK_AGAIN, begun
from services.slots.rules.schedules import (
    FOREVER,
    ONE_DAY,
    SCHEDULE_AHEAD_DAYS_MAX,
    Schedule,
    Wanted,
    doubled,
    slots_of,
)
from tests.rules.test_slots_patterns import any_schedules, watched
from tests.rules.test_slots_schedules import BERLIN, SPRING, a_schedule
from tests.stories import an_id

DAYS = 4


class Look(NamedTuple):
    """Somebody looks: when, which days are holidays by then, and from when on it is replaced."""

    at: datetime
    closed: frozenset[date]
    replaced_from: date | None


class Told(NamedTuple):
    """A schedule without an end, how far ahead, in steps of how many slots, and who looks when."""

    zone: str
    schedule: Schedule
    ahead_days: int
    slots_max: int
    looks: list[Look]


@st.composite
def stories(draw: st.DrawFn) -> Told:
    """Some days around a change of the clocks, in which somebody looks at any hour."""
    zone, written = draw(any_schedules())
    first = written.valid_from
    midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
    hours = sorted(draw(st.lists(st.integers(-24, 48), min_size=1, max_size=4)))
    days = [first + nth * ONE_DAY for nth in range(DAYS)]
    replaced = draw(st.sampled_from([None, *days[1:]]))
    replaced_at = draw(st.integers(0, 3))
    looks = [
        Look(
            midnight + hour * timedelta(hours=1),
            frozenset(draw(st.sets(st.sampled_from(days), max_size=2))),
            replaced if nth >= replaced_at else None,
        )
        for nth, hour in enumerate(hours)
    ]
    schedule = msgspec.structs.replace(
        written, valid_to=FOREVER, made_at=looks[0].at, holidays=(), on_holidays="closed"
    )
    return Told(zone, schedule, draw(st.integers(1, 2)), draw(st.integers(1, 40)), looks)


def opened(told: Told) -> list[Wanted]:
    """What is opened in steps, as it is done."""
    zone = ZoneInfo(told.zone)
    schedule = begun(told.schedule, zone, told.ahead_days)
    assert schedule.meant_until is not None
    closed = [day for day in sorted(told.looks[0].closed) if day <= schedule.meant_until]
    schedule = msgspec.structs.replace(schedule, holidays=tuple(closed))
    found: list[Wanted] = []
    for look in told.looks:
        schedule = msgspec.structs.replace(schedule, replaced_from=look.replaced_from)
        until = horizons.horizon(schedule, look.at, zone, told.ahead_days)
        before = schedule.meant_until
        assert before is not None
        more = [day for day in sorted(look.closed) if before < day <= until]
        schedule = msgspec.structs.replace(
            schedule, meant_until=until, holidays=(*schedule.holidays, *more)
        )
        while horizons.look_at(schedule, look.at, zone, told.ahead_days) == look.at:
            assert schedule.opened_until is not None
            since, to = (
                schedule.opened_until + ONE_DAY,
                horizons.step(schedule, zone, told.slots_max),
            )
            assert to >= since
            slots = list(slots_of(schedule, zone, since, to))
            assert len(slots) <= told.slots_max or len({day_of(s, zone) for s in slots}) == 1
            found += slots
            schedule = msgspec.structs.replace(schedule, opened_until=to)
    return found


def day_of(slot: Wanted, zone: ZoneInfo) -> date:
    return slot.starts_at.astimezone(zone).date()


def in_the_diary(told: Told) -> list[tuple[datetime, datetime]]:
    """What is to be open by what was said on the day on which each day came within reach."""
    zone = ZoneInfo(told.zone)
    made_on = told.schedule.made_at.astimezone(zone).date()
    first = max(told.schedule.valid_from, made_on)
    diary: dict[date, bool] = {}
    for look in told.looks:
        reach = look.at.astimezone(zone).date() + told.ahead_days * ONE_DAY
        for nth in range(DAYS + 4):
            day = first + nth * ONE_DAY
            counts = look.replaced_from is None or day < look.replaced_from
            if day <= reach and counts and day not in diary:
                diary[day] = day in look.closed
    if not diary:
        return []
    bounded = msgspec.structs.replace(
        told.schedule,
        valid_to=max(diary),
        holidays=tuple(day for day, is_closed in diary.items() if is_closed),
    )
    seen = watched(zone, bounded)
    opens = horizons.moment(first, 0, zone)
    return [times for times in seen if times[0] >= opens]


def check(told: Told) -> None:
    slots = opened(told)

    times = [(slot.starts_at, slot.ends_at) for slot in slots]
    doses = len(told.schedule.seats)
    assert times[::doses] == in_the_diary(told)
    assert len(times) == len(times[::doses]) * doses


@settings(max_examples=40, deadline=None)
@given(stories())
def test_what_is_opened_step_by_step_is_what_somebody_finds_who_keeps_a_diary(told: Told):
    check(told)


def everywhere_it_is_greenwich(patch: pytest.MonkeyPatch) -> None:
    rightly = horizons.horizon
    patch.setattr(horizons, "horizon", lambda s, now, zone, ahead: rightly(s, now, UTC, ahead))


def it_goes_on_though_it_is_replaced(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Schedule, "last", property(lambda schedule: schedule.valid_to))


def a_step_begins_a_day_late(patch: pytest.MonkeyPatch) -> None:
    rightly = horizons.counts_of
    patch.setattr(
        horizons, "counts_of", lambda s, z, first, until: rightly(s, z, first, until - ONE_DAY)
    )
    patch.setattr(horizons, "step", lambda s, z, most: max(s.opened_until + ONE_DAY, most_of(s)))


def most_of(schedule: Schedule) -> date:
    """A day further than what is meant."""
    assert schedule.meant_until is not None
    return schedule.meant_until + ONE_DAY


@pytest.mark.parametrize(
    "broken",
    [everywhere_it_is_greenwich, it_goes_on_though_it_is_replaced, a_step_begins_a_day_late],
    ids=lambda broken: broken.__name__,
)
def test_a_horizon_that_is_reckoned_wrong_is_found(
    broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
):
    broken(monkeypatch)

    @settings(
        max_examples=300,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
    )
    @given(stories())
    def somewhere_it_is_wrong(told: Told) -> None:
        check(told)

    with pytest.raises(AssertionError):
        somewhere_it_is_wrong()


# ---- when somebody looks again -------------------------------------------------------------------


def without_an_end(**about: Any) -> Schedule:
    """From nine to five every day, opened until the Sunday on which Berlin's clocks change."""
    said = {"valid_from": date(2026, 3, 1), "valid_to": FOREVER}
    return a_schedule(**said | {"meant_until": SPRING, "opened_until": SPRING} | about)


@pytest.mark.parametrize(
    ("hour", "about", "expected"),
    [
        (22, {}, datetime(2026, 3, 28, 23, tzinfo=UTC)),  # midnight in Berlin
        (1, {}, datetime(2026, 3, 28, 1, tzinfo=UTC) + LOOK_AGAIN),
        (22, {"meant_until": SPRING + ONE_DAY}, datetime(2026, 3, 28, 22, tzinfo=UTC)),
        (22, {"replaced_from": SPRING + ONE_DAY}, None),
        (22, {"replaced_from": SPRING - ONE_DAY}, None),
        (22, {"goes_on": False}, datetime(2026, 3, 28, 22, tzinfo=UTC) + LOOK_AGAIN),
    ],
)
def test_somebody_looks_again_at_the_clinic_s_midnight_or_never(
    hour: int, about: dict[str, Any], expected: datetime | None
):
    goes_on = {"goes_on": about.pop("goes_on")} if "goes_on" in about else {}
    now = datetime(2026, 3, 28, hour, tzinfo=UTC)

    found = horizons.look_at(without_an_end(**about), now, ZoneInfo(BERLIN), 1, **goes_on)

    assert found == expected


def test_a_horizon_never_comes_nearer():
    schedule = without_an_end(replaced_from=SPRING - 3 * ONE_DAY)
    now = datetime(2026, 3, 20, tzinfo=UTC)

    assert horizons.horizon(schedule, now, ZoneInfo(BERLIN), 1) == SPRING
    assert horizons.horizon(without_an_end(), now, ZoneInfo(BERLIN), 1) == SPRING


def test_two_without_an_end_meet_where_they_would_some_day():
    even = without_an_end(rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", weekdays=())
    odd = msgspec.structs.replace(even, id=an_id("odd"), valid_from=date(2026, 3, 8))
    daily = without_an_end(id=an_id("daily"), starts_minute=600)
    ended = a_schedule(valid_to=date(2026, 2, 28), valid_from=date(2026, 2, 1))
    far = SCHEDULE_AHEAD_DAYS_MAX * ONE_DAY
    in_ten_years = a_schedule(valid_from=SPRING + far, valid_to=SPRING + far)

    assert doubled(odd, [even]) is None
    assert doubled(daily, [even]) == even
    assert doubled(daily, [ended]) is None
    assert doubled(daily, [in_ten_years]) == in_ten_years
