"""How does a test keep a copy of what is free? All of it is real but the log, in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from services.slots.availability import Limits, Memory
from services.slots.availability import memory as following
from services.slots.store import Reads
from shared import database
from shared.clock import DatabaseClock
from shared.log import Outgoing
from shared.topics import SLOTS_EVENTS
from tests.memory_log import LIMIT_SECONDS, NOBODY, MemoryLog
from tests.referees import Play, play


@asynccontextmanager
async def a_copy(
    dsn: str, pool: asyncpg.Pool, clock: DatabaseClock, log: MemoryLog, **limits: Any
) -> AsyncIterator[Memory]:
    """A copy that follows the log while the block runs, and was loaded once already."""
    kept = {
        "slots_max": 1_000,
        "encoded_bytes_max": 1_000_000,
        "hole_seconds_max": 10.0,
        "stale_seconds_max": 5.0,
    }
    memory = Memory(
        dsn=dsn,
        broker=NOBODY,
        name="a copy",
        numbers=Reads(pool).event_numbers,
        clock=clock,
        limits=Limits(**kept | limits),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(following, "Reader", log.reader)
        running = asyncio.create_task(memory.run())
        try:
            await until(lambda: memory.replica is not None or running.done())
            yield memory
        finally:
            running.cancel()
            await asyncio.wait([running])


class Town:
    """A referee on a database, and a relay that tells the log what it decided, unless `silent`."""

    def __init__(self, dsn: str, referee: Play, pool: asyncpg.Pool, clock: DatabaseClock) -> None:
        self.dsn = dsn
        self.referee = referee
        self.pool = pool
        self.clock = clock
        self.log = MemoryLog()
        self.silent = False
        self._untold: list[Outgoing] = []
        referee.commits.offer = self._offered

    def a_copy(self, **limits: Any) -> Any:
        """A copy of what is free, as one process keeps it."""
        return a_copy(self.dsn, self.pool, self.clock, self.log, **limits)

    def tell(self) -> None:
        """What was decided in silence is told."""
        told, self._untold = self._untold, []
        for record in told:
            self.log.records[record.topic, record.partition].append(record)

    def _offered(self, partition: int, seq: int, records: list[Outgoing]) -> None:
        self.referee.rows.append((partition, seq, records))
        self._untold += [record for record in records if record.topic == SLOTS_EVENTS.name]
        if not self.silent:
            self.tell()

    async def is_copied(self, memory: Memory) -> None:
        """Wait until the copy is true as of now."""
        now = await self.pool.fetchval("SELECT clock_timestamp()")
        await until(lambda: memory.replica is not None and memory.replica.as_of >= now)


@asynccontextmanager
async def a_town(dsn: str, *partitions: int) -> AsyncIterator[Town]:
    """A town whose referee owns these partitions."""
    pool = await database.open_pool(dsn, size_max=4, name="slots-test")
    clock = DatabaseClock()
    await clock.set(pool)
    referee = await play(dsn, *partitions)
    try:
        yield Town(dsn, referee, pool, clock)
    finally:
        await referee.connection.close()
        pool.terminate()


async def until(condition: Callable[[], object]) -> None:
    """Wait until it is so, not for ever."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not condition():  # noqa: ASYNC110 - nobody tells when it is so
            await asyncio.sleep(0.005)
