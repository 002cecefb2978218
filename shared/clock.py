"""What time is it in PostgreSQL? It judges; each process keeps its measured distance from it."""

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from shared import database
from shared.statements import load

log = logging.getLogger(__name__)
SQL = load("shared")

REFRESH_SECONDS = 10.0
TRIPS = 5


class DatabaseClock:
    """PostgreSQL's time by this process's monotonic clock: right while the wall clock is wrong."""

    def __init__(self) -> None:
        self._epoch_minus_monotonic: float | None = None

    def now(self) -> datetime:
        """PostgreSQL's time, to about half a round trip."""
        if self._epoch_minus_monotonic is None:
            raise RuntimeError("the clock was not set yet")
        return datetime.fromtimestamp(time.monotonic() + self._epoch_minus_monotonic, UTC)

    def after(self, seconds: float) -> datetime:
        """PostgreSQL's time in so many seconds."""
        return self.now() + timedelta(seconds=seconds)

    async def set(self, pool: asyncpg.Pool) -> None:
        """Ask PostgreSQL a few times; of the quickest trip half is taken as the way back.

        On a busy machine most trips wait somewhere, and nobody can say on which way. The first one
        is not counted at all: the statement is prepared by it.
        """
        async with pool.acquire(timeout=3) as connection:
            await connection.fetchval(SQL["database_now"])
            trips = [await _trip(connection) for _ in range(TRIPS)]
        _, self._epoch_minus_monotonic = min(trips)

    async def keep(self, pool: asyncpg.Pool) -> None:
        """Ask again every few seconds; while PostgreSQL is away the old distance holds."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                await self.set(pool)
            except database.AWAY as error:
                log.warning("the clock was not refreshed", extra={"error": str(error)})


async def _trip(connection: PoolConnectionProxy) -> tuple[float, float]:
    """How long it took, and how far PostgreSQL's time is from this process's."""
    before = time.monotonic()
    there = await connection.fetchval(SQL["database_now"])
    after = time.monotonic()
    return after - before, there.timestamp() - (before + after) / 2
