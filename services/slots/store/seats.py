"""What is remembered of each seat, and in which order are seats written?"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.slots.rules import Booking


class Row(NamedTuple):
    """One row of `place`, in the order of its columns."""

    id: UUID
    slot_id: UUID
    booking_id: UUID
    home: int
    ordinal: int
    size: int
    version: int
    state: str
    expires_at: datetime | None
    claim: bytes | None
    owner_id: UUID | None
    hand: int | None


NOBODY = UUID(int=0)


def in_turn(row: Row) -> tuple[Any, ...]:
    """Claims and hands are reserved in one order by all, so that no two batches wait in a ring."""
    return row.claim or b"", row.owner_id or NOBODY, row.hand or 0, row.id.int


def rows_of(booking: Booking) -> Iterable[Row]:
    """A booking's seats, as they are to be remembered."""
    for place in booking.places:
        yield Row(
            place.id,
            place.slot_id,
            booking.id,
            booking.home,
            place.ordinal,
            booking.size,
            booking.version,
            place.state,
            place.expires_at,
            place.claim,
            None if place.hand is None else booking.owner_id,
            place.hand,
        )
