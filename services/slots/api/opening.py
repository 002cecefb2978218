"""How are a schedule's slots asked for? Each is one command, the same whenever it is asked.

One with an end is opened whole by the request that makes it; of one without, its first days, and
the others by themselves.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from services.slots.api.desk import Desk, problem_of
from services.slots.api.weekly import NotOpened
from services.slots.rules.horizons import begun, step
from services.slots.rules.schedules import (
    FOREVER,
    ONE_DAY,
    SCHEDULE_SLOTS_MAX,
    Schedule,
    Wanted,
    command_id_of,
    slot_id_of,
    slots_of,
)
from shared import database
from shared.messages import OpenSlot, Refused, SlotOpened
from shared.problems import outcome_unknown

REFUSED_SHOWN_MAX = 20
"""How many of the slots that were not opened are told one by one."""


async def open_all(desk: Desk, first: Schedule, schedule: Schedule) -> dict[str, Any]:
    """Ask for all slots of a version, or those of its first days; what became of them."""
    zone = ZoneInfo(schedule.time_zone)
    if schedule.valid_to != FOREVER:
        slots = list(slots_of(schedule, zone))
        return await _asked(desk, first, schedule, slots)
    begins = begun(schedule, zone, desk.ahead_days)
    assert begins.opened_until is not None
    until = step(begins, zone, SCHEDULE_SLOTS_MAX)
    slots = list(slots_of(begins, zone, begins.opened_until + ONE_DAY, until))
    told = await _asked(desk, first, begins, slots, until)
    return told | {"opened_until": until, "holidays": begins.holidays}


async def _asked(
    desk: Desk,
    first: Schedule,
    schedule: Schedule,
    slots: list[Wanted],
    until: date | None = None,
) -> dict[str, Any]:
    coming = [slot for slot in slots if slot.starts_at > schedule.made_at]
    commands = (open_slot(desk, first, schedule, slot) for slot in coming)
    replies = await desk.ask_each(commands, schedule.clinic_id, begun=True)
    opened = opened_of(replies)
    try:
        if until is None:
            await desk.schedules.note_opened(schedule.id, opened)
        else:
            await desk.schedules.note_days(schedule, until, opened=opened, look_at=desk.clock.now())
    except database.AWAY as error:
        raise outcome_unknown() from error
    told = {"opened": opened, "slots": len(slots), "past": len(slots) - len(coming)}
    return told | {"refused": _refused(coming, replies)}


def opened_of(replies: Iterable[Any]) -> int:
    """How many of them say that a slot is there now."""
    return sum(isinstance(reply, SlotOpened) for reply in replies)


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
