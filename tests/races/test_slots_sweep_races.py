"""Is a hold that ran out over in time, though people never stop asking for other things?"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from shared import follow
from shared.follow import Follower
from tests import stories
from tests.followers import Town
from tests.stories import an_id

HELD, WANTED = an_id("held"), an_id("wanted by all")
LATE_SECONDS_MAX = 1.0
ASKS_SECONDS = 0.001
HELD_STILL = "SELECT count(*) FROM place WHERE slot_id = $1"


@pytest.fixture
def town(slots_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Town:
    """A town without Kafka: what is read comes from the log in memory."""
    made = Town(slots_dsn)
    monkeypatch.setattr(follow, "Reader", made.log.reader)
    return made


@asynccontextmanager
async def a_stream(town: Town) -> AsyncIterator[None]:
    """People who ask for a slot that is full, and never stop."""

    async def ask() -> None:
        while True:
            for _ in range(4):
                await town.ask(stories.book(WANTED))
            await asyncio.sleep(ASKS_SECONDS)

    asking = asyncio.create_task(ask())
    try:
        yield
    finally:
        asking.cancel()


async def _seconds_late(town: Town) -> float:
    """How long after its time a hold is still there while others ask; at most a bit too long."""
    connection = await asyncpg.connect(town.dsn)
    try:
        async with town.referee():
            await town.ask(stories.open_clinic())
            await town.ask(stories.open_slot(HELD, 1))
            await town.ask(stories.open_slot(WANTED, 1))
            await town.ask(stories.hold(HELD))
            await town.replies(4)
            async with a_stream(town):
                # As if it had been held for long: no door lets through a hold of less than 30 s.
                await connection.execute("UPDATE place SET expires_at = clock_timestamp()")
                over = time.monotonic()
                while await connection.fetchval(HELD_STILL, HELD):
                    if time.monotonic() - over > LATE_SECONDS_MAX:
                        break
                    await asyncio.sleep(0.05)
            return time.monotonic() - over
    finally:
        await connection.close()


async def test_a_hold_is_over_in_time_though_people_never_stop_asking(town: Town) -> None:
    assert await _seconds_late(town) <= LATE_SECONDS_MAX


async def test_who_sweeps_only_when_nobody_asks_leaves_it_there(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_due = Follower._is_due

    async def only_when_idle(self: Follower, connection: asyncpg.Connection) -> bool:
        return not self._buffer and await is_due(self, connection)

    monkeypatch.setattr(Follower, "_is_due", only_when_idle)

    assert await _seconds_late(town) > LATE_SECONDS_MAX
