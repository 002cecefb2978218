"""Which wishes wait for an answer that did not come in time?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from services.booking.rules.life import Booking, Kind
from services.booking.store.bookings import booking_of
from services.booking.store.database import SQL, Database


class PendingWish(msgspec.Struct, frozen=True, kw_only=True):
    """A command that was handed over. With an owner and a kind it is to make that booking or hold.

    `asks` is the command's name, `command` its bytes as they were handed over.
    """

    id: UUID
    booking_id: UUID
    asks: str
    home: int
    command: bytes
    body_hash: bytes
    deadline: datetime
    owner_id: UUID | None = None
    kind: Kind | None = None
    campaign_id: UUID | None = None


class ToRevoke(NamedTuple):
    """A booking in a slot that closes, and the event that closed it."""

    booking_id: UUID
    home: int
    closing_id: UUID


class Wishes:
    """The wishes that wait, each until its answer is known."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, wishes: Sequence[PendingWish]) -> dict[UUID, Booking]:
        """Write them down, and say how each wish's booking stands then."""
        async with self._database.batch() as connection:
            await connection.execute(
                SQL["keep_pending"],
                *(
                    [getattr(wish, name) for wish in wishes]
                    for name in (
                        "id",
                        "booking_id",
                        "asks",
                        "home",
                        "command",
                        "body_hash",
                        "deadline",
                        "owner_id",
                        "kind",
                        "campaign_id",
                    )
                ),
            )
            rows = await connection.fetch(
                SQL["load_bookings"], [wish.booking_id for wish in wishes]
            )
        bookings = {row["id"]: booking_of(row) for row in rows}
        return {wish.id: bookings[wish.booking_id] for wish in wishes}

    async def take_due(self, limit: int, again_in_seconds: float) -> list[tuple[int, bytes]]:
        """Homes and commands that are to be asked again, by this process alone."""
        rows = await self._database.rows("take_due", limit, again_in_seconds)
        return [(row["home"], row["command"]) for row in rows]

    async def to_revoke(self, limit: int) -> list[ToRevoke]:
        """Bookings in closing slots that nobody is cancelling yet."""
        rows = await self._database.rows("bookings_to_revoke", limit)
        return [ToRevoke(row["id"], row["home"], row["closing_id"]) for row in rows]

    async def ask_soon(self, cancellations: Sequence[PendingWish]) -> None:
        """Write down cancellations that are due at once."""
        await self._database.rows("ask_soon", *columns_of(cancellations))


def columns_of(cancellations: Sequence[PendingWish]) -> list[list[Any]]:
    """The wishes as the arrays that the statement `ask_soon` takes, in its order."""
    return [
        [getattr(wish, name) for wish in cancellations]
        for name in ("id", "booking_id", "home", "command", "body_hash", "deadline")
    ]
