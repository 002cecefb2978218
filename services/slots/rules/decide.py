"""Which answer does a command get? Exactly one: an event, or a refusal with its reason."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

from services.slots.rules import bookings, holds, missed, moves, slots
from services.slots.rules.answers import refuse
from services.slots.rules.evolve import evolve
from services.slots.rules.inventory import Inventory
from shared.messages import (
    BookingMoved,
    BookPlaces,
    CancelBooking,
    ChangeClinic,
    ChangeSlot,
    ConfirmHold,
    HoldExpired,
    HoldPlaces,
    HoldReleased,
    MovePlaces,
    OpenClinic,
    OpenSlot,
    PlaceExpired,
    ReleaseHold,
    RenewHold,
    RestoreBooking,
    SlotCommand,
    SlotReply,
)


def decide(inventory: Inventory, command: SlotCommand, *, at: datetime, home: int) -> SlotReply:
    """Answer one command, judged at `at`, read from partition `home`. Changes nothing."""
    if at > command.deadline:
        return refuse(command, "expired", at)
    if command.not_before is not None and at < command.not_before:
        return refuse(command, "not_open", at)
    match command:
        case BookPlaces():
            return bookings.book(inventory, command, at=at, home=home)
        case MovePlaces(missed=True):
            return missed.miss_some(inventory, command, at=at, home=home)
        case MovePlaces():
            return moves.move(inventory, command, at=at, home=home)
        case CancelBooking():
            return bookings.cancel(inventory, command, at=at, home=home)
        case RestoreBooking():
            return missed.restore(inventory, command, at=at, home=home)
        case HoldPlaces():
            return holds.hold(inventory, command, at=at, home=home)
        case RenewHold():
            return holds.renew(inventory, command, at=at, home=home)
        case ReleaseHold():
            return holds.release(inventory, command, at=at, home=home)
        case ConfirmHold():
            return holds.confirm(inventory, command, at=at, home=home)
        case OpenClinic():
            return slots.open_clinic(inventory, command, at)
        case ChangeClinic():
            return slots.change_clinic(inventory, command, at)
        case OpenSlot():
            return slots.open_slot(inventory, command, at)
        case ChangeSlot():
            return slots.change_slot(inventory, command, at)
        case _:
            assert_never(command)


def expire_dead(inventory: Inventory, at: datetime) -> Iterator[PlaceExpired]:
    """Free every held place whose time ran out, before anything else is decided."""
    for booking in list(inventory.bookings.values()):
        for place in booking.places:
            if place.state == "held" and place.expires_at is not None and place.expires_at <= at:
                event = holds.expire(inventory, booking, place, at)
                evolve(inventory, event)
                yield event


def give_up(inventory: Inventory, command: SlotCommand, reply: SlotReply) -> Sequence[HoldReleased]:
    """What ends with what was decided; to be asked before either is made so."""
    if isinstance(command, MovePlaces) and command.hold_ids and isinstance(reply, BookingMoved):
        return moves.give_up(inventory, command, reply)
    return ()


def sweep(inventory: Inventory, due: Iterable[UUID], at: datetime) -> Iterator[HoldExpired]:
    """Say of each hold that is due that it is gone, if its last place has expired."""
    for booking_id in due:
        booking = inventory.bookings.get(booking_id)
        if booking is not None and booking.is_all("expired"):
            event = holds.gone(booking, at)
            evolve(inventory, event)
            yield event
