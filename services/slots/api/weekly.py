"""What does a schedule look like to those who make it?"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, Meta, UnsetType

from services.slots.rules.horizons import begun
from services.slots.rules.patterns import RULE_LENGTH_MAX, PatternError, parse
from services.slots.rules.schedules import (
    DAY_MINUTES,
    FOREVER,
    SCHEDULE_DAYS_MAX,
    OnHolidays,
    Schedule,
    Seats,
)
from services.slots.store.schedules import OfClinic
from shared.messages import (
    AsksFor,
    Capacity,
    Dose,
    MinutesBefore,
    Modality,
    OptionalText,
    Resource,
    Text,
)
from shared.problems import Problem

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)

BREAKS_MAX = 8
DOSES_MAX = 8
DATES_MAX = 100
"""The most breaks of a day, doses of a time, and days left out or added one by one."""

Starts = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5)]
Ends = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", max_length=5)]


class Break(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Local hours in which no slot is."""

    starts: Starts
    ends: Ends


class DosePlaces(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many at once for one dose."""

    dose: Dose
    product: OptionalText = ""
    capacity: Capacity


Weekdays = Annotated[tuple[Weekday, ...], Meta(min_length=1, max_length=len(WEEKDAYS))]
Rrule = Annotated[str, Meta(min_length=1, max_length=RULE_LENGTH_MAX)]
Breaks = Annotated[tuple[Break, ...], Meta(max_length=BREAKS_MAX)]
Doses = Annotated[tuple[DosePlaces, ...], Meta(min_length=1, max_length=DOSES_MAX)]
Dates = Annotated[tuple[date, ...], Meta(max_length=DATES_MAX)]


class NewSchedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /clinics/{id}/schedules`; hours are local, both dates are included.

    Its days are `weekdays` or an `rrule` of RFC 5545, its places `capacity` or `doses`. Without
    `valid_to` it has no end: its days are opened by themselves, so and so many ahead.
    """

    service: Text
    product: OptionalText = ""
    dose: Dose | None = None
    weekdays: Weekdays | UnsetType = UNSET
    rrule: Rrule | UnsetType = UNSET
    starts: Starts
    ends: Ends
    breaks: Breaks | UnsetType = UNSET
    slot_minutes: Annotated[int, Meta(ge=1, le=DAY_MINUTES)]
    buffer_minutes: Annotated[int, Meta(ge=0, le=DAY_MINUTES)] | UnsetType = UNSET
    capacity: Capacity | UnsetType = UNSET
    doses: Doses | UnsetType = UNSET
    except_dates: Dates | UnsetType = UNSET
    extra_dates: Dates | UnsetType = UNSET
    on_holidays: OnHolidays | UnsetType = UNSET
    modality: Modality | UnsetType = UNSET
    practitioner_id: UUID | UnsetType = UNSET
    resource: Resource | UnsetType = UNSET
    asks_for: AsksFor | UnsetType = UNSET
    valid_from: date
    valid_to: date | None = None
    closes_minutes_before: MinutesBefore = 0
    cancel_until_minutes_before: MinutesBefore = 0


class ScheduleBody(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule as it is shown. `opened` is null until all its slots were asked for.

    `capacity` is that of all doses together; `holidays` are those on which it is closed. From
    `replaced_from` on another version of its series counts. One without an end (`valid_to` is null)
    is open up to `opened_until`, and `opened` counts on.
    """

    id: UUID
    clinic_id: UUID
    time_zone: str
    service: str
    product: str
    dose: int | None
    weekdays: tuple[Weekday, ...]
    rrule: str | None
    starts: str
    ends: str
    breaks: tuple[Break, ...]
    slot_minutes: int
    buffer_minutes: int
    capacity: int
    doses: tuple[DosePlaces, ...]
    except_dates: tuple[date, ...]
    extra_dates: tuple[date, ...]
    on_holidays: OnHolidays
    holidays: tuple[date, ...]
    modality: Modality
    practitioner_id: UUID | None
    resource: Resource
    asks_for: AsksFor
    valid_from: date
    valid_to: date | None
    opened_until: date | None
    series_id: UUID
    version: int
    replaced_from: date | None
    made_at: datetime
    closes_minutes_before: int
    cancel_until_minutes_before: int
    opened: int | None
    withdrawn_at: datetime | None


class NotOpened(msgspec.Struct, frozen=True, kw_only=True):
    """A slot that was not opened, and why."""

    starts_at: datetime
    code: str
    detail: str


class OpenedSchedule(ScheduleBody, frozen=True, kw_only=True):
    """What became of a new schedule: of its `slots`, `past` had begun when it was made.

    Of one without an end these are those of its first days, up to `opened_until`. `refused` has the
    first of those that the referee did not open.
    """

    slots: int
    past: int
    refused: tuple[NotOpened, ...]


class ScheduleList(msgspec.Struct, frozen=True, kw_only=True):
    """A clinic's schedules; with a cursor where there may be more."""

    schedules: list[ScheduleBody]
    cursor: str | None


def need_sense(body: NewSchedule) -> None:
    """What is wrong with a body whatever the clinic and the day are."""
    for wrong in (*_wrong_days(body), *_wrong_hours(body), *_wrong_places(body)):
        raise Problem(422, "invalid_body", wrong)


def _wrong_days(body: NewSchedule) -> Iterator[str]:
    if bool(body.weekdays) == bool(body.rrule):
        yield "Either weekdays or rrule says on which days it is."
    if body.weekdays and len(set(body.weekdays)) < len(body.weekdays):
        yield "weekdays names a day twice."
    if body.rrule:
        try:
            parse(body.rrule)
        except PatternError as error:
            yield f"rrule: {error}"
    valid_to = body.valid_to or FOREVER
    if valid_to < body.valid_from:
        yield "valid_to is not before valid_from."
    elif body.valid_to and (body.valid_to - body.valid_from).days >= SCHEDULE_DAYS_MAX:
        yield f"From valid_from to valid_to are at most {SCHEDULE_DAYS_MAX} days."
    single = [*(body.except_dates or ()), *(body.extra_dates or ())]
    if len(set(single)) < len(single):
        yield "except_dates and extra_dates name a day twice."
    if not all(body.valid_from <= day <= valid_to for day in body.extra_dates or ()):
        yield "extra_dates are from valid_from to valid_to."


def _wrong_hours(body: NewSchedule) -> Iterator[str]:
    if body.ends <= body.starts:
        yield "ends is after starts, on the same day."
    free_from = body.starts
    for pause in sorted(body.breaks or (), key=lambda pause: pause.starts):
        if not free_from <= pause.starts < pause.ends <= body.ends:
            yield "Each break ends after it starts, lies within the hours, and meets no other."
        free_from = pause.ends


def _wrong_places(body: NewSchedule) -> Iterator[str]:
    if (body.capacity is UNSET) == (body.doses is UNSET):
        yield "Either capacity or doses says how many people there are at once."
    if body.doses:
        if body.dose is not None or body.product:
            yield "Where doses are named, dose and product are named there."
        if len({(one.dose, one.product) for one in body.doses}) < len(body.doses):
            yield "doses names a dose of a product twice."
    if body.practitioner_id and (body.resource or "service") != "service":
        yield "It is a practitioner's time, so it has no other resource."


def schedule_of(
    clinic: OfClinic, body: NewSchedule, head: dict[str, Any], ahead_days: int
) -> Schedule:
    """The schedule that a body asks for, from now on and in the clinic's time zone."""
    doses = tuple(
        Seats(dose=one.dose, product=one.product, capacity=one.capacity) for one in body.doses or ()
    )
    made = Schedule(
        id=head["id"],
        clinic_id=clinic.clinic_id,
        time_zone=clinic.time_zone,
        service=body.service,
        product=body.product,
        dose=body.dose,
        weekdays=tuple(sorted(WEEKDAYS.index(day) + 1 for day in body.weekdays or ())),
        rrule=body.rrule or "",
        starts_minute=_minute(body.starts),
        ends_minute=_minute(body.ends),
        breaks=tuple(sorted((_minute(p.starts), _minute(p.ends)) for p in body.breaks or ())),
        slot_minutes=body.slot_minutes,
        buffer_minutes=body.buffer_minutes or 0,
        capacity=sum(one.capacity for one in doses) if doses else body.capacity or 0,
        doses=doses,
        except_dates=tuple(sorted(body.except_dates or ())),
        extra_dates=tuple(sorted(body.extra_dates or ())),
        on_holidays=body.on_holidays or "closed",
        modality=body.modality or "physical",
        practitioner_id=body.practitioner_id or None,
        resource=body.resource or "service",
        asks_for=body.asks_for or "nothing",
        valid_from=body.valid_from,
        valid_to=body.valid_to or FOREVER,
        series_id=head["id"],
        body_hash=head["body_hash"],
        made_at=clinic.now,
        closes_minutes_before=body.closes_minutes_before,
        cancel_until_minutes_before=body.cancel_until_minutes_before,
    )
    return made if body.valid_to else begun(made, ZoneInfo(made.time_zone), ahead_days)


def columns_of(schedule: Schedule) -> dict[str, Any]:
    """A schedule in the words of those who made it."""
    about = msgspec.structs.asdict(schedule)
    del about["body_hash"], about["meant_until"]
    about["valid_to"] = None if schedule.valid_to == FOREVER else schedule.valid_to
    about["series_id"] = schedule.series
    about["weekdays"] = tuple(WEEKDAYS[day - 1] for day in schedule.weekdays)
    about["rrule"] = schedule.rrule or None
    about["starts"] = on_the_clock(about.pop("starts_minute"))
    about["ends"] = on_the_clock(about.pop("ends_minute"))
    about["breaks"] = tuple(
        Break(starts=on_the_clock(a), ends=on_the_clock(b)) for a, b in schedule.breaks
    )
    about["doses"] = tuple(DosePlaces(**msgspec.structs.asdict(one)) for one in schedule.doses)
    return about


def on_the_clock(minute: int) -> str:
    """A minute of the day as people write it."""
    return f"{minute // 60:02}:{minute % 60:02}"


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
