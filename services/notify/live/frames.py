"""In what words is something said on a stream? Server-sent events, as HTML's section 9.2 has them.

A block with an `id:` and no `data:` is no event to a client; it only remembers the position. So
even who was never told anything knows where to go on, and a quiet stream does not fall behind what
is kept.
"""

from datetime import datetime
from typing import Literal, assert_never
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from services.notify.live.positions import Position, spelled
from services.notify.rules import Heard, freed_by, places_of
from shared.messages import (
    BookedPlace,
    BookingConfirmed,
    BookingMissed,
    BookingReinstated,
    BookingRescheduled,
    BookingRevoked,
    CancelReason,
    VisitTold,
)

Status = Literal["booked", "cancelled", "noshow"]

BEAT = b":\n\n"
"""A comment: the connection lives, and nothing else is meant."""


class VisitChange(msgspec.Struct, frozen=True, kw_only=True):
    """Which step of a telemedicine visit was taken: its number, and what it was is the event."""

    id: UUID
    step: int
    starts_at: datetime


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The `data:` of an event: what became of a booking. `freed` are places it no longer has.

    With a `visit` it is a step of it: the booking is as it was, and has it among its places.
    """

    booking_id: UUID
    version: int
    at: datetime
    status: Status
    reason: CancelReason | UnsetType = UNSET
    places: tuple[BookedPlace, ...]
    freed: tuple[BookedPlace, ...]
    visit: VisitChange | UnsetType = UNSET


_decode = msgspec.json.Decoder(Heard).decode
_encode = msgspec.json.Encoder().encode


def opening(retry_ms: int, position: Position) -> bytes:
    """The first words: how long to wait before coming back, and where to go on then."""
    return b"retry: %d\n" % retry_ms + standing(position)


def standing(position: Position) -> bytes:
    """Where the stream stands now, without anything having happened."""
    return b":\nid: %b\n\n" % spelled(position).encode()


def reset(position: Position) -> bytes:
    """Something may have been missed: read your bookings anew, and go on from here."""
    return _block(position, "reset", b"{}")


def told(event: str, position: Position) -> bytes:
    """The kept event, and where the stream stands after it.

    What this process cannot read was written by a later version of it. It is not kept quiet about:
    the bookings as they are read anew contain it.
    """
    try:
        happened = _decode(event)
    except msgspec.MsgspecError:
        return reset(position)
    return _block(position, type(happened).__name__, _encode(_change(happened)))


def _change(event: Heard) -> Change:
    if isinstance(event, VisitTold):
        place = event.place
        visit = VisitChange(id=place.id, step=event.step, starts_at=place.starts_at)
        return Change(
            booking_id=event.booking_id,
            version=event.version,
            at=event.at,
            status="booked",
            places=(place,),
            freed=(),
            visit=visit,
        )
    status: Status = "booked"
    reason: CancelReason | UnsetType = UNSET
    match event:
        case BookingConfirmed() | BookingRescheduled() | BookingReinstated():
            pass
        case BookingMissed():
            status = "noshow"
        case BookingRevoked():
            status, reason = "cancelled", event.reason
        case _:
            assert_never(event)
    return Change(
        booking_id=event.booking_id,
        version=event.version,
        at=event.at,
        status=status,
        reason=reason,
        places=places_of(event),
        freed=freed_by(event),
    )


def _block(position: Position, event: str, data: bytes) -> bytes:
    """One event; JSON as it is written here has no line breaks, so its data are one line."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (spelled(position).encode(), event.encode(), data)
