"""What is to be done so that Talon offers what a source publishes? Pure: two lists, one answer."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from talon.imports.published import Clinic, Slot

CLOSED = "busy-unavailable"


class KnownClinic(msgspec.Struct, frozen=True, kw_only=True):
    """A clinic as Talon shows it."""

    id: UUID
    name: str
    time_zone: str
    address: str
    district: str
    latitude: float | None
    longitude: float | None


class KnownSlot(msgspec.Struct, frozen=True, kw_only=True):
    """A slot as Talon shows it; `version` counts whatever was changed or booked in it."""

    id: UUID
    service: str
    product: str
    dose: int | None
    starts_at: datetime
    ends_at: datetime
    capacity: int
    status: str
    version: int

    @property
    def open(self) -> bool:
        """Closed by staff is something else than full."""
        return self.status != CLOSED


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a slot is to be; None leaves a thing as it is."""

    id: UUID
    version: int
    capacity: int | None = None
    open: bool | None = None
    starts_at: datetime
    slot: Slot | None = None
    """The line that wants it so; none for a slot that the source no longer has."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One clinic's slots, compared."""

    new: tuple[tuple[UUID, Slot], ...]
    changed: tuple[Change, ...]
    differing: tuple[tuple[Slot, tuple[str, ...]], ...]
    """What Talon does not change once people may have been told of it; perhaps changed as well."""

    same: int

    left: tuple[KnownSlot, ...]
    """What Talon has and the source, as far as it was read, has not."""


SLOT_FACTS = ("service", "product", "dose", "starts_at", "ends_at")
CLINIC_WORDS = ("name", "address", "district")


def difference(ours: Mapping[UUID, Slot], known: Iterable[KnownSlot]) -> Difference:
    """`ours` is the source's side, `known` is Talon's."""
    found = {slot.id: slot for slot in known}
    both = [(ours[slot_id], slot) for slot_id, slot in found.items() if slot_id in ours]
    compared = [(slot, change(slot, there), differing(slot, there)) for slot, there in both]
    return Difference(
        new=tuple((slot_id, slot) for slot_id, slot in ours.items() if slot_id not in found),
        changed=tuple(wish for _, wish, _ in compared if wish is not None),
        differing=tuple((slot, facts) for slot, _, facts in compared if facts),
        same=sum(wish is None and not facts for _, wish, facts in compared),
        left=tuple(slot for slot_id, slot in found.items() if slot_id not in ours),
    )


def change(slot: Slot, there: KnownSlot) -> Change | None:
    """What makes the slot there as the source says it is; None where it is so."""
    if (slot.capacity, slot.open) == (there.capacity, there.open):
        return None
    return Change(
        id=there.id,
        version=there.version,
        capacity=None if slot.capacity == there.capacity else slot.capacity,
        open=None if slot.open == there.open else slot.open,
        starts_at=there.starts_at,
        slot=slot,
    )


def clinic_change(clinic: Clinic, there: KnownClinic) -> dict[str, Any]:
    """What makes the clinic there as the source says it is; what it does not say stays."""
    said = {fact: getattr(clinic, fact) for fact in CLINIC_WORDS}
    body = {fact: word for fact, word in said.items() if word and word != getattr(there, fact)}
    position = (clinic.latitude, clinic.longitude)
    if clinic.latitude is not None and position != (there.latitude, there.longitude):
        body |= {"latitude": clinic.latitude, "longitude": clinic.longitude}
    return body


def closing(there: KnownSlot) -> Change:
    """What closes a slot that the source no longer has; who is in it stays in it."""
    return Change(id=there.id, version=there.version, open=False, starts_at=there.starts_at)


def differing(slot: Slot, there: KnownSlot) -> tuple[str, ...]:
    """Which facts are not the same on both sides and cannot be changed."""
    return tuple(fact for fact in SLOT_FACTS if getattr(slot, fact) != getattr(there, fact))
