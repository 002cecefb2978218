"""Was anything oversold, lost, or booked twice? Asked of the databases after each run."""

from collections.abc import Sequence

import asyncpg
import msgspec

from bench.rush.clinics import SQL
from deploy.local.stack import Stack
from talon.audit.load import auditor


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the doors have said so far, in the front desk's own count of its answers."""

    booked: int
    """201."""

    undecided: int
    """202: they may have become bookings."""

    failed: int
    """500 and above: nobody was told what became of it."""

    refused: int = 0
    """409."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the databases say, beside what was told."""

    told: int
    unsure: int
    places: int
    capacity_used: int
    booked: int
    """Bookings as the referee has them: one, however many places it has."""

    bookings: int
    places_of_bookings: int
    not_booked: int
    messages: int
    told_of: int
    oversold: int
    mismatched: int
    twice: int

    @property
    def lost(self) -> int:
        """Bookings that were told and are not there."""
        return max(0, self.told - self.booked)

    @property
    def wrong(self) -> list[str]:
        """What is not as it must be, in words."""
        bookings = {self.booked, self.bookings, self.messages, self.told_of}
        places = {self.places, self.capacity_used, self.places_of_bookings}
        said = {
            f"{self.oversold} slots oversold or miscounted": self.oversold,
            f"{self.lost} bookings lost": self.lost,
            f"{self.mismatched} bookings and places do not match": self.mismatched,
            f"{self.twice} times a person has the same dose twice": self.twice,
            f"the services count differently: {self}": (len(bookings) > 1 or len(places) > 1),
            f"{self.booked} bookings for {self.told} told and {self.unsure} not known": (
                self.booked > self.told + self.unsure
            ),
        }
        return [words for words, is_so in said.items() if is_so]


async def audit(stack: Stack, *told: Told) -> Found:
    """Everything there is, on a stack that only this bench has booked on, when all is quiet."""
    async with auditor(stack) as connection:
        return await _find(connection, told)


async def _find(connection: asyncpg.Connection, told: Sequence[Told]) -> Found:
    totals = await connection.fetchrow(SQL["totals"])
    assert totals is not None
    return Found(
        told=sum(one.booked for one in told),
        unsure=sum(one.undecided + one.failed for one in told),
        oversold=await connection.fetchval(SQL["oversold"]),
        mismatched=await connection.fetchval(SQL["mismatched"]),
        twice=await connection.fetchval(SQL["twice"]),
        **totals,
    )
