"""How many visits of a service may one person have ahead, and how far apart are they?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from services.booking.rules.visits import Service

DAY = timedelta(days=1)

Limit = Literal["bookings_max", "days_between"]


class Seat(NamedTuple):
    """A booking of one person for one service, by its visits; an older one has no number."""

    number: int | None
    booking_id: UUID
    starts: tuple[datetime, ...]


class Beyond(msgspec.Struct, frozen=True, kw_only=True):
    """Which limit would be broken, and from when on it would not be."""

    limit: Limit
    until: datetime


def has_limits(service: Service | None) -> bool:
    """True where somebody set one."""
    return service is not None and (service.bookings_max or service.days_between) is not None


def number_for(
    service: Service,
    seats: Sequence[Seat],
    *,
    booking_id: UUID,
    starts: Sequence[datetime],
    at: datetime,
) -> int | Beyond:
    """The number that this booking has or gets: no two live ones of a person have the same."""
    others = [seat for seat in seats if seat.booking_id != booking_id and seat.starts]
    ahead = sorted(max(seat.starts) for seat in others if max(seat.starts) > at)
    if service.bookings_max is not None and len(ahead) >= service.bookings_max:
        return Beyond(limit="bookings_max", until=ahead[-service.bookings_max])
    near = [
        other
        for seat in others
        for other in seat.starts
        if any(_days(other, mine) < (service.days_between or 0) for mine in starts)
    ]
    if near:
        return Beyond(limit="days_between", until=max(near) + DAY * (service.days_between or 0))
    for seat in seats:
        if seat.booking_id == booking_id and seat.number is not None:
            return seat.number
    taken = {seat.number for seat in seats}
    return next(number for number in range(1, len(taken) + 2) if number not in taken)


def _days(one: datetime, other: datetime) -> int:
    """As people count them: a gap of 20 days and 18 hours is three weeks."""
    return (abs(one - other) + DAY / 2) // DAY
