"""How is a place kept for a while, and what ends that?"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from services.slots.rules.answers import count_of, counts_of, refuse, seats_per_slot, taken
from services.slots.rules.bookings import NOTHING, why_not
from services.slots.rules.inventory import Booking, Inventory, Place
from shared.messages import (
    ConfirmHold,
    HoldExpired,
    HoldPlaces,
    HoldReleased,
    HoldRenewed,
    PlaceExpired,
    PlacesBooked,
    PlacesHeld,
    PlaceWish,
    Refused,
    ReleaseHold,
    RenewHold,
    answer_id,
    place_id,
)

HELD_VERSION = 1
"""A hold is told of first when it is made; only renewing it tells of it again and leaves it one."""


def hold(
    inventory: Inventory, command: HoldPlaces, *, at: datetime, home: int
) -> PlacesHeld | Refused:
    """Keep all places or none. A hold has no person yet, so it claims nothing."""
    refused = why_not(inventory, command, command.places, at=at)
    if refused is not None:
        return refused
    if _has_enough(inventory, command):
        return refuse(command, "too_many_held", at)
    return PlacesHeld(
        id=answer_id(command.id, "PlacesHeld"),
        cause=command.id,
        at=at,
        booking_id=command.id,
        home=home,
        version=HELD_VERSION,
        owner_id=command.owner_id,
        expires_at=at + timedelta(seconds=command.ttl_seconds),
        places=tuple(
            taken(inventory, place_id(command.id, n), wish, None)
            for n, wish in enumerate(command.places)
        ),
        counts=counts_of(
            inventory, held=seats_per_slot(w.slot_id for w in command.places), booked={}
        ),
    )


def renew(
    inventory: Inventory, command: RenewHold, *, at: datetime, home: int
) -> HoldRenewed | Refused:
    """Keep them longer, if all are still alive; once."""
    booking = alive(inventory, command.booking_id, home)
    if booking is None:
        return refuse(command, "hold_gone", at)
    if booking.version > HELD_VERSION:
        return refuse(command, "renewed_before", at)
    return HoldRenewed(
        id=answer_id(command.id, "HoldRenewed"),
        cause=command.id,
        at=at,
        booking_id=booking.id,
        home=booking.home,
        version=booking.version + 1,
        expires_at=at + timedelta(seconds=command.ttl_seconds),
    )


def release(
    inventory: Inventory, command: ReleaseHold, *, at: datetime, home: int
) -> HoldReleased | Refused:
    """Give them back before their time runs out."""
    booking = alive(inventory, command.booking_id, home)
    if booking is None:
        return refuse(command, "hold_gone", at)
    return HoldReleased(
        id=answer_id(command.id, "HoldReleased"),
        cause=command.id,
        at=at,
        booking_id=booking.id,
        home=booking.home,
        version=booking.version + 1,
        counts=counts_of(
            inventory, held=seats_per_slot((p.slot_id for p in booking.places), -1), booked={}
        ),
    )


def confirm(
    inventory: Inventory, command: ConfirmHold, *, at: datetime, home: int
) -> PlacesBooked | Refused:
    """Held becomes booked, seat by seat, and each seat gets its claim; or nothing changes."""
    booking = alive(inventory, command.booking_id, home)
    seats = seats_per_slot(w.slot_id for w in command.places)
    own = seats_per_slot(p.slot_id for p in booking.places) if booking else NOTHING
    if booking is None or seats != own:
        return refuse(command, "hold_gone", at)
    refused = why_not(
        inventory, command, command.places, at=at, own=own, booking_id=command.booking_id
    )
    if refused is not None:
        return refused
    return PlacesBooked(
        id=answer_id(command.id, "PlacesBooked"),
        cause=command.id,
        at=at,
        booking_id=booking.id,
        home=booking.home,
        version=booking.version + 1,
        owner_id=command.owner_id,
        campaign_id=command.campaign_id,
        places=tuple(
            taken(inventory, place.id, wish, wish.claim)
            for place, wish in paired(booking, command.places)
        ),
        counts=counts_of(
            inventory,
            held=seats_per_slot((p.slot_id for p in booking.places), -1),
            booked=seats,
        ),
        by=command.by,
    )


def alive(inventory: Inventory, booking_id: UUID, home: int) -> Booking | None:
    """The hold, if this is its home and all of it is still held."""
    booking = inventory.bookings.get(booking_id)
    if booking is None or booking.home != home or not booking.is_all("held"):
        return None
    return booking


def expire(inventory: Inventory, booking: Booking, place: Place, at: datetime) -> PlaceExpired:
    """One held place's time ran out: it is free again, whoever's batch sees it first."""
    return PlaceExpired(
        id=answer_id(place.id, "PlaceExpired"),
        cause=place.id,
        at=at,
        place_id=place.id,
        booking_id=booking.id,
        count=count_of(inventory.slots[place.slot_id], held=-1),
    )


def gone(booking: Booking, at: datetime) -> HoldExpired:
    """All its places have expired: the hold itself is over."""
    return HoldExpired(
        id=answer_id(booking.id, "HoldExpired"),
        cause=booking.id,
        at=at,
        booking_id=booking.id,
        home=booking.home,
        version=booking.version + 1,
    )


def _has_enough(inventory: Inventory, command: HoldPlaces) -> bool:
    """Would it be more than one person may hold, however many devices they have?"""
    hand = inventory.hands.get(command.owner_id, {})
    limits = inventory.limits
    too_many_places = len(hand) + len(command.places) > limits.places_max
    return too_many_places or len(set(hand.values())) >= limits.holds_max


def paired(booking: Booking, wishes: Iterable[PlaceWish]) -> list[tuple[Place, PlaceWish]]:
    """Each wish with one seat of its slot, in the order of the seats."""
    left = list(wishes)
    pairs = []
    for place in booking.places:
        wish = next(w for w in left if w.slot_id == place.slot_id)
        left.remove(wish)
        pairs.append((place, wish))
    return pairs
