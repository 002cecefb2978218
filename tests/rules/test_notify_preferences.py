"""When is somebody left in peace, who is told all the same, and by what first?"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.rules.addresses import Channel
from services.notify.rules.falling import falls_over
from services.notify.rules.fates import NEXT
from services.notify.rules.preferences import (
    CHANNELS,
    DECLINABLE,
    QuietHours,
    Wishes,
    kind_of,
    route_of,
    told_from,
    wrong_with_wishes,
)
from tests.notify_bookings import NOON, a_place, cancelled, confirmed, missed, moved

MOSCOW = "Europe/Moscow"
NIGHT = QuietHours(begins=time(22), ends=time(8), time_zone=MOSCOW)
LATE = datetime(2100, 6, 1, 20, 30, tzinfo=UTC)
"""Half past eleven at night in Moscow, a month before the visit."""

CLOCKS = st.builds(time, st.integers(0, 23), st.integers(0, 59))
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
ZONES = st.sampled_from([MOSCOW, "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
CHANNEL = st.sampled_from(CHANNELS)


def hushed(hours: QuietHours, moment: datetime) -> bool:
    """Minute by minute of a day, as somebody would colour it on a dial."""
    clock = moment.astimezone(ZoneInfo(hours.time_zone))
    dial = [False] * 1_440
    minute = hours.begins.hour * 60 + hours.begins.minute
    while minute != hours.ends.hour * 60 + hours.ends.minute:
        dial[minute] = True
        minute = (minute + 1) % 1_440
    return dial[clock.hour * 60 + clock.minute]


# ---- quiet hours ---------------------------------------------------------------------------------


@given(CLOCKS, CLOCKS, ZONES, MOMENTS)
def test_it_is_quiet_when_the_dial_says_so_and_its_end_is_not_quiet_any_more(
    begins: time, ends: time, zone: str, moment: datetime
) -> None:
    hours = QuietHours(begins=begins, ends=ends, time_zone=zone)

    end = hours.until(moment)

    if end is None:
        # The last minute of a quiet that a changed clock leaves out is no quiet.
        assert not hushed(hours, moment) or not hushed(hours, moment + timedelta(hours=1))
    else:
        assert hushed(hours, moment)
        assert moment < end <= moment + timedelta(hours=25)
        assert not hushed(hours, end) or hours.until(end) is not None


def test_over_midnight_it_ends_in_the_morning_by_one_s_own_clock() -> None:
    assert NIGHT.until(LATE) == datetime(2100, 6, 2, 5, 0, tzinfo=UTC)
    assert NIGHT.until(LATE + timedelta(hours=9)) is None


def test_where_a_clock_is_put_back_the_second_hour_ends_it() -> None:
    berlin = QuietHours(begins=time(22), ends=time(2, 30), time_zone="Europe/Berlin")
    second = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)

    assert berlin.until(second) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


# ---- who is told in them -------------------------------------------------------------------------


def told(event: object, now: datetime = LATE, until: datetime = NOON) -> datetime:
    return told_from(event, NIGHT, now, until)  # type: ignore[arg-type]


def test_what_one_has_just_done_oneself_is_told_at_once() -> None:
    assert told(confirmed()) == told(cancelled(a_place())) == LATE


def test_what_the_clinic_did_waits_for_the_morning() -> None:
    morning = datetime(2100, 6, 2, 5, 0, tzinfo=UTC)

    by_clinic = msgspec.structs.replace(confirmed(), by="clinic")
    assert told(by_clinic) == told(cancelled(a_place(), reason="clinic")) == morning
    assert told(missed()) == morning


def test_nobody_sets_out_for_a_visit_whose_cancellation_waits_for_the_morning() -> None:
    early = datetime(2100, 7, 1, 6, 30, tzinfo=UTC)
    before = early - timedelta(hours=8)

    event = cancelled(a_place(starts_at=early), reason="clinic")

    assert told(event, now=before, until=early) == before


def test_what_would_be_over_by_the_morning_does_not_wait() -> None:
    assert told(missed(), until=LATE + timedelta(hours=1)) == LATE


def test_without_quiet_hours_nothing_waits() -> None:
    assert told_from(missed(), None, LATE, NOON) == LATE


# ---- what somebody may not want ------------------------------------------------------------------


def test_what_the_clinic_changes_is_told_to_everybody() -> None:
    place = a_place()

    assert kind_of(cancelled(place, reason="clinic")) not in DECLINABLE
    assert kind_of(moved(to=[place], away_from=[place])) not in DECLINABLE
    assert kind_of(cancelled(place)) in DECLINABLE


@pytest.mark.parametrize(
    ("wishes", "hint"),
    [
        (Wishes(channels=("sms", "sms")), "once"),
        (Wishes(declined=("change",)), "everybody"),
        (Wishes(declined=("reminder", "reminder")), "once"),
        (Wishes(quiet=QuietHours(begins=time(8), ends=time(8), time_zone=MOSCOW)), "different"),
        (Wishes(quiet=QuietHours(begins=time(8), ends=time(9), time_zone="Moscow")), "Europe/Mos"),
        (Wishes(quiet=QuietHours(begins=time(8), ends=time(9), time_zone="../etc")), "Europe/Mos"),
        (Wishes(consent_version="2020-01"), "agreed"),
    ],
)
def test_a_wish_that_cannot_be_kept_is_refused_with_what_to_do(wishes: Wishes, hint: str) -> None:
    assert hint in (wrong_with_wishes(wishes) or "")


def test_good_wishes_are_kept() -> None:
    assert wrong_with_wishes(Wishes()) is None
    assert wrong_with_wishes(Wishes(quiet=NIGHT, declined=DECLINABLE, channels=CHANNELS)) is None


# ---- by what -------------------------------------------------------------------------------------


@given(st.sets(CHANNEL), st.lists(CHANNEL, unique=True))
def test_the_route_has_each_address_once_and_keeps_the_order_that_was_wished(
    reachable: set[Channel], ordered: list[Channel]
) -> None:
    route = route_of(reachable, ordered)

    asked_for = {"list"} & set(ordered)
    assert set(route) == reachable | asked_for
    assert len(route) == len(set(route))
    wished = [each for each in ordered if each in route]
    assert route[: len(wished)] == wished


def test_who_has_not_said_is_written_to_first() -> None:
    assert route_of(["web_push", "sms", "email"], []) == ["email", "sms", "web_push"]


# ---- when another channel tells it ---------------------------------------------------------------


@pytest.mark.parametrize("state", sorted(NEXT))
def test_another_channel_tells_what_has_certainly_failed(state: str) -> None:
    falls = falls_over(state, confirmed())  # type: ignore[arg-type]

    assert falls == (state in ("failed", "no_address"))


def test_after_the_unknown_only_who_would_come_to_a_closed_door_is_told_again() -> None:
    place = a_place()

    assert falls_over("unknown", cancelled(place, reason="clinic"))
    for event in (confirmed(), cancelled(place), moved(to=[place], away_from=[place])):
        assert not falls_over("unknown", event)


def test_what_cannot_be_read_is_told_by_nothing() -> None:
    assert not falls_over("failed", None)
