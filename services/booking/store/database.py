"""How is the database asked so that nobody waits for ever, and is it there at all?"""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import asyncpg

from shared import database
from shared.statements import load

SQL = load("services.booking")

SILENT_SECONDS_MAX = 3.0
"""Silent for so long, it is taken to be away."""

OUTAGES = database.AWAY

Connection = asyncpg.Connection
Row = asyncpg.Record


class Database:
    """The pools, with a limit on every wait, and whether the last ping came back.

    In that of `persons` the service is one person for the length of a statement: it sees no row
    that is somebody else's, whatever the statement asks for. In that of `batches` it says the few
    statements that keep what many wait for, planned once and by index.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        seconds: float,
        persons: asyncpg.Pool | None = None,
        batches: asyncpg.Pool | None = None,
    ) -> None:
        self._pool = pool
        self._persons = persons or pool
        self._batches = batches or pool
        self._seconds = seconds
        self._seen_at = time.monotonic()
        self._refuses = False

    @property
    def away(self) -> bool:
        """True while the database is known not to answer."""
        return self._refuses or time.monotonic() - self._seen_at > SILENT_SECONDS_MAX

    @property
    def pool(self) -> asyncpg.Pool:
        """The service's own connections, for what shared parts keep in its schema."""
        return self._pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection, soon or not at all."""
        async with self._pool.acquire(timeout=self._seconds) as connection:
            # A pool lends a proxy that does all a connection does.
            yield cast(Connection, connection)

    @asynccontextmanager
    async def batch(self) -> AsyncIterator[Connection]:
        """A connection to keep a whole batch by."""
        async with self._batches.acquire(timeout=self._seconds) as connection:
            yield cast(Connection, connection)

    async def rows(self, name: str, *arguments: Any) -> list[Row]:
        """What the named statement gives."""
        async with self._pool.acquire(timeout=self._seconds) as connection:
            return await connection.fetch(SQL[name], *arguments, timeout=self._seconds)

    async def rows_of(self, ids: Sequence[UUID], name: str, *arguments: Any) -> list[Row]:
        """What the named statement gives of one person's rows, under all of their ids.

        It says itself whose, by its $1.
        """
        async with self._persons.acquire(timeout=self._seconds) as connection:
            return await connection.fetch(SQL[name], ids, *arguments, timeout=self._seconds)

    @asynccontextmanager
    async def as_person(self, ids: Sequence[UUID]) -> AsyncIterator[Connection]:
        """As one person, within a transaction that sees one instant and only reads."""
        async with (
            self._persons.acquire(timeout=self._seconds) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await connection.fetchval(SQL["be_person"], ids, timeout=self._seconds)
            yield cast(Connection, connection)

    async def row(self, name: str, *arguments: Any) -> Row | None:
        """The one row that the named statement gives, if any."""
        found = await self.rows(name, *arguments)
        return found[0] if found else None

    async def takes_writes(self) -> bool:
        """Ask whether it is there, and remember the answer."""
        try:
            async with self._pool.acquire(timeout=self._seconds) as connection:
                there: bool = await connection.fetchval(SQL["takes_writes"], timeout=self._seconds)
        except TimeoutError:
            raise  # it may be busy: only a long silence means that it is away
        except OUTAGES:
            self._refuses = True
            raise
        self._refuses = not there
        if there:
            self._seen_at = time.monotonic()
        return there
