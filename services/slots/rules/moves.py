"""How does a booking come to other places at once, and to what was held for it meanwhile?

Never without a place, and never with both: what it gives up, its own places and its holds, counts
as free for it alone, and is free or taken in the same transaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import replace

from services.slots.rules import bookings, holds
from services.slots.rules.answers import counts_of, refuse, seats_per_slot, taken
from services.slots.rules.bookings import Wishes
from services.slots.rules.inventory import Booking, Inventory
from shared.messages import (
    BookingMoved,
    HoldReleased,
    MovePlaces,
    PlaceWish,
    Refused,
    answer_id,
    place_id,
)


def move(
    inventory: Inventory, command: MovePlaces, *, at: datetime, home: int
) -> BookingMoved | Refused:
    """Swap all places at once, or none; the counts are those after its holds ended: `give_up`.

    What has begun stays as it is, and what is to come may be moved, or given up. Only the seats
    that are new to it are judged by their slots' cut-off; those that it gives up later than they
    may be given back make it late.
    """
    booking = bookings.booked_here(inventory, command.booking_id, home)
    wishes = meant(booking, command)
    if booking is None or wishes is None:
        return refuse(command, "unknown", at)
    begun = bookings.started(inventory, booking, at)
    wishes = _staying(booking, begun, wishes) if begun else wishes
    if wishes is None:
        return refuse(command, "started", at, begun[0])
    own = seats_per_slot(p.slot_id for p in booking.places)
    held = seats_per_slot(p.slot_id for h in _held_for(inventory, command) for p in h.places)
    refused = bookings.why_not(
        inventory, command, wishes, at=at, own=own + held, kept=begun, booking_id=booking.id
    ) or _not_apart(inventory, command, at)
    if refused is not None:
        return refused
    change = seats_per_slot(w.slot_id for w in wishes)
    change.subtract(own)
    ids = _ids(command, booking, begun, wishes)
    places = (taken(inventory, next(ids), wish, wish.claim) for wish in wishes)
    return BookingMoved(
        id=answer_id(command.id, "BookingMoved"),
        cause=command.id,
        at=at,
        booking_id=booking.id,
        home=booking.home,
        version=booking.version + 1,
        places=tuple(places),
        counts=counts_of(inventory, held=_none_of(held), booked=change),
        late=bookings.given_up_late(inventory, change, at),
    )


def give_up(inventory: Inventory, command: MovePlaces, moved: BookingMoved) -> list[HoldReleased]:
    """The holds that end with the move. It has counted their seats: nobody else ever saw them free.

    To be asked before the move is made so.
    """
    return [
        HoldReleased(
            id=answer_id(command.id, "HoldReleased", nth),
            cause=command.id,
            at=moved.at,
            booking_id=hold.id,
            home=hold.home,
            version=hold.version + 1,
            counts=(),
        )
        for nth, hold in enumerate(_held_for(inventory, command))
    ]


def meant(booking: Booking | None, command: MovePlaces) -> Wishes | None:
    """The wishes, whoever stays with the claim they have; None where another booking is meant."""
    if booking is None or command.version not in (UNSET, booking.version):
        return None
    if all(wish.keeps is UNSET for wish in command.places):
        return command.places
    has = {(place.id, place.slot_id): place.claim for place in booking.places}
    stay = [(wish.keeps, wish.slot_id) for wish in command.places if wish.keeps is not UNSET]
    if len(set(stay)) < len(stay) or not has.keys() >= set(stay):
        return None
    return tuple(
        wish if wish.keeps is UNSET else replace(wish, claim=has[wish.keeps, wish.slot_id])
        for wish in command.places
    )


def _ids(
    command: MovePlaces, booking: Booking, begun: Sequence[UUID], wishes: Sequence[PlaceWish]
) -> Iterator[UUID]:
    """What is kept, or has begun, stays the place that it is: who came to it, came."""
    kept = {wish.keeps for wish in wishes}
    there = {
        slot_id: [p.id for p in booking.places if p.slot_id == slot_id and p.id not in kept]
        for slot_id in begun
    }
    for n, wish in enumerate(wishes):
        stays = there.get(wish.slot_id)
        if wish.keeps is not UNSET:
            yield wish.keeps
        else:
            yield stays.pop(0) if stays else place_id(command.id, n)


def _staying(booking: Booking, begun: Sequence[UUID], wishes: Wishes) -> Wishes | None:
    """The wishes, where those in what has begun are the seats that are there: they stay, and keep
    their claims. None where they are not, or where there is nothing else to move.
    """
    kept = {wish.keeps for wish in wishes}
    there = {
        slot_id: [p.claim for p in booking.places if p.slot_id == slot_id and p.id not in kept]
        for slot_id in begun
    }
    if all(place.slot_id in there for place in booking.places):
        return None
    staying = []
    for wish in wishes:
        if wish.slot_id in there and wish.keeps is UNSET:
            if not there[wish.slot_id]:
                return None
            wish = replace(wish, claim=there[wish.slot_id].pop(0))
        staying.append(wish)
    return None if any(there.values()) else tuple(staying)


def _held_for(inventory: Inventory, command: MovePlaces) -> list[Booking]:
    """The holds that are given up; one that ran out is nothing that could be given up.

    They are of the booking's own home, which tells how they end.
    """
    booking = inventory.bookings.get(command.booking_id)
    if booking is None:
        return []
    found = (
        holds.alive(inventory, hold_id, booking.home) for hold_id in dict.fromkeys(command.hold_ids)
    )
    return [hold for hold in found if hold is not None]


def _none_of(seats: Mapping[UUID, int]) -> dict[UUID, int]:
    return {slot_id: -number for slot_id, number in seats.items()}


def _not_apart(inventory: Inventory, command: MovePlaces, at: datetime) -> Refused | None:
    """Which slot's dose comes too soon or too late after the one before it."""
    if command.apart is None:
        return None

    def order(wish: PlaceWish) -> tuple[int, int]:
        person = 0 if wish.patient_id is None else wish.patient_id.int
        return person, wish.dose or 0

    for one, other in pairwise(sorted(command.places, key=order)):
        if UNSET not in (one.keeps, other.keeps):
            # Both stay as they are: nothing of them is asked for.
            continue
        if one.patient_id == other.patient_id and other.dose == (one.dose or 0) + 1:
            slots = inventory.slots
            gap = slots[other.slot_id].starts_at - slots[one.slot_id].starts_at
            if not command.apart.allows(gap):
                return refuse(command, "interval_broken", at, other.slot_id)
    return None
