"""Where does the peer keep its bookings? In a database of its own, in the cluster of the stack."""

from collections.abc import Sequence
from importlib.resources import files
from uuid import UUID

import asyncpg
import msgspec

from bench.peer_rowlock.app import SQL
from deploy.local.stack import SUPERUSER, Stack

DATABASE = "peer_rowlock"
CAPACITY = 100_000_000
STATEMENT_SECONDS = 120.0


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What the peer booked."""

    bookings: int
    capacity_used: int
    oversold: int
    answers: int
    events: int

    def wrong(self, before: "Counts", *, told: int, unsure: int) -> list[str]:
        """What does not fit what was told since `before`, in words; `unsure` were not answered."""
        made = self.bookings - before.bookings
        said = {
            f"{self.oversold} slots of the peer oversold or miscounted": self.oversold,
            f"the peer's slots say {self.capacity_used}, its bookings {self.bookings}": (
                self.capacity_used != self.bookings
            ),
            f"the peer has {self.answers} answers and {self.events} events for"
            f" {self.bookings} bookings": {self.answers, self.events} != {self.bookings},
            f"{told - made} bookings of the peer lost": made < told,
            f"{made} bookings of the peer for {told} told and {unsure} not known": (
                made > told + unsure
            ),
        }
        return [words for words, is_so in said.items() if is_so]


def dsn_of(stack: Stack) -> str:
    """How the peer connects: over TCP like everybody else here."""
    return stack.dsn(SUPERUSER, DATABASE)


async def make(stack: Stack, slots: Sequence[UUID]) -> None:
    """A new database with these slots, and nobody booked."""
    owner = await asyncpg.connect(stack.dsn(SUPERUSER, "postgres"))
    try:
        await owner.execute(SQL["drop_database"])
        await owner.execute(SQL["make_database"])
    finally:
        await owner.close()
    await furnish(dsn_of(stack), slots, CAPACITY)


async def furnish(dsn: str, slots: Sequence[UUID], capacity: int) -> None:
    """Tables in an empty database, and in them the slots with so many places each."""
    connection = await asyncpg.connect(dsn)
    try:
        for name in ("schema.sql", "function.sql"):
            await connection.execute(files("bench.peer_rowlock").joinpath("sql", name).read_text())
        await connection.execute(SQL["slots"], list(slots), capacity)
    finally:
        await connection.close()


async def counts(dsn: str) -> Counts:
    """How it stands."""
    connection = await asyncpg.connect(dsn, command_timeout=STATEMENT_SECONDS)
    try:
        row = await connection.fetchrow(SQL["counts"])
    finally:
        await connection.close()
    assert row is not None
    return Counts(**row)
