"""How are slots opened and changed?"""

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

import msgspec
from aiohttp import web

from services.slots.api.desk import DESK, problem_of
from services.slots.api.problems import REFEREE, SlotRefusal
from services.slots.availability import SlotBody, status_of
from shared.messages import (
    AsksFor,
    Capacity,
    ChangeSlot,
    Dose,
    Extra,
    Instant,
    MinutesBefore,
    Modality,
    OpenSlot,
    OptionalText,
    Refused,
    Resource,
    SlotChanged,
    SlotCount,
    SlotOpened,
    Text,
)
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem
from shared.web import json_response, path_id, read_body

SLOTS_PER_REQUEST_MAX = 500


class NewSlot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One slot of `POST /clinics/{id}/slots`."""

    service: Text
    product: OptionalText = ""
    dose: Dose | None = None
    modality: Modality = "physical"
    practitioner_id: UUID | None = None
    resource: Resource = "service"
    asks_for: AsksFor = "nothing"
    starts_at: Instant
    ends_at: Instant
    capacity: Capacity
    closes_minutes_before: MinutesBefore = 0
    cancel_until_minutes_before: MinutesBefore = 0
    id: UUID | None = None


class NewSlots(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /clinics/{id}/slots`."""

    slots: Annotated[
        tuple[NewSlot, ...], msgspec.Meta(min_length=1, max_length=SLOTS_PER_REQUEST_MAX)
    ]


class SlotChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `PATCH /slots/{id}`; what is left out stays as it is.

    `extra`: so many more people than there are places; who says so is noted.
    """

    capacity: Capacity | None = None
    extra: Extra | None = None
    closes_minutes_before: MinutesBefore | None = None
    cancel_until_minutes_before: MinutesBefore | None = None
    status: Literal["free", "busy-unavailable"] | None = None
    cancel_bookings: bool = False


class SlotsOpened(msgspec.Struct, frozen=True, kw_only=True):
    """What was opened of those that were asked for, and what was refused."""

    slots: list[SlotBody]
    refused: list[SlotRefusal]


MINUTE = timedelta(minutes=1)
NUMBERS = ("capacity", "extra", "closes_minutes_before", "cancel_until_minutes_before")

_decode_new = msgspec.json.Decoder(NewSlots)
_decode_change = msgspec.json.Decoder(SlotChange)


async def open_slots(request: web.Request) -> web.Response:
    """201 what was opened, and what was refused beside it; 409 where nothing was."""
    desk, actor = request.app[DESK], allowed(request).actor
    clinic_id = path_id(request, "clinic")
    body = await read_body(request, _decode_new)
    for nth, slot in enumerate(body.slots):
        if slot.ends_at <= slot.starts_at:
            raise Problem(422, "invalid_body", f"slots[{nth}] ends before it starts.")
        if slot.practitioner_id is not None and slot.resource != "service":
            wrong = f"slots[{nth}] is a practitioner's, so it has no other resource."
            raise Problem(422, "invalid_body", wrong)
    named = {slot.practitioner_id for slot in body.slots if slot.practitioner_id is not None}
    if await desk.practitioners.unknown(clinic_id, named):
        # What was begun under this key is finished, though somebody has left meanwhile.
        heads = [desk.head(request, actor, body, nth) for nth in range(len(body.slots))]
        if not await desk.reads.is_begun([head["id"] for head in heads], heads[0]["body_hash"]):
            raise Problem(422, "practitioner_unknown", "Nobody of this id is active at the clinic.")
    commands = (
        _open_slot(clinic_id, slot, desk.head(request, actor, body, nth))
        for nth, slot in enumerate(body.slots)
    )
    replies = await desk.ask_each(commands, clinic_id)
    refused = [
        SlotRefusal(nth=nth, code=problem_of(reply).code, detail=problem_of(reply).detail)
        for nth, reply in enumerate(replies)
        if isinstance(reply, Refused)
    ]
    if len(refused) == len(replies):
        first = next(reply for reply in replies if isinstance(reply, Refused))
        problem = problem_of(first)
        problem.more["refused"] = refused
        raise problem
    opened = [_opened(reply) for reply in replies if isinstance(reply, SlotOpened)]
    return json_response(SlotsOpened(slots=opened, refused=refused), status=201)


def _open_slot(clinic_id: UUID, slot: NewSlot, head: dict[str, Any]) -> OpenSlot:
    return OpenSlot(
        slot_id=slot.id or uuid5(head["id"], "slot"),
        clinic_id=clinic_id,
        service=slot.service,
        product=slot.product,
        dose=slot.dose,
        modality=slot.modality,
        practitioner_id=slot.practitioner_id,
        resource=slot.resource,
        asks_for=slot.asks_for,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        capacity=slot.capacity,
        closes_minutes_before=slot.closes_minutes_before,
        cancel_until_minutes_before=slot.cancel_until_minutes_before,
        **head,
    )


async def change_slot(request: web.Request) -> web.Response:
    """200 the slot; 409 where people in it would be worse off."""
    desk, who = request.app[DESK], allowed(request)
    slot_id = path_id(request, "slot")
    body = await read_body(request, _decode_change)
    row = await desk.reads.find_slot(slot_id)
    who.at_clinic("slot", None if row is None else row["clinic_id"])
    assert row is not None
    numbers = {name: getattr(body, name) for name in NUMBERS}
    if body.status is None and all(number is None for number in numbers.values()):
        raise Problem(422, "invalid_body", f"Give a status, or a number: {', '.join(NUMBERS)}.")
    if body.cancel_bookings and body.status != "busy-unavailable":
        raise Problem(422, "invalid_body", "cancel_bookings goes with status busy-unavailable.")
    command = ChangeSlot(
        slot_id=slot_id,
        by=who.actor.id,
        **numbers,
        open=None if body.status is None else body.status == "free",
        cancel_bookings=body.cancel_bookings,
        **desk.head(request, who.actor, body),
    )
    reply = await desk.ask(command, row["clinic_id"])
    if isinstance(reply, Refused):
        raise problem_of(reply)
    assert isinstance(reply, SlotChanged)
    return json_response(_shown(row | _columns(reply.count)))


def _opened(event: SlotOpened) -> SlotBody:
    about = {
        "id": event.slot_id,
        "clinic_id": event.clinic_id,
        "service": event.service,
        "product": event.product,
        "dose": event.dose,
        "modality": event.modality,
        "practitioner_id": event.practitioner_id,
        "resource": event.resource,
        "asks_for": event.asks_for,
        "starts_at": event.starts_at,
        "ends_at": event.ends_at,
    }
    return _shown(about | _columns(event.count))


def _columns(count: SlotCount) -> dict[str, Any]:
    about = msgspec.structs.asdict(count)
    del about["slot_id"]
    return about


def _shown(row: dict[str, Any]) -> SlotBody:
    about = dict(row)
    is_open, starts_at = about.pop("open"), about["starts_at"]
    about["bookable_until"] = starts_at - about.pop("closes_minutes_before") * MINUTE
    about["cancel_until"] = starts_at - about.pop("cancel_until_minutes_before") * MINUTE
    free = about["capacity"] + about["extra"] - about["held"] - about["booked"]
    return SlotBody(**about, free=free, status=status_of(is_open, free, about["held"]))


ROUTES = [
    Route(
        "POST",
        "/api/v1/clinics/{id}/slots",
        open_slots,
        tag="slots",
        body=NewSlots,
        needs_key=True,
        answers={201: Answer("Some or all are opened; `refused` says which are not.", SlotsOpened)},
        problems=("slot_unknown", "already_exists", "practitioner_unknown", *REFEREE),
    ),
    Route(
        "PATCH",
        "/api/v1/slots/{id}",
        change_slot,
        tag="slots",
        body=SlotChange,
        needs_key=True,
        answers={200: Answer("The slot as it is now.", SlotBody)},
        problems=("slot_in_use", *REFEREE),
    ),
]
