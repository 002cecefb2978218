"""What is told about a booking, once for each thing that happened to it?"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET

from services.booking.rules.life import Place
from shared.messages import (
    BookedPlace,
    BookingCancelled,
    BookingConfirmed,
    BookingEvent,
    BookingMessage,
    BookingMissed,
    BookingMoved,
    BookingReinstated,
    BookingRescheduled,
    BookingRestored,
    BookingRevoked,
    BookingTold,
    PlacesBooked,
    SlotEvent,
    TakenPlace,
    answer_id,
)

T = TypeVar("T", bound=BookingTold)

Reminders = Mapping[str, tuple[str, ...]]
"""How long before visits of which services people are reminded, where it is said."""

AS_ANY_OTHER: Reminders = {}


class Known(msgspec.Struct, frozen=True):
    """Whose a booking is, and which places it had when it was last told of."""

    owner_id: UUID
    places: tuple[Place | TakenPlace, ...]


def needs_known(events: Iterable[SlotEvent]) -> list[UUID]:
    """Bookings of which something is to be told that these events alone do not say."""
    said: set[UUID] = set()
    needed: dict[UUID, None] = {}
    for event in events:
        match event:
            case PlacesBooked():
                said.add(event.booking_id)
            case BookingMoved() | BookingCancelled() | BookingRestored():
                if event.booking_id not in said:
                    needed[event.booking_id] = None
            case _:
                pass
    return list(needed)


def tell(
    events: Iterable[SlotEvent], known: Mapping[UUID, Known], remind: Reminders = AS_ANY_OTHER
) -> list[BookingEvent | None]:
    """For each event, in order, what is told of it; each sees the places the one before left."""
    now = dict(known)
    told: list[BookingEvent | None] = []
    for event in events:
        match event:
            case PlacesBooked():
                now[event.booking_id] = Known(event.owner_id, event.places)
                told.append(_confirmed(event, now[event.booking_id], remind))
            case BookingMoved():
                before = now[event.booking_id]
                now[event.booking_id] = Known(before.owner_id, event.places)
                told.append(_moved(event, before, now[event.booking_id], remind))
            case BookingCancelled(missed=True):
                told.append(_missed(event, now[event.booking_id]))
            case BookingCancelled():
                told.append(_revoked(event, now[event.booking_id]))
            case BookingRestored():
                owner_id = now[event.booking_id].owner_id
                now[event.booking_id] = Known(owner_id, event.places)
                told.append(_reinstated(event, now[event.booking_id], remind))
            case _:
                told.append(None)
    return told


def _confirmed(event: PlacesBooked, after: Known, remind: Reminders) -> BookingConfirmed:
    by = UNSET if event.by is UNSET else "clinic"
    return _told(BookingConfirmed, event, after, places=_booked(after, remind), by=by)


def _moved(
    event: BookingMoved, before: Known, after: Known, remind: Reminders
) -> BookingRescheduled | BookingMissed:
    """Who was in it and did not come has missed it; to the others nothing happened."""
    if not event.missed:
        places, freed = _booked(after, remind), _booked(before)
        return _told(BookingRescheduled, event, after, places=places, freed=freed, late=event.late)
    came = {place.id for place in after.places}
    absent = tuple(place for place in before.places if place.id not in came)
    return _missed(event, Known(before.owner_id, absent))


def _revoked(event: BookingCancelled, before: Known) -> BookingRevoked:
    return _told(
        BookingRevoked,
        event,
        before,
        reason=event.reason,
        freed=_booked(before),
        late=event.late,
    )


def _missed(event: BookingCancelled | BookingMoved, before: Known) -> BookingMissed:
    return _told(BookingMissed, event, before, freed=_booked(before))


def _reinstated(event: BookingRestored, after: Known, remind: Reminders) -> BookingReinstated:
    return _told(BookingReinstated, event, after, places=_booked(after, remind))


def _told(kind: type[T], event: BookingMessage, whose: Known, **what: Any) -> T:
    """What is told of an event, under a name that follows from its own."""
    return kind(
        id=answer_id(event.id, kind.__name__),
        cause=event.id,
        at=event.at,
        booking_id=event.booking_id,
        version=event.version,
        owner_id=whose.owner_id,
        **what,
    )


def _booked(known: Known, remind: Reminders = AS_ANY_OTHER) -> tuple[BookedPlace, ...]:
    return tuple(_as_told(place, known.owner_id, remind) for place in known.places)


def _as_told(place: Place | TakenPlace, owner_id: UUID, remind: Reminders) -> BookedPlace:
    return BookedPlace(
        id=place.id,
        slot_id=place.slot_id,
        starts_at=place.starts_at,
        ends_at=place.ends_at,
        clinic_id=place.clinic_id,
        clinic_name=place.clinic_name,
        clinic_address=place.clinic_address,
        time_zone=place.time_zone,
        patient_id=place.patient_id or owner_id,
        modality=place.modality,
        remind=remind.get(place.service, UNSET),
    )
