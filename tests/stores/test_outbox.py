"""Is what was committed announced in its order, and the row forgotten once the log has it?"""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared import database
from shared.log import Outgoing
from shared.outbox import Relay, pack
from tests.memory_log import MemoryLog

TOPIC = "slots.commands"


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def pool(slots_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """One connection, so that a test can keep the relay from marking by holding it."""
    opened = await database.open_pool(slots_dsn, size_max=1, name="relay")
    yield opened
    opened.terminate()


@pytest.fixture
async def relay(pool: asyncpg.Pool, log: MemoryLog) -> AsyncIterator[Relay]:
    relaying = Relay(TOPIC, pool, log)  # type: ignore[arg-type]
    running = asyncio.create_task(relaying.run())
    yield relaying
    running.cancel()
    await asyncio.wait([running])


def records_of(seq: int) -> list[Outgoing]:
    """Two records that know which row they are of."""
    return [Outgoing("slots.events", 0, None, b"%d.%d" % (seq, n)) for n in range(2)]


async def keep(pool: asyncpg.Pool, *numbers: int) -> None:
    """Rows as a batch's transaction writes them."""
    await pool.executemany(
        "INSERT INTO outbox (topic, partition, seq, messages) VALUES ($1, 0, $2, $3)",
        [(TOPIC, seq, pack(records_of(seq))) for seq in numbers],
    )


async def told(log: MemoryLog, count: int) -> list[str]:
    """What the log has, once it has so much."""
    records = log.records["slots.events", 0]
    await log.until(lambda: len(records) >= count)
    return [record.value.decode() for record in records]


async def forgotten(pool: asyncpg.Pool) -> None:
    """Wait until no row is left."""
    for _ in range(100):
        if not await pool.fetchval("SELECT count(*) FROM outbox"):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("rows are still there")


async def test_rows_are_announced_in_their_order_and_then_forgotten(
    relay: Relay, pool: asyncpg.Pool, log: MemoryLog
) -> None:
    await keep(pool, 1, 2)

    for seq in (1, 2, 2):
        relay.offer(0, seq, records_of(seq))
    await forgotten(pool)

    assert await told(log, 4) == ["1.0", "1.1", "2.0", "2.1"]


async def test_who_takes_over_announces_what_was_left_behind(
    relay: Relay, pool: asyncpg.Pool, log: MemoryLog
) -> None:
    await keep(pool, 1, 2)
    relay.offer(0, 1, records_of(1))

    async with pool.acquire() as connection:
        rows = await relay.recover(connection, 0)  # type: ignore[arg-type]
    await forgotten(pool)

    assert rows == 2
    assert await told(log, 4) == ["1.0", "1.1", "2.0", "2.1"]


async def test_what_the_log_refused_is_told_again_from_the_hole_on(
    relay: Relay, pool: asyncpg.Pool, log: MemoryLog
) -> None:
    await keep(pool, 1, 2)
    log.refusing = 1

    for seq in (1, 2):
        relay.offer(0, seq, records_of(seq))
    await forgotten(pool)

    assert await told(log, 6) == ["2.0", "2.1", "1.0", "1.1", "2.0", "2.1"]


async def test_a_row_that_comes_while_others_are_forgotten_does_not_wait_for_the_next_one(
    relay: Relay, pool: asyncpg.Pool, log: MemoryLog
) -> None:
    await keep(pool, 1, 2)
    async with pool.acquire():
        relay.offer(0, 1, records_of(1))
        await told(log, 2)
        await asyncio.sleep(0.05)
        relay.offer(0, 2, records_of(2))
        await told(log, 4)

    await forgotten(pool)
