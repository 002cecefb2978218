"""What does a visit need beside its time: of whom, where, seen how, after which other visit?

A service that nobody declared, such as an imported one, needs nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Meta

from services.booking.rules.eligibility import SlotFacts, Wanted
from services.booking.rules.life import Booking
from shared.messages import RemindBefore, Text

Kind = Literal["vaccination", "clinic-visit", "telemedicine", "follow-up"]
Need = Literal["practitioner", "room", "interpreter"]
Missing = Literal["practitioner", "room", "interpreter", "virtual", "service"]

NEEDS_MAX = 3
Facts = Mapping[UUID, SlotFacts]
REMINDERS_MAX = 5
"""The most times that somebody is reminded of one visit."""

Services = Mapping[str, "Service"]


class Service(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which kind a clinic's service is, and what must be free together with it.

    One person has at most `bookings_max` bookings of it ahead, and its visits are `days_between`
    apart at least; null sets no such limit. People are reminded of it so long before (`reminders`:
    P7D, PT2H), or as of any other where that is null.
    """

    name: Text
    kind: Kind
    needs: Annotated[tuple[Need, ...], Meta(max_length=NEEDS_MAX)]
    bookings_max: Annotated[int, Meta(ge=1, le=20)] | None = None
    days_between: Annotated[int, Meta(ge=1, le=3_650)] | None = None
    reminders: Annotated[tuple[RemindBefore, ...], Meta(max_length=REMINDERS_MAX)] | None = None


class Lack(NamedTuple):
    """What a place lacks of that which its service needs."""

    slot_id: UUID
    service: str
    missing: tuple[Missing, ...]


def is_plain(wanted: Sequence[Wanted], slots: Facts, services: Services) -> bool:
    """True when there is nothing to judge here: each place is a visit by itself, as most are.

    Of a slot that is not known here yet the referee takes nobody's word for a paper.
    """
    for place in wanted:
        slot = slots.get(place.slot_id)
        if place.follows is not None:
            return False
        if slot is None:
            continue
        if slot.resource != "service" or slot.asks_for != "nothing":
            return False
        service = services.get(slot.service)
        if service is not None and (service.needs or service.kind in ("telemedicine", "follow-up")):
            return False
    return True


def lack_of(wanted: Sequence[Wanted], slots: Facts, services: Services) -> Lack | None:
    """The first place that lacks something: what is needed is a place of the same person's, then.

    A room or an interpreter by itself is no visit. Every slot is known.
    """
    mine = [(place.patient_id, slots[place.slot_id]) for place in wanted]
    for patient_id, slot in mine:
        others = [one for whose, one in mine if whose == patient_id and one is not slot]
        if slot.resource == "service":
            missing = tuple(_missing(slot, others, services.get(slot.service)))
        else:
            served = any(one.resource == "service" and _is_with(slot, one) for one in others)
            missing = () if served else ("service",)
        if missing:
            return Lack(slot.id, slot.service, missing)
    return None


def needs_before(slot: SlotFacts, services: Services) -> bool:
    """True for a visit that is only made after another."""
    service = services.get(slot.service)
    return slot.resource == "service" and service is not None and service.kind == "follow-up"


def can_follow(before: Booking | None, slot: SlotFacts, patient_ids: Collection[UUID]) -> bool:
    """Can this visit follow that booking? It is the same person's, stands, and begins earlier."""
    if before is None or before.kind != "booking" or before.status != "booked":
        return False
    return any(
        (place.patient_id or before.owner_id) in patient_ids and place.starts_at < slot.starts_at
        for place in before.places
    )


def _missing(
    slot: SlotFacts, others: Sequence[SlotFacts], service: Service | None
) -> list[Missing]:
    if service is None:
        return []
    there: set[str] = {"practitioner"} if slot.practitioner_id is not None else set()
    for one in others:
        if _is_with(one, slot):
            there.add(one.resource if one.practitioner_id is None else "practitioner")
    missing: list[Missing] = [need for need in service.needs if need not in there]
    if service.kind == "telemedicine" and slot.modality != "virtual":
        missing.append("virtual")
    return missing


def _is_with(other: SlotFacts, slot: SlotFacts) -> bool:
    """Is the one there for the whole of the other? At the same clinic, unless both are afar."""
    afar = slot.modality == other.modality == "virtual"
    return (
        (afar or other.clinic_id == slot.clinic_id)
        and other.starts_at <= slot.starts_at
        and other.ends_at >= slot.ends_at
    )
