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
from shared.clock import DatabaseClock
from tests.memory_log import LIMIT_SECONDS, MemoryLog


@asynccontextmanager
async def a_copy(
    dsn: str, pool: asyncpg.Pool, clock: DatabaseClock, log: MemoryLog, **limits: Any
) -> AsyncIterator[Memory]:
    """A copy that follows the log while the block runs; loaded once already."""
    kept = {
        "slots_max": 1_000,
        "encoded_bytes_max": 1_000_000,
        "hole_seconds_max": 10.0,
        "stale_seconds_max": 5.0,
    }
    memory = Memory(
        dsn=dsn,
        servers="",
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


async def until(condition: Callable[[], object]) -> None:
    """Wait until it is so, not for ever."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not condition():  # noqa: ASYNC110 - nobody tells when it is so
            await asyncio.sleep(0.005)
