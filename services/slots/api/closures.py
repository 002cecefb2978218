"""How are many of a clinic's slots shut or reopened at once, by hand?

The slots are looked up once and remembered: the same request asked again means the same slots, and
not those that were opened in the same window since.
"""

from collections.abc import Iterator
from typing import Any, Literal
from uuid import UUID, uuid5

import msgspec
from aiohttp import web
from msgspec import field

from services.slots.api.desk import DESK, Desk, problem_for, problem_of
from services.slots.api.problems import REFEREE
from services.slots.rules.closing import Found, needs_another, people_in, to_shut
from services.slots.store import Closure
from shared.messages import ChangeSlot, Instant, Refused, Text
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem, not_found
from shared.web import json_response, path_id, read_body

CLOSURE_SLOTS_MAX = 500
"""The most slots of one request, whatever one person may do alone."""


class NewClosure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /clinics/{id}/closures`: slots that start from `from` on, before `to`."""

    since: Instant = field(name="from")
    until: Instant = field(name="to")
    status: Literal["busy-unavailable", "free"]
    service: Text | None = None
    cancel_bookings: bool = False


class NotChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A slot that stays as it is, and why."""

    slot_id: UUID
    code: str
    detail: str


class ClosureBody(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the slots in the window; `unchanged` were as was wished already."""

    id: UUID
    changed: int
    unchanged: int
    refused: tuple[NotChanged, ...]


_decode_new = msgspec.json.Decoder(NewClosure)


async def close_slots(request: web.Request) -> web.Response:
    """200 how many slots were shut or reopened; 409 where that needs two persons: propose it."""
    desk, actor = request.app[DESK], allowed(request).actor
    clinic_id = path_id(request, "clinic")
    desk.need_log()
    body = await read_body(request, _decode_new)
    if body.until <= body.since:
        raise Problem(422, "invalid_body", "to is later than from.")
    if body.cancel_bookings and body.status == "free":
        raise Problem(422, "invalid_body", "cancel_bookings goes with status busy-unavailable.")
    closure = await _remembered(desk, clinic_id, body, desk.head(request, actor, body))
    replies = await desk.ask_each(_changes(desk, closure, body), clinic_id)
    refused = tuple(
        NotChanged(slot_id=slot_id, code=problem_of(reply).code, detail=problem_of(reply).detail)
        for slot_id, reply in zip(closure.slot_ids, replies, strict=True)
        if isinstance(reply, Refused)
    )
    return json_response(
        ClosureBody(
            id=closure.id,
            changed=len(replies) - len(refused),
            unchanged=closure.unchanged,
            refused=refused,
        )
    )


async def _remembered(
    desk: Desk, clinic_id: UUID, body: NewClosure, head: dict[str, Any]
) -> Closure:
    """The slots that this request meant earlier, or means now."""
    closure = await desk.closures.find(head["id"])
    if closure is None:
        found = await _found(desk, clinic_id, body)
        closure = _closure(found, body, head)
        _need_few_enough_for_one(desk, body, found)
        if not await desk.closures.remember(clinic_id, closure):
            # The same request, twice at once: both mean what the quicker one found.
            closure = await desk.closures.find(head["id"]) or closure
    if closure.body_hash != head["body_hash"]:
        raise problem_for("key_reused")
    return closure


async def _found(desk: Desk, clinic_id: UUID, body: NewClosure) -> list[Found]:
    if not await desk.closures.knows_clinic(clinic_id):
        raise not_found("clinic")
    found = await desk.closures.slots_in_window(
        clinic_id, (body.since, body.until), body.service, CLOSURE_SLOTS_MAX + 1
    )
    if len(found) > CLOSURE_SLOTS_MAX:
        raise Problem(
            422,
            "too_many_slots",
            f"More than {CLOSURE_SLOTS_MAX} slots start between from and to: take a shorter time, "
            "or one service.",
        )
    return found


def _need_few_enough_for_one(desk: Desk, body: NewClosure, found: list[Found]) -> None:
    """Reopening takes nothing from anybody; shutting may, and then it may need a second person."""
    if body.status == "free":
        return
    meant = to_shut(found, cancel_bookings=body.cancel_bookings)
    slots, people = len(meant), people_in(meant) if body.cancel_bookings else 0
    if needs_another(slots, people, desk.alone):
        raise Problem(
            409,
            "two_persons_needed",
            f"This would shut {slots} slots and cancel the bookings of {people} people; alone one "
            f"shuts at most {desk.alone.slots_max} slots with {desk.alone.people_max} people. "
            "Propose it, and let somebody else approve it.",
            slots=slots,
            people=people,
        )


def _closure(found: list[Found], body: NewClosure, head: dict[str, Any]) -> Closure:
    wanted_open = body.status == "free"
    # Bookings in a slot that is shut already may still have to be cancelled.
    slot_ids = tuple(slot.id for slot in found if slot.open != wanted_open or body.cancel_bookings)
    return Closure(
        id=head["id"],
        slot_ids=slot_ids,
        unchanged=len(found) - len(slot_ids),
        body_hash=head["body_hash"],
    )


def _changes(desk: Desk, closure: Closure, body: NewClosure) -> Iterator[ChangeSlot]:
    """One command for each slot, the same whenever it is asked."""
    for slot_id in closure.slot_ids:
        yield ChangeSlot(
            slot_id=slot_id,
            open=body.status == "free",
            cancel_bookings=body.cancel_bookings,
            **desk.head_of(
                uuid5(closure.id, str(slot_id)), cause=closure.id, asked=closure.body_hash
            ),
        )


ROUTES = [
    Route(
        "POST",
        "/api/v1/clinics/{id}/closures",
        close_slots,
        tag="slots",
        body=NewClosure,
        needs_key=True,
        answers={200: Answer("The slots were shut or reopened.", ClosureBody)},
        problems=("too_many_slots", "two_persons_needed", *REFEREE),
    ),
]
