"""How are answers worded? Derived from the command alone, so that a replay says the same."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from services.slots.rules.inventory import Inventory, Slot
from shared.messages import (
    Command,
    PlaceWish,
    Refusal,
    Refused,
    SlotCount,
    TakenPlace,
    answer_id,
)


def refuse(
    command: Command,
    reason: Refusal,
    at: datetime,
    slot_id: UUID | None = None,
    *,
    until: datetime | None = None,
) -> Refused:
    """The answer that changes nothing."""
    return Refused(
        id=answer_id(command.id, f"Refused/{reason}"),
        cause=command.id,
        at=at,
        reason=reason,
        slot_id=slot_id,
        until=until,
    )


def count_of(slot: Slot, *, held: int = 0, booked: int = 0) -> SlotCount:
    """The slot's counts after so many more were held and booked."""
    return SlotCount(
        slot_id=slot.id,
        version=slot.version + 1,
        capacity=slot.capacity,
        held=slot.held + held,
        booked=slot.booked + booked,
        open=slot.open,
        extra=slot.extra,
        closes_minutes_before=slot.closes_minutes_before,
        cancel_until_minutes_before=slot.cancel_until_minutes_before,
    )


def counts_of(
    inventory: Inventory, *, held: Mapping[UUID, int], booked: Mapping[UUID, int]
) -> tuple[SlotCount, ...]:
    """The counts of every slot named, once each, after these changes."""
    if len(booked) == 1 and not held:
        slot_id, seats = next(iter(booked.items()))
        return (count_of(inventory.slots[slot_id], booked=seats),)
    return tuple(
        count_of(inventory.slots[slot_id], held=held.get(slot_id, 0), booked=booked.get(slot_id, 0))
        for slot_id in sorted({*held, *booked}, key=lambda slot_id: slot_id.int)
    )


def seats_per_slot(slot_ids: Iterable[UUID], sign: int = 1) -> Counter[UUID]:
    """How many seats are meant in each slot."""
    counter: Counter[UUID] = Counter()
    for slot_id in slot_ids:
        counter[slot_id] += sign
    return counter


def seats_wished(wishes: Sequence[PlaceWish]) -> Mapping[UUID, int]:
    """The same of places that are wished for: one, mostly, and then there is nothing to count."""
    if len(wishes) == 1:
        return {wishes[0].slot_id: 1}
    return seats_per_slot(wish.slot_id for wish in wishes)


def taken(inventory: Inventory, place_id: UUID, wish: PlaceWish, claim: bytes | None) -> TakenPlace:
    """One seat, with all that a reader needs to show it."""
    slot = inventory.slots[wish.slot_id]
    return TakenPlace(
        id=place_id,
        slot_id=slot.id,
        service=slot.service,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        clinic_id=slot.clinic.id,
        clinic_name=slot.clinic.name,
        clinic_address=slot.clinic.address,
        time_zone=slot.clinic.time_zone,
        claim=claim,
        patient_id=wish.patient_id,
        dose=wish.dose,
        cancel_until=slot.cancel_until if slot.cancel_until_minutes_before else None,
        modality=slot.modality,
        practitioner_id=slot.practitioner_id,
        follows=wish.follows,
        based_on=wish.based_on,
    )
