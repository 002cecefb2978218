"""What does a weekly schedule look like to those who make it?"""

from datetime import date, datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import Meta

from services.slots.rules.schedules import DAY_MINUTES, SCHEDULE_DAYS_MAX, Schedule
from services.slots.store.schedules import OfClinic
from shared.messages import Capacity, Dose, MinutesBefore, OptionalText, Text
from shared.problems import Problem

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)

Starts = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5)]
Ends = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", max_length=5)]


class NewSchedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /clinics/{id}/schedules`; hours are local, both dates are included."""

    service: Text
    product: OptionalText = ""
    dose: Dose | None = None
    weekdays: Annotated[tuple[Weekday, ...], Meta(min_length=1, max_length=len(WEEKDAYS))]
    starts: Starts
    ends: Ends
    slot_minutes: Annotated[int, Meta(ge=1, le=DAY_MINUTES)]
    capacity: Capacity
    valid_from: date
    valid_to: date
    closes_minutes_before: MinutesBefore = 0
    cancel_until_minutes_before: MinutesBefore = 0


class ScheduleBody(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule as it is shown. `opened` is null until all its slots were asked for."""

    id: UUID
    clinic_id: UUID
    time_zone: str
    service: str
    product: str
    dose: int | None
    weekdays: tuple[Weekday, ...]
    starts: str
    ends: str
    slot_minutes: int
    capacity: int
    valid_from: date
    valid_to: date
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

    `refused` has the first of those that the referee did not open.
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
    wrong = None
    if len(set(body.weekdays)) < len(body.weekdays):
        wrong = "weekdays names a day twice."
    elif body.ends <= body.starts:
        wrong = "ends is after starts, on the same day."
    elif body.valid_to < body.valid_from:
        wrong = "valid_to is not before valid_from."
    elif (body.valid_to - body.valid_from).days >= SCHEDULE_DAYS_MAX:
        wrong = f"From valid_from to valid_to are at most {SCHEDULE_DAYS_MAX} days."
    if wrong is not None:
        raise Problem(422, "invalid_body", wrong)


def schedule_of(clinic: OfClinic, body: NewSchedule, head: dict[str, Any]) -> Schedule:
    """The schedule that a body asks for, from now on and in the clinic's time zone."""
    return Schedule(
        id=head["id"],
        clinic_id=clinic.clinic_id,
        time_zone=clinic.time_zone,
        service=body.service,
        product=body.product,
        dose=body.dose,
        weekdays=tuple(sorted(WEEKDAYS.index(day) + 1 for day in body.weekdays)),
        starts_minute=_minute(body.starts),
        ends_minute=_minute(body.ends),
        slot_minutes=body.slot_minutes,
        capacity=body.capacity,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        body_hash=head["body_hash"],
        made_at=clinic.now,
        closes_minutes_before=body.closes_minutes_before,
        cancel_until_minutes_before=body.cancel_until_minutes_before,
    )


def columns_of(schedule: Schedule) -> dict[str, Any]:
    """A schedule in the words of those who made it."""
    about = msgspec.structs.asdict(schedule)
    del about["body_hash"]
    about["weekdays"] = tuple(WEEKDAYS[day - 1] for day in schedule.weekdays)
    about["starts"] = on_the_clock(about.pop("starts_minute"))
    about["ends"] = on_the_clock(about.pop("ends_minute"))
    return about


def on_the_clock(minute: int) -> str:
    """A minute of the day as people write it."""
    return f"{minute // 60:02}:{minute % 60:02}"


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
