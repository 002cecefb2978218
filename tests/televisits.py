"""Of which telemedicine visits do tests tell?"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.booking.rules.televisits import Limits, Visit

TEN = datetime(2030, 3, 4, 10, 0, tzinfo=UTC)
"""When a visit begins, if it is not said."""

LIMITS = Limits()


def minutes(count: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=count)


def a_visit(starts_at: datetime = TEN, *, id: UUID | None = None, **about: Any) -> Visit:
    """A quarter of an hour that somebody booked."""
    return Visit(id=id or uuid4(), starts_at=starts_at, ends_at=starts_at + minutes(15), **about)
