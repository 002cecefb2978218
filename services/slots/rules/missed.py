"""Who of a booking did not come, and how does one that was missed become a booking again?"""

from datetime import datetime

from msgspec import UNSET

from services.slots.rules.answers import counts_of, refuse, seats_per_slot, taken
from services.slots.rules.bookings import booked_here, claimed, not_over
from services.slots.rules.holds import paired
from services.slots.rules.inventory import Booking, Inventory
from services.slots.rules.moves import meant
from shared.messages import (
    BookingMoved,
    BookingRestored,
    MovePlaces,
    Refused,
    RestoreBooking,
    answer_id,
)


def miss_some(
    inventory: Inventory, command: MovePlaces, *, at: datetime, home: int
) -> BookingMoved | Refused:
    """Some came, and keep their places; those of the others are free, and so are their claims."""
    booking = booked_here(inventory, command.booking_id, home)
    wishes = meant(booking, command)
    if booking is None or wishes is None or not 0 < len(wishes) < len(booking.places):
        return refuse(command, "unknown", at)
    if to_come := not_over(inventory, booking, at):
        return refuse(command, "not_over", at, to_come[0])
    stay = [(wish.keeps, wish) for wish in wishes if wish.keeps is not UNSET]
    if len(stay) < len(wishes):
        return refuse(command, "unknown", at)
    change = seats_per_slot(wish.slot_id for wish in wishes)
    change.subtract(seats_per_slot(place.slot_id for place in booking.places))
    return BookingMoved(
        id=answer_id(command.id, "BookingMoved"),
        cause=command.id,
        at=at,
        booking_id=booking.id,
        home=booking.home,
        version=booking.version + 1,
        places=tuple(taken(inventory, place, wish, wish.claim) for place, wish in stay),
        counts=counts_of(inventory, held={}, booked=change),
        missed=True,
    )


def restore(
    inventory: Inventory, command: RestoreBooking, *, at: datetime, home: int
) -> BookingRestored | Refused:
    """All as it was, or nothing: what was booked anew meanwhile is in the way, and stays.

    It is over, so neither its beginning nor whether the slot is shut is asked for; only that each
    seat is still there, should the slot have been made smaller.
    """
    booking = _missed(inventory, command, home)
    if booking is None:
        return refuse(command, "unknown", at)
    seats = seats_per_slot(place.slot_id for place in booking.places)
    for slot_id, number in seats.items():
        if number > inventory.slots[slot_id].free:
            return refuse(command, "full", at, slot_id)
    refused = claimed(inventory, command, command.places, at=at, booking_id=booking.id)
    if refused is not None:
        return refused
    return BookingRestored(
        id=answer_id(command.id, "BookingRestored"),
        cause=command.id,
        at=at,
        booking_id=booking.id,
        home=booking.home,
        version=booking.version + 1,
        places=tuple(
            taken(inventory, place.id, wish, wish.claim)
            for place, wish in paired(booking, command.places)
        ),
        counts=counts_of(inventory, held={}, booked=seats),
    )


def _missed(inventory: Inventory, command: RestoreBooking, home: int) -> Booking | None:
    """The booking, if this is its home, all of it was missed, and these are its seats."""
    booking = inventory.bookings.get(command.booking_id)
    if booking is None or booking.home != home or not booking.is_all("missed"):
        return None
    seats = seats_per_slot(place.slot_id for place in booking.places)
    return booking if seats == seats_per_slot(wish.slot_id for wish in command.places) else None
