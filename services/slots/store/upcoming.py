"""What is to come? Every clinic and slot from today on, and which events are in them by now."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

import asyncpg

from shared import database
from shared.statements import load
from shared.topics import SLOTS_COMMANDS

SQL = load("services.slots")

STATEMENT_SECONDS = 60.0
"""How long a bite may take: the first one comes when a million rows are sorted."""

ROWS_AT_A_TIME = 1_000
"""So that whoever makes something of them lets others have their turn; about 7 ms."""

SESSION = {"idle_in_transaction_session_timeout": "30000", "jit": "off"}

Record = asyncpg.Record
Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


class EventNumbers(NamedTuple):
    """At that instant these were the numbers of the partitions' last events, and no lower."""

    at: datetime
    by_partition: dict[int, int]


async def event_numbers(connection: Connection) -> EventNumbers:
    """Which events there are now."""
    row = await connection.fetchrow(SQL["event_numbers"], SLOTS_COMMANDS.name)
    assert row is not None
    return EventNumbers(row["at"], dict(zip(row["partitions"], row["numbers"], strict=True)))


class Snapshot:
    """The database as of one moment."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def event_numbers(self) -> EventNumbers:
        """Which events are in what this snapshot shows."""
        return await event_numbers(self._connection)

    def clinics(self) -> AsyncIterator[Sequence[Record]]:
        """Every clinic."""
        return self._bites("every_clinic")

    def slots(self) -> AsyncIterator[Sequence[Record]]:
        """Every slot from today on, the soonest first."""
        return self._bites("upcoming_slots")

    async def _bites(self, name: str) -> AsyncIterator[Sequence[Record]]:
        cursor = await self._connection.cursor(SQL[name], timeout=STATEMENT_SECONDS)
        while rows := await cursor.fetch(ROWS_AT_A_TIME, timeout=STATEMENT_SECONDS):
            yield rows


@asynccontextmanager
async def snapshot(dsn: str) -> AsyncIterator[Snapshot]:
    """A look at one moment, for as long as it takes, on a connection of its own."""
    connection = await database.connect(dsn, SESSION)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield Snapshot(connection)
    finally:
        connection.terminate()
