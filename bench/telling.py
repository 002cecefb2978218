"""What do referee and front desk tell when a place is booked, and what does a patient ask for?"""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec

from services.slots.availability import instant
from services.slots.availability.records import Slot
from shared.messages import (
    BookedPlace,
    BookingConfirmed,
    BookPlaces,
    PlacesBooked,
    PlaceWish,
    SlotCount,
    TakenPlace,
)


def booked(slot: Slot) -> bytes:
    """The event of one place booked in this slot."""
    return msgspec.json.encode(
        PlacesBooked(
            id=uuid4(),
            cause=uuid4(),
            at=datetime.now(UTC),
            booking_id=uuid4(),
            home=0,
            version=1,
            owner_id=uuid4(),
            campaign_id=uuid4(),
            places=(_place(slot),),
            counts=(count_of(slot, booked=1),),
        )
    )


def confirmed(person: UUID, *, clinic_id: UUID, days: int) -> BookingConfirmed:
    """What a person is told of one place, so many days from now."""
    now = datetime.now(UTC)
    place = BookedPlace(
        id=uuid4(),
        slot_id=uuid4(),
        starts_at=now + timedelta(days=days),
        ends_at=now + timedelta(days=days, minutes=15),
        clinic_id=clinic_id,
        clinic_name="Polyclinic No. 1",
        clinic_address="Москва, ЦАО, Басманный",
        time_zone="Europe/Moscow",
        patient_id=person,
    )
    return BookingConfirmed(
        id=uuid4(),
        cause=uuid4(),
        at=now,
        booking_id=uuid4(),
        version=1,
        owner_id=person,
        places=(place,),
    )


def count_of(slot: Slot, *, booked: int) -> SlotCount:
    """The slot with so many places booked, in its next version."""
    return SlotCount(
        slot_id=UUID(bytes=slot.id),
        version=slot.version + 1,
        capacity=slot.capacity,
        held=0,
        booked=booked,
        open=True,
    )


def wish_for(slot: Slot) -> BookPlaces:
    """Somebody wants one place there."""
    now, wish = datetime.now(UTC), uuid4()
    return BookPlaces(
        id=wish,
        cause=wish,
        at=now,
        body_hash=wish.bytes,
        deadline=now + timedelta(seconds=20),
        reply_to=0,
        owner_id=uuid4(),
        places=(PlaceWish(slot_id=UUID(bytes=slot.id)),),
    )


def _place(slot: Slot) -> TakenPlace:
    return TakenPlace(
        id=uuid4(),
        slot_id=UUID(bytes=slot.id),
        service="vaccination",
        starts_at=instant(slot.starts_us),
        ends_at=instant(slot.ends_us),
        clinic_id=uuid4(),
        clinic_name="Polyclinic No. 1",
        clinic_address="Moscow, Central District, Example Street, 1",
        time_zone="Europe/Moscow",
        claim=uuid4().bytes,
        patient_id=uuid4(),
        dose=1,
    )
