"""How does a clinic open the same hours every week?

A schedule is remembered before its slots are asked for: two that would double each other see each
other, and a request asked again after a crash means the same slots, of which each is one command.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, get_args
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from msgspec import Meta

from services.slots.api.desk import DESK, Desk, problem_for, problem_of
from services.slots.rules.schedules import (
    DAY_MINUTES,
    SCHEDULE_AHEAD_DAYS_MAX,
    SCHEDULE_DAYS_MAX,
    SCHEDULE_SLOTS_MAX,
    Schedule,
    doubled,
    slot_count,
    starts_of,
)
from services.slots.store.schedules import OfClinic
from shared import database
from shared.messages import Capacity, Dose, OpenSlot, OptionalText, Refused, SlotOpened, Text
from shared.problems import Problem, not_found, outcome_unknown
from shared.web import cursor_after, cursor_of, json_response, limit_of, path_id, read_body

REFUSED_SHOWN_MAX = 20

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


_decode_new = msgspec.json.Decoder(NewSchedule)


async def open_schedule(request: web.Request) -> web.Response:
    """201 the schedule and what became of its slots; 409 where they would be there twice."""
    desk = request.app[DESK]
    clinic_id = path_id(request, "clinic")
    actor = await desk.staff(request, clinic_id)
    desk.need_log()
    body = await read_body(request, _decode_new)
    _need_sense(body)
    schedule = await _remembered(desk, clinic_id, body, desk.head(request, actor, body))
    starts = list(starts_of(schedule, ZoneInfo(schedule.time_zone)))
    coming = [start for start in starts if start > schedule.made_at]
    commands = (_open_slot(desk, schedule, start) for start in coming)
    replies = await desk.ask_each(commands, clinic_id, begun=True)
    opened = sum(isinstance(reply, SlotOpened) for reply in replies)
    try:
        await desk.schedules.note_opened(schedule.id, opened)
    except database.AWAY as error:
        raise outcome_unknown() from error
    shown = OpenedSchedule(
        **_columns(schedule) | {"opened": opened},
        slots=len(starts),
        past=len(starts) - len(coming),
        refused=_refused(coming, replies),
    )
    return json_response(shown, status=201)


def _need_sense(body: NewSchedule) -> None:
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


async def _remembered(
    desk: Desk, clinic_id: UUID, body: NewSchedule, head: dict[str, Any]
) -> Schedule:
    """The schedule that this request asked for earlier, or asks for now."""
    async with desk.schedules.of_clinic(clinic_id) as clinic:
        if clinic is None:
            raise not_found("clinic")
        before = await clinic.find(head["id"])
        if before is not None:
            if before.body_hash != head["body_hash"]:
                raise problem_for("key_reused")
            if before.withdrawn_at is not None:
                raise Problem(409, "schedule_withdrawn", "Make a new one, with a new key.")
            return before
        wanted = _wanted(clinic, body, head)
        _need_some_slots_but_not_too_many(wanted)
        others = await clinic.standing(wanted.service, wanted.valid_from, wanted.valid_to)
        other = doubled(wanted, others)
        if other is not None:
            raise _overlaps(other)
        if not await clinic.add(wanted):
            raise problem_for("key_reused")
        return wanted


def _wanted(clinic: OfClinic, body: NewSchedule, head: dict[str, Any]) -> Schedule:
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
    )


def _need_some_slots_but_not_too_many(wanted: Schedule) -> None:
    zone = ZoneInfo(wanted.time_zone)
    today = wanted.made_at.astimezone(zone).date()
    if wanted.valid_to < today:
        raise Problem(422, "no_slots", "valid_to is over already.")
    if wanted.valid_to > today + timedelta(days=SCHEDULE_AHEAD_DAYS_MAX):
        far = f"valid_to is at most {SCHEDULE_AHEAD_DAYS_MAX} days from today."
        raise Problem(422, "invalid_body", far)
    slots = slot_count(wanted, zone)
    if slots > SCHEDULE_SLOTS_MAX:
        raise Problem(
            422,
            "too_many_slots",
            f"These would be {slots} slots, and one schedule has at most {SCHEDULE_SLOTS_MAX}: "
            "make several, one after the other.",
            slots=slots,
        )
    if not any(start > wanted.made_at for start in starts_of(wanted, zone)):
        raise Problem(422, "no_slots", "Not one slot is to come on these days and in these hours.")


def _overlaps(other: Schedule) -> Problem:
    shown = ScheduleBody(**_columns(other))
    return Problem(
        409,
        "schedule_overlaps",
        "The clinic has a schedule for the same at some of these times: its slots would be there "
        "twice. For more places change the capacity; to replace a schedule withdraw it first.",
        schedule=shown,
    )


def _open_slot(desk: Desk, schedule: Schedule, start: datetime) -> OpenSlot:
    """One of its slots: the same command, and the same slot, whenever it is asked for."""
    command_id = uuid5(schedule.id, f"slot/{start.isoformat()}")
    return OpenSlot(
        slot_id=uuid5(command_id, "slot"),
        clinic_id=schedule.clinic_id,
        service=schedule.service,
        product=schedule.product,
        dose=schedule.dose,
        starts_at=start,
        ends_at=start + timedelta(minutes=schedule.slot_minutes),
        capacity=schedule.capacity,
        **desk.head_of(command_id, cause=schedule.id, asked=schedule.body_hash),
    )


def _refused(coming: Iterable[datetime], replies: Iterable[Any]) -> tuple[NotOpened, ...]:
    """Why the first of those were not opened that were not."""
    not_opened = [
        (start, problem_of(reply))
        for start, reply in zip(coming, replies, strict=True)
        if isinstance(reply, Refused)
    ]
    return tuple(
        NotOpened(starts_at=start, code=problem.code, detail=problem.detail)
        for start, problem in not_opened[:REFUSED_SHOWN_MAX]
    )


async def list_schedules(request: web.Request) -> web.Response:
    """200 a clinic's schedules, oldest first; an empty list is an answer."""
    desk = request.app[DESK]
    clinic_id = path_id(request, "clinic")
    await desk.staff(request, clinic_id)
    limit = limit_of(request)
    found = await desk.schedules.list(clinic_id, cursor_of(request, (datetime, UUID)), limit)
    cursor = None
    if len(found) == limit:
        cursor = cursor_after(found[-1].made_at.isoformat(), found[-1].id)
    shown = [ScheduleBody(**_columns(schedule)) for schedule in found]
    return json_response({"schedules": shown, "cursor": cursor})


async def withdraw_schedule(request: web.Request) -> web.Response:
    """204: it stands in no other's way any more. Its slots stay; a closure shuts them."""
    desk = request.app[DESK]
    clinic_id = path_id(request, "clinic")
    await desk.staff(request, clinic_id)
    if not await desk.schedules.withdraw(clinic_id, path_id(request, "schedule", "schedule")):
        raise not_found("schedule")
    return web.Response(status=204)


def _columns(schedule: Schedule) -> dict[str, Any]:
    """A schedule in the words of those who made it."""
    about = msgspec.structs.asdict(schedule)
    del about["body_hash"]
    about["weekdays"] = tuple(WEEKDAYS[day - 1] for day in schedule.weekdays)
    about["starts"] = _clock(about.pop("starts_minute"))
    about["ends"] = _clock(about.pop("ends_minute"))
    return about


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


ROUTES = [
    web.post("/api/v1/clinics/{id}/schedules", open_schedule),
    web.get("/api/v1/clinics/{id}/schedules", list_schedules),
    web.delete("/api/v1/clinics/{id}/schedules/{schedule}", withdraw_schedule),
]
