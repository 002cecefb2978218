"""What does a clinic, a day or a slot look like to whoever reads?"""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from services.slots.availability.records import Clinic, Sheet, Slot, instant

Status = Literal["free", "busy", "busy-tentative", "busy-unavailable"]


class ClinicBody(msgspec.Struct, frozen=True, kw_only=True):
    """A clinic as it is shown."""

    id: UUID
    name: str
    time_zone: str
    address: str
    district: str
    latitude: float | None
    longitude: float | None


class DayBody(msgspec.Struct, frozen=True, kw_only=True):
    """What can still be booked of one service at a clinic on one of its days.

    Slots that have begun or are shut do not count. `first_free_at` is null where all is taken.
    """

    date: date
    capacity: int
    free: int
    first_free_at: datetime | None


class SlotBody(msgspec.Struct, frozen=True, kw_only=True):
    """A slot as it is shown; capacity = free + held + booked, always."""

    id: UUID
    clinic_id: UUID
    service: str
    product: str
    dose: int | None
    starts_at: datetime
    ends_at: datetime
    capacity: int
    free: int
    held: int
    booked: int
    status: Status
    version: int


def status_of(is_open: bool, free: int, held: int) -> Status:
    """FHIR's slot status: tentative where only holds keep the last places."""
    if not is_open:
        return "busy-unavailable"
    if free > 0:
        return "free"
    return "busy-tentative" if held else "busy"


def clinic_body(clinic: Clinic) -> ClinicBody:
    """The clinic as it is shown."""
    return ClinicBody(
        id=clinic.id,
        name=clinic.name,
        time_zone=clinic.time_zone,
        address=clinic.address,
        district=clinic.district,
        latitude=clinic.latitude,
        longitude=clinic.longitude,
    )


def slot_body(slot: Slot, sheet: Sheet) -> SlotBody:
    """The slot as it is shown; `sheet` is the one on which it stands."""
    free = slot.free
    return SlotBody(
        id=UUID(bytes=slot.id),
        clinic_id=sheet.clinic.id,
        service=sheet.service,
        product=slot.product,
        dose=slot.dose,
        starts_at=instant(slot.starts_us),
        ends_at=instant(slot.ends_us),
        capacity=slot.capacity,
        free=free,
        held=slot.held,
        booked=slot.booked,
        status=status_of(slot.open, free, slot.held),
        version=slot.version,
    )
