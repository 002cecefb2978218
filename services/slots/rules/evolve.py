"""What is so after an event? Changes the given inventory and nothing else, and never refuses.

The same fold serves a batch in memory and a replay of `slots.events` into an empty inventory.
"""

import itertools
from collections.abc import Iterable
from datetime import datetime
from typing import assert_never
from uuid import UUID

from services.slots.rules.inventory import Booking, Clinic, Inventory, Place, Slot, State
from shared.messages import (
    BookingCancelled,
    BookingMoved,
    BookingRestored,
    ClinicChanged,
    ClinicOpened,
    HoldExpired,
    HoldReleased,
    HoldRenewed,
    PlaceExpired,
    PlacesBooked,
    PlacesHeld,
    SlotChanged,
    SlotCount,
    SlotEvent,
    SlotOpened,
    TakenPlace,
)


def evolve(inventory: Inventory, event: SlotEvent) -> None:
    """Make what the event tells true in the inventory."""
    match event:
        case PlacesBooked() | BookingMoved() | BookingRestored():
            _count(inventory, event.counts)
            _seat(inventory, event, event.places, state="booked")
        case PlacesHeld():
            _count(inventory, event.counts)
            _seat(inventory, event, event.places, state="held", expires_at=event.expires_at)
        case BookingCancelled(missed=True):
            _count(inventory, event.counts)
            _miss(inventory, inventory.bookings[event.booking_id], event)
        case BookingCancelled() | HoldReleased():
            _count(inventory, event.counts)
            _unseat(inventory, event.booking_id)
        case HoldExpired():
            _unseat(inventory, event.booking_id)
        case HoldRenewed():
            _renew(inventory.bookings[event.booking_id], event)
        case PlaceExpired():
            _count(inventory, (event.count,))
            _expire(inventory, inventory.bookings[event.booking_id], event)
        case ClinicOpened():
            inventory.clinics[event.clinic_id] = Clinic(
                id=event.clinic_id,
                name=event.name,
                time_zone=event.time_zone,
                address=event.address,
                district=event.district,
                latitude=event.latitude,
                longitude=event.longitude,
            )
        case ClinicChanged():
            _change(inventory.clinics[event.clinic_id], event)
        case SlotOpened():
            _open(inventory, event)
        case SlotChanged():
            _count(inventory, (event.count,))
        case _:
            assert_never(event)


def _change(clinic: Clinic, event: ClinicChanged) -> None:
    clinic.name = event.name
    clinic.address = event.address
    clinic.district = event.district
    clinic.latitude = event.latitude
    clinic.longitude = event.longitude


def _open(inventory: Inventory, event: SlotOpened) -> None:
    inventory.slots[event.slot_id] = Slot(
        id=event.slot_id,
        clinic=inventory.clinics[event.clinic_id],
        service=event.service,
        product=event.product,
        dose=event.dose,
        modality=event.modality,
        practitioner_id=event.practitioner_id,
        resource=event.resource,
        asks_for=event.asks_for,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        capacity=event.count.capacity,
        closes_minutes_before=event.count.closes_minutes_before,
        cancel_until_minutes_before=event.count.cancel_until_minutes_before,
    )


def _count(inventory: Inventory, counts: Iterable[SlotCount]) -> None:
    for count in counts:
        slot = inventory.slots[count.slot_id]
        slot.version = count.version
        slot.capacity = count.capacity
        slot.held = count.held
        slot.booked = count.booked
        slot.open = count.open
        slot.extra = count.extra
        slot.closes_minutes_before = count.closes_minutes_before
        slot.cancel_until_minutes_before = count.cancel_until_minutes_before


def _seat(
    inventory: Inventory,
    event: PlacesBooked | PlacesHeld | BookingMoved | BookingRestored,
    places: tuple[TakenPlace, ...],
    *,
    state: State,
    expires_at: datetime | None = None,
) -> None:
    """The booking has exactly these seats now."""
    _unseat(inventory, event.booking_id)
    inventory.bookings[event.booking_id] = Booking(
        id=event.booking_id,
        home=event.home,
        size=len(places),
        version=event.version,
        places=[
            Place(
                id=place.id,
                slot_id=place.slot_id,
                ordinal=ordinal,
                state=state,
                expires_at=expires_at,
                claim=place.claim,
            )
            for ordinal, place in enumerate(places)
        ],
    )
    for place in places:
        if place.claim is not None:
            inventory.claims[place.claim] = event.booking_id
    if isinstance(event, PlacesHeld):
        _take_in_hand(inventory, inventory.bookings[event.booking_id], event.owner_id)


def _unseat(inventory: Inventory, booking_id: UUID) -> None:
    """The booking is no more, and its claims are free."""
    booking = inventory.bookings.pop(booking_id, None)
    if booking is None:
        return
    for place in booking.places:
        if place.claim is not None:
            inventory.claims.pop(place.claim, None)
        _let_go(inventory, booking, place)


def _miss(inventory: Inventory, booking: Booking, event: BookingCancelled) -> None:
    """Its seats are remembered, and nobody's: their claims are free."""
    booking.version = event.version
    for place in booking.places:
        place.state = "missed"
        if place.claim is not None:
            inventory.claims.pop(place.claim, None)
            place.claim = None


def _renew(booking: Booking, event: HoldRenewed) -> None:
    booking.version = event.version
    for place in booking.places:
        place.expires_at = event.expires_at


def _expire(inventory: Inventory, booking: Booking, event: PlaceExpired) -> None:
    for place in booking.places:
        if place.id == event.place_id:
            place.state = "expired"
            _let_go(inventory, booking, place)


def _take_in_hand(inventory: Inventory, booking: Booking, owner_id: UUID) -> None:
    """Each place gets the lowest number that is free: two who count at once want the same one."""
    booking.owner_id = owner_id
    hand = inventory.hands.setdefault(owner_id, {})
    for place in booking.places:
        place.hand = next(n for n in itertools.count(1) if n not in hand)
        hand[place.hand] = booking.id


def _let_go(inventory: Inventory, booking: Booking, place: Place) -> None:
    if place.hand is None or booking.owner_id is None:
        return
    hand = inventory.hands.get(booking.owner_id, {})
    hand.pop(place.hand, None)
    if not hand:
        inventory.hands.pop(booking.owner_id, None)
    place.hand = None
