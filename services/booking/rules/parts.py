"""Of what happened to a booking, which part is told to whom? To everybody what is theirs.

Who booked hears of those for whom they act as of now; an adult hears of their own place. For most
bookings that is one person, and what is told is told to them as it is.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from shared.messages import (
    BookedPlace,
    BookingConfirmed,
    BookingEvent,
    BookingMissed,
    BookingReinstated,
    BookingRescheduled,
    BookingRevoked,
    answer_id,
)

Pair = tuple[UUID, UUID]
"""Who booked, and for whom."""

Seats = tuple[BookedPlace, ...]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody stands to who booked for them. `is_made`: they have no account of their own."""

    is_child: bool = False
    agrees: bool = False
    is_made: bool = False

    @property
    def is_acted_for(self) -> bool:
        """Whether who booked may see their place."""
        return self.is_child or self.agrees

    @property
    def hears(self) -> bool:
        """Whether they are told by themselves."""
        return not self.is_child and not (self.agrees and self.is_made)


NONE = Standing()


def pairs_in(events: Iterable[BookingEvent | None]) -> set[Pair]:
    """Between whom it matters how they stand: of most events nobody."""
    return {
        (event.owner_id, place.patient_id)
        for event in events
        if event is not None
        for place in (*_places(event), *_freed(event))
        if place.patient_id != event.owner_id
    }


def parts_of(event: BookingEvent, standing: Mapping[Pair, Standing]) -> list[BookingEvent]:
    """What is told of it, to who booked first; to whom nothing happened nothing is told."""
    owner_id = event.owner_id
    guests = sorted({person for _, person in pairs_in([event])})
    if not guests:
        return [event]
    stands = {guest: standing.get((owner_id, guest), NONE) for guest in guests}
    seen = {owner_id, *(guest for guest in guests if stands[guest].is_acted_for)}
    hearing = {guest for guest in guests if stands[guest].hears}
    whole = event if seen >= set(guests) else _part(event, owner_id, seen)
    parts = [_marked(whole, hearing & seen)]
    parts += [_part(event, guest, {guest}) for guest in sorted(hearing)]
    return [part for part in parts if part is not None]


def _part(event: BookingEvent, hearer_id: UUID, seen: set[UUID]) -> BookingEvent | None:
    """As if there were nothing else in the booking; it comes, goes or moves with what is theirs."""
    places = tuple(place for place in _places(event) if place.patient_id in seen)
    freed = tuple(place for place in _freed(event) if place.patient_id in seen)
    if not places and not freed:
        return None
    if isinstance(event, BookingRescheduled) and _seats(places) == _seats(freed):
        return None
    head: dict[str, Any] = {
        name: getattr(event, name) for name in ("cause", "at", "booking_id", "version")
    }
    head |= {"owner_id": hearer_id, "part": "rest" if hearer_id == event.owner_id else "own"}

    def named(kind: type[BookingEvent]) -> UUID:
        return answer_id(event.cause, f"{kind.__name__} {hearer_id}")

    match event:
        case BookingRescheduled(late=late) if places and freed:
            named_so = named(BookingRescheduled)
            return BookingRescheduled(id=named_so, places=places, freed=freed, late=late, **head)
        case BookingConfirmed() | BookingRescheduled() if places:
            by = event.by if isinstance(event, BookingConfirmed) else UNSET
            return BookingConfirmed(id=named(BookingConfirmed), places=places, by=by, **head)
        case BookingReinstated():
            return BookingReinstated(id=named(BookingReinstated), places=places, **head)
        case BookingMissed():
            return BookingMissed(id=named(BookingMissed), freed=freed, **head)
        case _:
            reason = event.reason if isinstance(event, BookingRevoked) else "patient"
            late = getattr(event, "late", False)
            named_so = named(BookingRevoked)
            return BookingRevoked(id=named_so, reason=reason, freed=freed, late=late, **head)


def _marked(event: BookingEvent | None, hearing: set[UUID]) -> BookingEvent | None:
    """Whose seat it is that hears of it as well: they are reminded of it, and nobody else is."""
    if not hearing or not isinstance(event, BookingConfirmed | BookingRescheduled):
        return event
    places = [
        msgspec.structs.replace(place, hears=True) if place.patient_id in hearing else place
        for place in event.places
    ]
    return msgspec.structs.replace(event, places=tuple(places))


def _seats(places: Seats) -> list[tuple[UUID, UUID]]:
    return sorted((place.patient_id, place.slot_id) for place in places)


def _places(event: BookingEvent) -> Seats:
    places: Seats = getattr(event, "places", ())
    return places


def _freed(event: BookingEvent) -> Seats:
    freed: Seats = getattr(event, "freed", ())
    return freed
