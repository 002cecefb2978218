"""When is somebody reminded? Neither in the night, nor too late, nor right after they booked."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.reminding import step_of
from services.notify.rules import link_to_confirm, link_to_move
from services.notify.rules.reminders import (
    Habits,
    Visit,
    VisitReminder,
    due_of,
    next_due,
    reminder_of,
    told_now,
    visits_of,
)
from services.notify.store import Planned
from services.notify.texts import wording
from shared.messages import BookedPlace
from tests.notify_bookings import ALICE, BOOKING, HABITS, a_place, confirmed

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
MOSCOW, BERLIN, NEW_YORK = "Europe/Moscow", "Europe/Berlin", "America/New_York"


def a_visit(starts_at: datetime, time_zone: str = MOSCOW) -> Visit:
    return Visit(starts_at=starts_at, places=(a_place(starts_at, time_zone=time_zone),))


def at(text: str, time_zone: str = MOSCOW) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def told_at(
    starts: str, *, time_zone: str = MOSCOW, made_at: datetime = LONG_AGO, habits: Habits = HABITS
) -> list[str]:
    due = due_of(a_visit(at(starts, time_zone), time_zone), made_at, habits)
    zone = ZoneInfo(time_zone)
    return [f"{one.before.name} {one.at.astimezone(zone):%Y-%m-%d %H:%M}" for one in due]


# ---- by hand ------------------------------------------------------------------------------------


def test_a_week_a_day_and_two_hours_before() -> None:
    assert told_at("2026-05-20 14:00") == [
        "P7D 2026-05-13 14:00",
        "P1D 2026-05-19 14:00",
        "PT2H 2026-05-20 12:00",
    ]


def test_a_service_has_distances_of_its_own_and_two_services_have_both() -> None:
    noon = at("2026-05-20 14:00")
    usual = a_place(noon)
    surgery = msgspec.structs.replace(usual, remind=("P3D", "P1D"))
    silent = msgspec.structs.replace(usual, remind=())

    def names(*places: BookedPlace) -> list[str]:
        visit = Visit(starts_at=noon, places=places)
        return [one.before.name for one in due_of(visit, LONG_AGO, HABITS)]

    assert names(surgery) == ["P3D", "P1D"]
    assert names(silent) == []
    assert names(usual, surgery) == ["P7D", "P3D", "P1D", "PT2H"]
    assert names(surgery, silent) == ["P3D", "P1D"]


def test_what_falls_into_the_night_is_told_in_the_evening_before() -> None:
    assert told_at("2026-05-20 09:00")[-1] == "PT2H 2026-05-19 21:00"
    assert told_at("2026-05-20 07:30")[-2:] == ["P1D 2026-05-18 21:00", "PT2H 2026-05-19 21:00"]


def test_a_day_before_is_the_same_time_of_the_clock_though_the_clock_was_changed() -> None:
    assert told_at("2026-03-29 12:00", time_zone=BERLIN)[1] == "P1D 2026-03-28 12:00"
    assert told_at("2026-10-25 12:00", time_zone=BERLIN)[1] == "P1D 2026-10-24 12:00"


def test_two_hours_before_are_two_hours_though_the_clock_was_changed() -> None:
    always = Habits.parse("PT2H", "00:00-00:00")
    visit = a_visit(at("2026-03-29 04:00", BERLIN), BERLIN)

    due = due_of(visit, LONG_AGO, always)

    assert visit.starts_at - due[0].at == timedelta(hours=2)
    assert due[0].at.astimezone(ZoneInfo(BERLIN)).hour == 1


def test_who_has_just_booked_is_not_reminded_of_it() -> None:
    starts = "2026-05-20 14:00"

    assert told_at(starts, made_at=at("2026-05-19 09:00"))[0].startswith("PT2H")
    assert told_at(starts, made_at=at("2026-05-19 07:00"))[0].startswith("P1D")
    assert told_at(starts, made_at=at("2026-05-20 11:45")) == []


def test_one_booking_of_two_days_is_two_visits_and_a_family_s_morning_is_one() -> None:
    first, later = a_place(at("2026-05-20 10:00")), a_place(at("2026-05-20 10:30"))
    beside = msgspec.structs.replace(later, clinic_id=first.clinic_id)
    second = msgspec.structs.replace(a_place(at("2026-06-10 10:00")), clinic_id=first.clinic_id)

    visits = visits_of([second, beside, first])

    assert [(visit.starts_at, len(visit.places)) for visit in visits] == [
        (first.starts_at, 2),
        (second.starts_at, 1),
    ]


@pytest.mark.parametrize("befores", ["7D", "P1D,P1D", "PT0H", "P1M", "P1DT2H"])
def test_what_is_no_reminder_is_not_taken(befores: str) -> None:
    with pytest.raises(ValueError, match=r"reminder|days"):
        Habits.parse(befores, "21:00-08:00")


@pytest.mark.parametrize("quiet", ["21-8", "21:00", "25:00-08:00", ""])
def test_what_is_no_time_of_quiet_is_not_taken(quiet: str) -> None:
    with pytest.raises(ValueError, match=r"quiet|hour"):
        Habits.parse("P1D", quiet)


def test_without_reminders_nobody_is_reminded() -> None:
    assert told_at("2026-05-20 14:00", habits=Habits.parse("", "21:00-08:00")) == []


# ---- against a model that goes through the minutes ----------------------------------------------

moments = st.builds(
    lambda day, minute: (
        datetime.combine(date(2026, 1, 20) + timedelta(days=day), time(), UTC)
        + timedelta(minutes=15 * minute)
    ),
    st.integers(0, 330),
    st.integers(0, 95),
)
clocks = st.builds(
    lambda hour, half: f"{hour:02}:{30 * half:02}", st.integers(0, 23), st.integers(0, 1)
)
zones = st.sampled_from([MOSCOW, BERLIN, NEW_YORK])


def is_quiet(moment: datetime, zone: str, begins: str, ends: str) -> bool:
    clock = f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"
    if begins <= ends:
        return begins <= clock < ends
    return clock >= begins or clock < ends


@given(starts_at=moments, zone=zones, begins=clocks, ends=clocks, hours=st.integers(1, 72))
def test_hours_before_it_is_told_then_or_at_the_last_moment_before_the_quiet(
    starts_at: datetime, zone: str, begins: str, ends: str, hours: int
) -> None:
    habits = Habits.parse(f"PT{hours}H", f"{begins}-{ends}")
    [due] = due_of(a_visit(starts_at, zone), starts_at - timedelta(days=60), habits)

    minute = starts_at - timedelta(hours=hours)
    while is_quiet(minute, zone, begins, ends) and is_quiet(
        minute - timedelta(minutes=1), zone, begins, ends
    ):
        minute -= timedelta(minutes=1)

    local = due.at.astimezone(ZoneInfo(zone))
    assert f"{local:%H:%M}" == f"{minute.astimezone(ZoneInfo(zone)):%H:%M}" or not _is_a_real_time(
        due.at, zone, begins
    )
    assert abs(due.at - minute) <= timedelta(hours=1)
    assert due.at < starts_at


def _is_a_real_time(moment: datetime, zone: str, begins: str) -> bool:
    """Whether quiet begins on that day at a time that the clock shows."""
    day = moment.astimezone(ZoneInfo(zone)).date()
    hour, minute = map(int, begins.split(":"))
    local = datetime.combine(day, time(hour, minute), ZoneInfo(zone))
    return local.astimezone(UTC).astimezone(ZoneInfo(zone)) == local


@given(starts_at=moments, zone=zones, days_ahead=st.floats(0, 30))
def test_whoever_is_reminded_is_told_in_order_each_thing_once_and_before_it_starts(
    starts_at: datetime, zone: str, days_ahead: float
) -> None:
    made_at = starts_at - timedelta(days=days_ahead)
    visit = a_visit(starts_at, zone)
    due = due_of(visit, made_at, HABITS)
    told: list[VisitReminder] = []
    planned = Planned(booking_id=BOOKING, version=1, owner_id=ALICE, made_at=made_at, visit=visit)
    now: datetime | None = due[0].at if due else None
    while now is not None:
        step = step_of(planned, now, HABITS)
        if step.message is not None:
            assert isinstance(step.message.event, VisitReminder)
            assert now < step.message.expires_at <= starts_at
            told.append(step.message.event)
        assert step.due_at is None or step.due_at > now
        now = step.due_at

    assert [event.before for event in told] == [one.before.name for one in due]
    assert len({event.id for event in told}) == len(told) <= len(HABITS.befores)
    assert all(made_at < one.at < starts_at for one in due)


@given(starts_at=moments, late=st.floats(0, 12 * 86_400))
def test_after_an_outage_only_the_last_reminder_is_told_and_none_of_what_has_begun(
    starts_at: datetime, late: float
) -> None:
    visit = a_visit(starts_at)
    made_at = starts_at - timedelta(days=20)
    due = due_of(visit, made_at, HABITS)
    now = due[0].at + timedelta(seconds=late)
    planned = Planned(booking_id=BOOKING, version=1, owner_id=ALICE, made_at=made_at, visit=visit)

    step = step_of(planned, now, HABITS)

    if now >= starts_at:
        assert (step.message, step.due_at) == (None, None)
    else:
        last = max(one.at for one in due if one.at <= now)
        found = told_now(due, now)
        assert step.message is not None
        assert found is not None
        assert found.at == last
        assert step.due_at == next_due(due, now)


# ---- in words -----------------------------------------------------------------------------------


def test_a_reminder_says_when_and_where_and_how_to_cancel() -> None:
    visit = a_visit(at("2026-05-20 14:00"))
    event = reminder_of(
        visit, HABITS.befores[0], booking_id=BOOKING, version=3, owner_id=ALICE, now=LONG_AGO
    )

    words = wording(
        event,
        confirm_at="https://talon.example/coming/1",
        cancel_at="https://talon.example/cancel/1",
    )

    assert words.subject == "A reminder of your visit on 20 May at 14:00"
    assert "Wednesday 20 May 2026, 14:00 to 14:30 (Moscow time)" in words.text
    assert "https://talon.example/coming/1" in words.text
    assert "https://talon.example/cancel/1" in words.text


def test_who_is_reminded_may_say_that_they_come_to_just_that_and_for_nobody_else() -> None:
    visit = a_visit(at("2026-05-20 14:00"))
    event = reminder_of(
        visit, HABITS.befores[0], booking_id=BOOKING, version=3, owner_id=ALICE, now=LONG_AGO
    )

    link = link_to_confirm(event)

    assert link is not None
    assert (link.purpose, link.person_id, link.object_id) == ("confirm_visit", ALICE, BOOKING)
    assert link.until == visit.starts_at
    assert link_to_confirm(msgspec.structs.replace(event, part="rest")) == link
    assert link_to_confirm(msgspec.structs.replace(event, part="own")) is None
    assert link_to_confirm(confirmed()) is None
    assert link_to_move(event) == msgspec.structs.replace(link, purpose="move_visit")
    family = msgspec.structs.replace(event, places=(*event.places, a_place(visit.starts_at)))
    assert link_to_move(family) is None
    assert link_to_move(confirmed()) is None


def test_the_same_reminder_has_the_same_name_and_of_another_version_another() -> None:
    visit = a_visit(at("2026-05-20 14:00"))
    names = [
        reminder_of(
            visit, before, booking_id=booking, version=version, owner_id=ALICE, now=LONG_AGO
        ).id
        for booking in (BOOKING, uuid4())
        for version in (1, 2)
        for before in HABITS.befores
        for _ in range(2)
    ]

    assert len(names) == 24
    assert len(set(names)) == 12
