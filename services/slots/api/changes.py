"""What becomes of a schedule's slots when another version of it begins to count?"""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from services.slots.api.desk import Desk
from services.slots.api.previews import kept_shown
from services.slots.rules.schedules import Schedule
from services.slots.rules.versions import Plan
from shared import database
from shared.messages import ChangeSlot, Refused
from shared.problems import outcome_unknown


class Asked(NamedTuple):
    """A version that counts, the first of its series, and what it changes."""

    version: Schedule
    first: Schedule
    plan: Plan


async def change_slots(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Shut what is empty and no longer meant, reopen, resize; what became of it."""
    planned = asked.plan
    replies = await desk.ask_each(_changes(desk, asked), asked.version.clinic_id, begun=True)
    done = [not isinstance(reply, Refused) for reply in replies]
    closed, reopened = len(planned.closes), len(planned.reopens)
    taken = [
        change.slot_id
        for change, reply in zip(
            (*planned.closes, *planned.reopens, *planned.resizes), replies, strict=True
        )
        if isinstance(reply, Refused) and reply.reason == "in_use"
    ]
    try:
        await desk.schedules.note_planned(asked.version.id)
    except database.AWAY as error:
        raise outcome_unknown() from error
    return {
        "closed": sum(done[:closed]),
        "reopened": sum(done[closed : closed + reopened]),
        "resized": sum(done[closed + reopened :]),
        "keeps": kept_shown(planned),
        "taken_meanwhile": tuple(taken),
    }


def _changes(desk: Desk, asked: Asked) -> Iterator[ChangeSlot]:
    """One command for each slot, the same whenever it is asked."""
    planned = asked.plan
    for change in planned.closes:
        yield _change_slot(desk, asked, change.slot_id, open=False, only_empty=True)
    for change in planned.reopens:
        yield _change_slot(desk, asked, change.slot_id, open=True, capacity=change.capacity)
    for change in planned.resizes:
        yield _change_slot(desk, asked, change.slot_id, capacity=change.capacity)


def _change_slot(desk: Desk, asked: Asked, slot_id: UUID, **about: Any) -> ChangeSlot:
    head = desk.head_of(
        uuid5(asked.version.id, str(slot_id)),
        cause=asked.version.id,
        asked=asked.version.body_hash,
    )
    return ChangeSlot(slot_id=slot_id, **about, **head)
