"""What time is it in PostgreSQL? It judges; each process keeps its measured distance from it."""

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta

import asyncpg

from shared import database
from shared.statements import load

log = logging.getLogger(__name__)
SQL = load("shared")

REFRESH_SECONDS = 10.0


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
        """Ask PostgreSQL; half of the round trip is taken as the way back."""
        async with pool.acquire(timeout=3) as connection:
            before = time.monotonic()
            there = await connection.fetchval(SQL["database_now"])
            after = time.monotonic()
        self._epoch_minus_monotonic = there.timestamp() - (before + after) / 2

    async def keep(self, pool: asyncpg.Pool) -> None:
        """Ask again every few seconds; while PostgreSQL is away the old distance holds."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                await self.set(pool)
            except database.AWAY as error:
                log.warning("the clock was not refreshed", extra={"error": str(error)})
