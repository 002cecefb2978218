"""How does a booking come to other places at once, and to what was held for it meanwhile?

Never without a place, and never with both: what it gives up, its own places and its holds, counts
as free for it alone, and is free or taken in the same transaction.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from services.slots.rules import bookings, holds
from services.slots.rules.answers import counts_of, refuse, seats_per_slot, taken
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

    It may be moved until it begins. Only the seats that are new to it are judged by their slots'
    cut-off; those that it gives up later than they may be given back make it late.
    """
    booking = bookings.booked_here(inventory, command.booking_id, home)
    if booking is None:
        return refuse(command, "unknown", at)
    if (late := bookings.started(inventory, booking, at)) is not None:
        return refuse(command, "started", at, late)
    own = seats_per_slot(p.slot_id for p in booking.places)
    held = seats_per_slot(p.slot_id for h in _held_for(inventory, command) for p in h.places)
    refused = bookings.why_not(
        inventory, command, command.places, at=at, own=own + held, booking_id=booking.id
    )
    if refused is not None:
        return refused
    if (wrong := _not_apart(inventory, command)) is not None:
        return refuse(command, "interval_broken", at, wrong)
    change = seats_per_slot(w.slot_id for w in command.places)
    change.subtract(own)
    return BookingMoved(
        id=answer_id(command.id, "BookingMoved"),
        cause=command.id,
        at=at,
        booking_id=booking.id,
        home=booking.home,
        version=booking.version + 1,
        places=tuple(
            taken(inventory, place_id(command.id, n), wish, wish.claim)
            for n, wish in enumerate(command.places)
        ),
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


def _not_apart(inventory: Inventory, command: MovePlaces) -> UUID | None:
    """The slot of a dose that comes too soon or too late after the one before it."""
    if command.apart is None:
        return None

    def order(wish: PlaceWish) -> tuple[int, int]:
        person = 0 if wish.patient_id is None else wish.patient_id.int
        return person, wish.dose or 0

    for one, other in pairwise(sorted(command.places, key=order)):
        if one.patient_id == other.patient_id and other.dose == (one.dose or 0) + 1:
            slots = inventory.slots
            gap = slots[other.slot_id].starts_at - slots[one.slot_id].starts_at
            if not command.apart.allows(gap):
                return other.slot_id
    return None
