"""How does a clinic open the same hours again and again?

A schedule is remembered before its slots are asked for: two that would double each other see each
other, and a request asked again after a crash means the same slots, of which each is one command.
"""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from services.slots.api.desk import DESK, Desk, problem_for
from services.slots.api.opening import open_all
from services.slots.api.problems import REFEREE
from services.slots.api.weekly import (
    NewSchedule,
    OpenedSchedule,
    ScheduleBody,
    ScheduleList,
    columns_of,
    need_sense,
    on_the_clock,
    schedule_of,
)
from services.slots.rules.schedules import (
    FOREVER,
    SCHEDULE_AHEAD_DAYS_MAX,
    SCHEDULE_DAY_SLOTS_MAX,
    SCHEDULE_DAYS_MAX,
    SCHEDULE_SLOTS_MAX,
    Schedule,
    counts_of,
    doubled,
    slot_count,
    starts_of,
)
from services.slots.store.schedules import OfClinic
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem, not_found
from shared.web import (
    Page,
    cursor_after,
    cursor_of,
    json_response,
    path_id,
    read_body,
    read_query,
)

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


async def _remembered(
    desk: Desk, clinic_id: UUID, body: NewSchedule, head: dict[str, Any]
) -> Schedule:
    """The schedule that this request asked for earlier, or asks for now."""
    async with desk.schedules.of_clinic(clinic_id) as clinic:
        if clinic is None:
            raise not_found("clinic")
        before = await asked_before(clinic, head["id"], head["body_hash"])
        if before is not None:
            return before
        wanted = schedule_of(clinic, body, head, desk.ahead_days)
        wanted = await with_holidays(clinic, wanted)
        await need_practitioner(clinic, wanted)
        await need_room(clinic, wanted)
        if not await clinic.add(wanted):
            raise problem_for("key_reused")
        return wanted


async def need_practitioner(clinic: OfClinic, wanted: Schedule) -> None:
    """Whose time it is, if it is somebody's, is known at the clinic."""
    if wanted.practitioner_id is not None and not await clinic.knows(wanted.practitioner_id):
        raise Problem(422, "practitioner_unknown", "Nobody of this id is active at the clinic.")


async def asked_before(clinic: OfClinic, schedule_id: UUID, body_hash: bytes) -> Schedule | None:
    """What an earlier request under this key asked for, which was the same."""
    before = await clinic.find(schedule_id)
    if before is None:
        return None
    if before.body_hash != body_hash:
        raise problem_for("key_reused")
    if before.withdrawn_at is not None:
        raise Problem(409, "schedule_withdrawn", "Make a new one, with a new key.")
    return before


async def with_holidays(clinic: OfClinic, wanted: Schedule) -> Schedule:
    """With the holidays that are known now."""
    closed = await clinic.holidays(wanted.valid_from, wanted.settled)
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
    ends = wanted.valid_to != FOREVER
    furthest = wanted.valid_to if ends else wanted.valid_from
    if furthest < today and ends:
        raise Problem(422, "no_slots", "valid_to is over already.")
    if furthest > today + timedelta(days=SCHEDULE_AHEAD_DAYS_MAX):
        which = "valid_to" if ends else "valid_from"
        far = f"{which} is at most {SCHEDULE_AHEAD_DAYS_MAX} days from today."
        raise Problem(422, "invalid_body", far)
    if ends:
        until = wanted.valid_to
        _need_few_slots(slot_count(wanted, zone), SCHEDULE_SLOTS_MAX, "schedule with an end")
    else:
        until = _need_few_a_day(wanted, zone, today)
    if not any(start > wanted.made_at for start in starts_of(wanted, zone, today, until)):
        raise Problem(422, "no_slots", "Not one slot is to come on these days and in these hours.")


def _need_few_a_day(wanted: Schedule, zone: ZoneInfo, today: date) -> date:
    """Of one without an end its first year is looked at; the last day of that."""
    year = timedelta(days=SCHEDULE_DAYS_MAX)
    if wanted.valid_from < today - year:
        long_ago = f"valid_from is at most {SCHEDULE_DAYS_MAX} days ago."
        raise Problem(422, "invalid_body", long_ago)
    until = max(wanted.valid_from, today) + year
    a_day = max((many for _, many in counts_of(wanted, zone, None, until)), default=0)
    _need_few_slots(a_day, SCHEDULE_DAY_SLOTS_MAX, "day of a schedule without an end")
    return until


def _need_few_slots(slots: int, most: int, of_what: str) -> None:
    if slots > most:
        raise Problem(
            422,
            "too_many_slots",
            f"These would be {slots} slots, and one {of_what} has at most {most}: make several.",
            slots=slots,
        )


def _overlaps(other: Schedule) -> Problem:
    hours = f"{on_the_clock(other.starts_minute)} to {on_the_clock(other.ends_minute)}"
    until = "on" if other.last == FOREVER else f"to {other.last}"
    return Problem(
        409,
        "schedule_overlaps",
        f"The clinic has a schedule for the same from {hours}, {other.valid_from} {until}: slots "
        "would be there twice. For more places change the capacity; to replace the schedule make "
        "a version of it, or withdraw it first.",
        schedule_id=other.id,
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
