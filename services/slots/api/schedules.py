"""How does a clinic open the same hours again and again?

A schedule is remembered before its slots are asked for: two that would double each other see each
other, and a request asked again after a crash means the same slots, of which each is one command.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from services.slots.api.desk import DESK, Desk, problem_for, problem_of
from services.slots.api.problems import REFEREE
from services.slots.api.weekly import (
    NewSchedule,
    NotOpened,
    OpenedSchedule,
    ScheduleBody,
    ScheduleList,
    columns_of,
    need_sense,
    on_the_clock,
    schedule_of,
)
from services.slots.rules.schedules import (
    SCHEDULE_AHEAD_DAYS_MAX,
    SCHEDULE_SLOTS_MAX,
    Schedule,
    Wanted,
    command_id_of,
    doubled,
    slot_count,
    slot_id_of,
    slots_of,
    starts_of,
)
from services.slots.store.schedules import OfClinic
from shared import database
from shared.messages import OpenSlot, Refused, SlotOpened
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem, not_found, outcome_unknown
from shared.web import (
    Page,
    cursor_after,
    cursor_of,
    json_response,
    path_id,
    read_body,
    read_query,
)

REFUSED_SHOWN_MAX = 20
"""How many of the slots that were not opened are told one by one."""

_decode_new = msgspec.json.Decoder(NewSchedule)


async def open_schedule(request: web.Request) -> web.Response:
    """201 the schedule and what became of its slots; 409 where they would be there twice."""
    desk, actor = request.app[DESK], allowed(request).actor
    clinic_id = path_id(request, "clinic")
    desk.need_log()
    body = await read_body(request, _decode_new)
    need_sense(body)
    schedule = await _remembered(desk, clinic_id, body, desk.head(request, actor, body))
    opened = await open_all(desk, schedule, schedule)
    return json_response(OpenedSchedule(**columns_of(schedule) | opened), status=201)


async def open_all(desk: Desk, first: Schedule, schedule: Schedule) -> dict[str, Any]:
    """Ask for all slots of a version; what became of them."""
    slots = list(slots_of(schedule, ZoneInfo(schedule.time_zone)))
    coming = [slot for slot in slots if slot.starts_at > schedule.made_at]
    commands = (open_slot(desk, first, schedule, slot) for slot in coming)
    replies = await desk.ask_each(commands, schedule.clinic_id, begun=True)
    opened = sum(isinstance(reply, SlotOpened) for reply in replies)
    try:
        await desk.schedules.note_opened(schedule.id, opened)
    except database.AWAY as error:
        raise outcome_unknown() from error
    told = {"opened": opened, "slots": len(slots), "past": len(slots) - len(coming)}
    return told | {"refused": _refused(coming, replies)}


async def _remembered(
    desk: Desk, clinic_id: UUID, body: NewSchedule, head: dict[str, Any]
) -> Schedule:
    """The schedule that this request asked for earlier, or asks for now."""
    async with desk.schedules.of_clinic(clinic_id) as clinic:
        if clinic is None:
            raise not_found("clinic")
        before = await asked_before(clinic, head)
        if before is not None:
            return before
        wanted = await with_holidays(clinic, schedule_of(clinic, body, head))
        await need_practitioner(clinic, wanted)
        await need_room(clinic, wanted)
        if not await clinic.add(wanted):
            raise problem_for("key_reused")
        return wanted


async def need_practitioner(clinic: OfClinic, wanted: Schedule) -> None:
    """Whose time it is, if it is somebody's, is known at the clinic."""
    if wanted.practitioner_id is not None and not await clinic.knows(wanted.practitioner_id):
        raise Problem(422, "practitioner_unknown", "Nobody of this id is active at the clinic.")


async def asked_before(clinic: OfClinic, head: dict[str, Any]) -> Schedule | None:
    """What an earlier request under this key asked for, which was the same."""
    before = await clinic.find(head["id"])
    if before is None:
        return None
    if before.body_hash != head["body_hash"]:
        raise problem_for("key_reused")
    if before.withdrawn_at is not None:
        raise Problem(409, "schedule_withdrawn", "Make a new one, with a new key.")
    return before


