"""How does a booking come to other places at once, and to what was held for it meanwhile?

Never without a place, and never with both: what it gives up, its own places and holds, counts as
free for it alone, and is free or taken in the same transaction.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from services.slots.rules import bookings, holds
from services.slots.rules.answers import counts_of, refuse, seats_per_slot, taken
from services.slots.rules.evolve import evolve
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
    """Swap all places at once, or none; what is given up for it is told before: `give_up`."""
    booking = bookings.booked_here(inventory, command.booking_id, home)
    if booking is None:
        return refuse(command, "unknown", at)
    if (late := bookings.started(inventory, booking, at)) is not None:
        return refuse(command, "started", at, late)
    change = seats_per_slot(w.slot_id for w in command.places)
    given_up = seats_per_slot(p.slot_id for p in booking.places)
    change.subtract(given_up)
    for hold in _held_for(inventory, command, home):
        given_up.update(p.slot_id for p in hold.places)
    refused = bookings.why_not(
        inventory, command, command.places, at=at, own=given_up, booking_id=booking.id
    )
    if refused is not None:
        return refused
    if (wrong := _not_apart(inventory, command)) is not None:
        return refuse(command, "interval_broken", at, wrong)
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
        counts=counts_of(inventory, held={}, booked=change),
    )


def give_up(
    inventory: Inventory, command: MovePlaces, *, at: datetime, home: int
) -> Iterator[HoldReleased]:
    """For a move that will be done its holds end first; it is decided on what they leave free."""
    for nth, hold in enumerate(list(_held_for(inventory, command, home))):
        event = holds.released(inventory, hold, command, at, nth)
        evolve(inventory, event)
        yield event


def _held_for(inventory: Inventory, command: MovePlaces, home: int) -> Iterator[Booking]:
    """The holds that are given up; one that ran out is nothing that could be given up."""
    for hold_id in dict.fromkeys(command.hold_ids):
        hold = holds.alive(inventory, hold_id, home)
        if hold is not None:
            yield hold


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
