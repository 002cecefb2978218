"""Which bookings do the messenger's tests tell of?"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from services.notify.rules.reminders import Habits
from shared.messages import (
    BookedPlace,
    BookingConfirmed,
    BookingMissed,
    BookingReinstated,
    BookingRescheduled,
    BookingRevoked,
    CancelReason,
)

HABITS = Habits.parse("P7D,P1D,PT2H", "21:00-08:00")

NOON = datetime(2100, 7, 1, 9, 0, tzinfo=UTC)
"""Noon in Moscow, in a far summer: no test's message expires by itself."""

ALICE = UUID("a11ce000-0000-4000-8000-000000000001")
BOOKING = UUID("b0000000-0000-4000-8000-000000000001")


def a_place(
    starts_at: datetime = NOON, *, clinic: str = "Clinic 12", time_zone: str = "Europe/Moscow"
) -> BookedPlace:
    return BookedPlace(
        id=uuid4(),
        slot_id=uuid4(),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
        clinic_id=uuid4(),
        clinic_name=clinic,
        clinic_address="ул. Тверская, 1",
        time_zone=time_zone,
        patient_id=ALICE,
    )


def confirmed(
    *places: BookedPlace, booking_id: UUID = BOOKING, owner_id: UUID = ALICE
) -> BookingConfirmed:
    return BookingConfirmed(
        id=uuid4(),
        cause=uuid4(),
        at=datetime(2026, 1, 1, tzinfo=UTC),
        booking_id=booking_id,
        version=1,
        owner_id=owner_id,
        places=places or (a_place(),),
    )


def moved(
    *,
    to: Sequence[BookedPlace],
    away_from: Sequence[BookedPlace],
    version: int = 2,
    booking_id: UUID = BOOKING,
) -> BookingRescheduled:
    return BookingRescheduled(
        id=uuid4(),
        cause=uuid4(),
        at=datetime(2026, 1, 2, tzinfo=UTC),
        booking_id=booking_id,
        version=version,
        owner_id=ALICE,
        places=tuple(to),
        freed=tuple(away_from),
    )


def missed(*freed: BookedPlace, at: datetime = NOON) -> BookingMissed:
    return BookingMissed(
        id=uuid4(),
        cause=uuid4(),
        at=at,
        booking_id=BOOKING,
        version=2,
        owner_id=ALICE,
        freed=freed or (a_place(),),
    )


def reinstated(*places: BookedPlace, at: datetime = NOON) -> BookingReinstated:
    return BookingReinstated(
        id=uuid4(),
        cause=uuid4(),
        at=at,
        booking_id=BOOKING,
        version=3,
        owner_id=ALICE,
        places=places or (a_place(),),
    )


def cancelled(
    *freed: BookedPlace,
    version: int = 2,
    booking_id: UUID = BOOKING,
    reason: CancelReason = "patient",
) -> BookingRevoked:
    return BookingRevoked(
        id=uuid4(),
        cause=uuid4(),
        at=datetime(2026, 1, 3, tzinfo=UTC),
        booking_id=booking_id,
        version=version,
        owner_id=ALICE,
        reason=reason,
        freed=freed,
    )