async def with_holidays(clinic: OfClinic, wanted: Schedule) -> Schedule:
    """With the holidays that are known now."""
    closed = await clinic.holidays(wanted.valid_from, wanted.valid_to)
    return msgspec.structs.replace(wanted, holidays=closed)


async def need_room(clinic: OfClinic, wanted: Schedule) -> None:
    """Some slots are to come, not too many, and none that another schedule has already."""
    _need_some_slots_but_not_too_many(wanted)
    other = doubled(wanted, await clinic.standing(wanted))
    if other is not None:
        raise _overlaps(other)


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
    hours = f"{on_the_clock(other.starts_minute)} to {on_the_clock(other.ends_minute)}"
    return Problem(
        409,
        "schedule_overlaps",
        f"The clinic has a schedule for the same from {hours}, {other.valid_from} to "
        f"{other.last}: slots would be there twice. For more places change "
        "the capacity; to replace the schedule make a version of it, or withdraw it first.",
        schedule_id=other.id,
    )


def open_slot(desk: Desk, first: Schedule, schedule: Schedule, slot: Wanted) -> OpenSlot:
    """One of its slots: the same command, and the same slot, whichever version asks for it."""
    command_id = command_id_of(first, schedule, slot)
    return OpenSlot(
        slot_id=slot_id_of(first, schedule, slot),
        clinic_id=schedule.clinic_id,
        service=schedule.service,
        product=slot.seats.product,
        dose=slot.seats.dose,
        modality=schedule.modality,
        practitioner_id=schedule.practitioner_id,
        resource=schedule.resource,
        asks_for=schedule.asks_for,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        capacity=slot.seats.capacity,
        closes_minutes_before=schedule.closes_minutes_before,
        cancel_until_minutes_before=schedule.cancel_until_minutes_before,
        **desk.head_of(command_id, cause=first.id, asked=first.body_hash),
    )


def _refused(coming: Iterable[Wanted], replies: Iterable[Any]) -> tuple[NotOpened, ...]:
    """Why the first of those were not opened that were not."""
    not_opened = [
        (slot.starts_at, problem_of(reply))
        for slot, reply in zip(coming, replies, strict=True)
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
    limit = read_query(request, Page).limit
    found = await desk.schedules.list(clinic_id, cursor_of(request, (datetime, UUID)), limit)
    cursor = None
    if len(found) == limit:
        cursor = cursor_after(found[-1].made_at.isoformat(), found[-1].id)
    shown = [ScheduleBody(**columns_of(schedule)) for schedule in found]
    return json_response(ScheduleList(schedules=shown, cursor=cursor))


async def withdraw_schedule(request: web.Request) -> web.Response:
    """204: no version of it stands in another's way, nor is any day opened by itself any more.

    Its slots stay; a closure shuts them.
    """
    desk = request.app[DESK]
    clinic_id = path_id(request, "clinic")
    if not await desk.schedules.withdraw(clinic_id, path_id(request, "schedule", "schedule")):
        raise not_found("schedule")
    return web.Response(status=204)


ROUTES = [
    Route(
        "POST",
        "/api/v1/clinics/{id}/schedules",
        open_schedule,
        tag="schedules",
        body=NewSchedule,
        needs_key=True,
        answers={201: Answer("The schedule stands, and its slots were asked for.", OpenedSchedule)},
        problems=(
            "practitioner_unknown",
            "schedule_overlaps",
            "schedule_withdrawn",
            "too_many_slots",
            "no_slots",
            *REFEREE,
        ),
    ),
    Route(
        "GET",
        "/api/v1/clinics/{id}/schedules",
        list_schedules,
        tag="schedules",
        query=Page,
        answers={200: Answer("The schedules, the oldest first.", ScheduleList)},
    ),
    Route(
        "DELETE",
        "/api/v1/clinics/{id}/schedules/{schedule}",
        withdraw_schedule,
        tag="schedules",
        answers={204: Answer("It is withdrawn.")},
    ),
]
