"""What does a clinic, a day or a slot look like to whoever reads?"""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from services.slots.availability.records import Clinic, Sheet, Slot, instant
from shared.messages import AsksFor, Modality, Resource

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

    Slots that have begun, are shut or take no more bookings do not count. `capacity` is how many
    places they have, `extra` how many more people are let in by hand. `first_free_at` is null where
    all is taken.
    """

    date: date
    capacity: int
    extra: int
    free: int
    first_free_at: datetime | None


class SlotBody(msgspec.Struct, frozen=True, kw_only=True):
    """A slot as it is shown; capacity + extra = free + held + booked, always.

    `capacity` is how many places there are, `extra` how many more people a person let in by hand.
    From `bookable_until` on nobody books it any more; who gives a place back later than
    `cancel_until` does so late. Both are its beginning, unless the clinic says something else.
    """

    id: UUID
    clinic_id: UUID
    service: str
    product: str
    dose: int | None
    modality: Modality
    practitioner_id: UUID | None
    resource: Resource
    asks_for: AsksFor
    starts_at: datetime
    ends_at: datetime
    bookable_until: datetime
    cancel_until: datetime
    capacity: int
    extra: int
    free: int
    held: int
    booked: int
    status: Status
    version: int


# ---- whole answers: how they are documented, and what tests read them as -------------------------


class ReadClinic(ClinicBody, frozen=True, kw_only=True):
    """A clinic, as of when that is true."""

    as_of: datetime


class FoundClinic(ClinicBody, frozen=True, kw_only=True):
    """A clinic in a list; null is its distance where nobody knows where it is."""

    distance_km: float | UnsetType | None = UNSET


class ClinicList(msgspec.Struct, frozen=True, kw_only=True):
    """Clinics, as of when that is true; with a cursor where there are more."""

    as_of: datetime
    clinics: list[FoundClinic]
    cursor: str | None


class ClinicDays(msgspec.Struct, frozen=True, kw_only=True):
    """What can still be booked of a service at a clinic; days with nothing are left out."""

    clinic_id: UUID
    name: str
    distance_km: float | None
    days: list[DayBody]


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """What can still be booked, as of when that is true; with a cursor where there is more."""

    as_of: datetime
    clinics: list[ClinicDays]
    cursor: str | None


class ReadSlot(SlotBody, frozen=True, kw_only=True):
    """A slot, as of when that is true."""

    as_of: datetime


class SlotList(msgspec.Struct, frozen=True, kw_only=True):
    """A clinic's slots of a day, as of when that is true; with a cursor where there are more."""

    as_of: datetime
    slots: list[SlotBody]
    cursor: str | None


# ---- their parts, from what is kept --------------------------------------------------------------


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
        modality=slot.about.modality,
        practitioner_id=slot.about.practitioner_id,
        resource=slot.about.resource,
        asks_for=slot.about.asks_for,
        starts_at=instant(slot.starts_us),
        ends_at=instant(slot.ends_us),
        bookable_until=instant(slot.closes_us),
        cancel_until=instant(slot.cancel_until_us),
        capacity=slot.capacity,
        extra=slot.extra,
        free=free,
        held=slot.held,
        booked=slot.booked,
        status=status_of(slot.open, free, slot.held),
        version=slot.version,
    )
