"""Who gets a place, and who gives it back?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import UNSET

from services.slots.rules.answers import counts_of, refuse, seats_per_slot, seats_wished, taken
from services.slots.rules.inventory import Booking, Inventory
from shared.messages import (
    DOSE_FIRST,
    BookingCancelled,
    BookPlaces,
    CancelBooking,
    Command,
    HoldPlaces,
    PlacesBooked,
    PlaceWish,
    Refused,
    TakenPlace,
    answer_id,
    place_id,
)

Wishes = tuple[PlaceWish, ...]
NOTHING: Counter[UUID] = Counter()


def book(
    inventory: Inventory, command: BookPlaces, *, at: datetime, home: int
) -> PlacesBooked | Refused:
    """All places or none."""
    refused = why_not(inventory, command, command.places, at=at)
    if refused is not None:
        return refused
    return PlacesBooked(
        id=answer_id(command.id, "PlacesBooked"),
        cause=command.id,
        at=at,
        booking_id=command.id,
        home=home,
        version=1,
        owner_id=command.owner_id,
        campaign_id=command.campaign_id,
        places=tuple(
            taken(inventory, place_id(command.id, n), wish, wish.claim)
            for n, wish in enumerate(command.places)
        ),
        counts=counts_of(inventory, held={}, booked=seats_wished(command.places)),
        by=command.by,
    )


def cancel(
    inventory: Inventory, command: CancelBooking, *, at: datetime, home: int
) -> BookingCancelled | Refused:
    """Every seat is free again in the same transaction, late or not; only a patient is late.

    What was missed is over, all of it: its claims are free, so that it can be booked again. Its
    seats are remembered, should that be taken back.
    """
    booking = booked_here(inventory, command.booking_id, home)
    if booking is None or command.version not in (UNSET, booking.version):
        return refuse(command, "unknown", at)
    if command.missed:
        if to_come := not_over(inventory, booking, at):
            return refuse(command, "not_over", at, to_come[0])
    elif begun := started(inventory, booking, at):
        return refuse(command, "started", at, begun[0])
    given_up = seats_per_slot((p.slot_id for p in booking.places), -1)
    return BookingCancelled(
        id=answer_id(command.id, "BookingCancelled"),
        cause=command.id,
        at=at,
        booking_id=booking.id,
        home=booking.home,
        version=booking.version + 1,
        reason=command.reason,
        counts=counts_of(inventory, held={}, booked=given_up),
        late=command.reason == "patient" and given_up_late(inventory, given_up, at),
        missed=command.missed,
    )


def why_not(
    inventory: Inventory,
    command: Command,
    wishes: Wishes,
    *,
    at: datetime,
    own: Counter[UUID] = NOTHING,
    kept: Sequence[UUID] = (),
    booking_id: UUID | None = None,
) -> Refused | None:
    """The first reason why these seats cannot be had; `own` are seats given up for them.

    `kept` are slots in which one's seats stay as they are, so nothing of them is asked for.
    A slot's cut-off is for who comes new: a seat that one has already is not asked for again.
    """
    for wish in wishes:
        if wish.slot_id in kept:
            continue
        slot = inventory.slots.get(wish.slot_id)
        if slot is None:
            return refuse(command, "unknown", at, wish.slot_id)
        stays = wish.keeps is not UNSET and own[wish.slot_id] > 0
        if not slot.open and not stays:
            return refuse(command, "closed", at, wish.slot_id)
        if at >= slot.starts_at:
            return refuse(command, "started", at, wish.slot_id)
        if slot.dose is not None and _is_other(slot.dose, command, wish):
            return refuse(command, "other_dose", at, wish.slot_id)
        if stays or isinstance(command, HoldPlaces):
            continue
        if slot.asks_for not in ("nothing", wish.shown):
            # The second guard: whoever asked for it did not know yet what the slot asks for.
            return refuse(command, "unknown", at, wish.slot_id)
    for slot_id, seats in seats_wished(wishes).items():
        slot = inventory.slots[slot_id]
        if slot.closes_minutes_before and seats > own[slot_id] and at >= slot.closes_at:
            return refuse(command, "too_late", at, slot_id, until=slot.closes_at)
        if seats > slot.free + own[slot_id]:
            return refuse(command, "full", at, slot_id)
    return claimed(inventory, command, wishes, at=at, booking_id=booking_id)


def claimed(
    inventory: Inventory,
    command: Command,
    wishes: Wishes,
    *,
    at: datetime,
    booking_id: UUID | None,
) -> Refused | None:
    """One live place per claim, within the wish as well."""
    seen: set[bytes] = set()
    for wish in wishes:
        if wish.claim is None:
            continue
        if wish.claim in seen or inventory.claims.get(wish.claim, booking_id) != booking_id:
            return refuse(command, "claim_taken", at, wish.slot_id)
        seen.add(wish.claim)
    return None


def dose_of(one: PlaceWish | TakenPlace) -> int:
    """Who names none comes for the first."""
    return one.dose or DOSE_FIRST


def _is_other(dose: int, command: Command, wish: PlaceWish) -> bool:
    """For which dose a place is held may be said when it is booked."""
    unsaid = wish.dose is None and isinstance(command, HoldPlaces)
    return not unsaid and dose_of(wish) != dose


def booked_here(inventory: Inventory, booking_id: UUID, home: int) -> Booking | None:
    """The booking, if this is its home and it is booked; elsewhere it is unknown."""
    booking = inventory.bookings.get(booking_id)
    if booking is None or booking.home != home or not booking.is_all("booked"):
        return None
    return booking


def started(inventory: Inventory, booking: Booking, at: datetime) -> list[UUID]:
    """The slots of the booking that have begun: what is past is neither moved nor cancelled."""
    slots = dict.fromkeys(place.slot_id for place in booking.places)
    return [slot_id for slot_id in slots if at >= inventory.slots[slot_id].starts_at]


def not_over(inventory: Inventory, booking: Booking, at: datetime) -> list[UUID]:
    """The slots of the booking that have not ended."""
    slots = dict.fromkeys(place.slot_id for place in booking.places)
    return [slot_id for slot_id in slots if at < inventory.slots[slot_id].ends_at]


def given_up_late(inventory: Inventory, change: Mapping[UUID, int], at: datetime) -> bool:
    """True when one of the slots that lose a seat wanted to know sooner."""
    return any(
        seats < 0 and at > inventory.slots[slot_id].cancel_until
        for slot_id, seats in change.items()
    )
