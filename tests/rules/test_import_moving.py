"""When is a slot after its publication was moved, and which are too late or too early?"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from talon.imports.faults import Faults, LineError
from talon.imports.moving import DAYS_AHEAD_MAX, moved, moved_instant, timely
from talon.imports.published import Slot, slot_of
from talon.imports.spool import open_spool
from talon.imports.taken import settle
from tests.publications import NINE

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "America/New_York",
            "Europe/Berlin",
            "Europe/Moscow",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "Asia/Kathmandu",
            "UTC",
        )
    ]
)
INSTANTS = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
DAYS = st.integers(-4_000, 4_000)


def a_slot(starts_at: datetime = NINE, key: str = "slot-1") -> Slot:
    """Half an hour."""
    return slot_of(
        key=key,
        clinic_key="clinic-1",
        service="vaccination",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
        capacity=1,
        open=True,
        day=starts_at.date(),
        file="slots.ndjson",
        line=1,
    )


def wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """What a clock there shows."""
    return instant.astimezone(zone).replace(tzinfo=None)


def test_nine_o_clock_stays_nine_o_clock_in_summer():
    winter = datetime(2021, 3, 1, 14, tzinfo=UTC)

    summer = moved_instant(winter, 120, NEW_YORK)

    assert wall(winter, NEW_YORK).hour == wall(summer, NEW_YORK).hour == 9
    assert summer.hour == 13


def test_an_hour_that_is_leapt_over_is_as_much_later():
    half_past_two = datetime(2030, 3, 30, 1, 30, tzinfo=UTC)

    leapt = moved_instant(half_past_two, 1, BERLIN)

    assert wall(leapt, BERLIN) == datetime(2030, 3, 31, 3, 30)


def test_of_an_hour_that_comes_twice_each_stays_what_it_was():
    first = datetime(2029, 10, 28, 0, 30, tzinfo=UTC)
    second = first + timedelta(hours=1)

    a_year_later = [moved_instant(each, 364, BERLIN) for each in (first, second)]

    assert wall(first, BERLIN) == wall(second, BERLIN)
    assert a_year_later[1] - a_year_later[0] == timedelta(hours=1)


@given(instant=INSTANTS, days=DAYS, zone=ZONES)
@example(datetime(2029, 10, 28, 1, 30, tzinfo=UTC), 154, BERLIN)
def test_the_wall_clock_shows_the_same_unless_that_time_is_leapt_over(
    instant: datetime, days: int, zone: ZoneInfo
):
    there = moved_instant(instant, days, zone)

    wanted = wall(instant, zone) + timedelta(days=days)
    exists = wall(wanted.replace(tzinfo=zone).astimezone(UTC), zone) == wanted
    if exists:
        assert wall(there, zone) == wanted
    else:
        assert wanted < wall(there, zone) <= wanted + timedelta(days=1)


@given(instant=INSTANTS, days=DAYS, zone=ZONES)
def test_a_slot_lasts_as_long_as_it_did(instant: datetime, days: int, zone: ZoneInfo):
    slot = a_slot(instant)

    there = moved(slot, days, zone)

    assert there.ends_at - there.starts_at == timedelta(minutes=30)


@given(instant=INSTANTS, zone=ZONES)
def test_by_no_day_nothing_is_moved(instant: datetime, zone: ZoneInfo):
    slot = a_slot(instant)

    assert moved(slot, 0, zone) == slot
    assert moved_instant(instant, 0, zone) == instant


@given(instants=st.lists(INSTANTS, min_size=1, max_size=8), zone=ZONES)
def test_the_first_day_falls_on_the_day_that_is_wanted(instants: list[datetime], zone: ZoneInfo):
    wanted = NINE.date()
    slots = [a_slot(instant, f"slot-{n}") for n, instant in enumerate(instants)]

    with open_spool() as spool:
        for slot in slots:
            spool.add(slot)
        taken = settle("a", {}, spool=spool, faults=Faults(1), shift_to=wanted, now=NINE)
        days = [moved(slot, taken.identity.days, zone).day for slot in slots]

    assert min(days) == wanted


def test_a_slot_beyond_all_time_is_a_bad_line():
    with pytest.raises(LineError) as told:
        moved(a_slot(), 3_000_000, BERLIN)

    assert told.value.code == "too_far_ahead"


def test_a_slot_that_has_begun_is_too_late():
    with pytest.raises(LineError) as told:
        timely(a_slot(), NINE)

    assert told.value.code == "past"
    assert timely(a_slot(), NINE - timedelta(seconds=1)) == a_slot()


def test_a_slot_in_the_far_future_is_a_typing_mistake():
    with pytest.raises(LineError) as told:
        timely(a_slot(), NINE - timedelta(days=DAYS_AHEAD_MAX, seconds=1))

    assert told.value.code == "too_far_ahead"


def test_a_typing_mistake_says_nothing_of_the_days_between():
    with open_spool() as spool:
        for n, days in enumerate((1, 3, DAYS_AHEAD_MAX + 5)):
            spool.add(a_slot(NINE + timedelta(days=days), f"slot-{n}"))
        taken = settle("a", {}, spool=spool, faults=Faults(1), shift_to=None, now=NINE)

    assert taken.days == ((NINE + timedelta(days=1)).date(), (NINE + timedelta(days=3)).date())
