"""How far behind are those who follow the log, and have they caught up?"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from statistics import linear_regression

import asyncpg
import msgspec

from bench.rush.clinics import SQL
from deploy.local.stack import AUDITOR, Stack
from shared.log import Reader
from shared.topics import BOOKING_EVENTS, SLOTS_COMMANDS, SLOTS_EVENTS
from talon.audit import quiet
from talon.audit.load import auditor

READERS = {
    "commands": SLOTS_COMMANDS,
    "projection": SLOTS_EVENTS,
    "ledger": BOOKING_EVENTS,
}
"""What is behind when a topic's reader is."""

LOOK_SECONDS = 1.0
LOOKS_LEAST = 2
CAUGHT_UP_SECONDS_MAX = 60.0
QUIET_SECONDS_MAX = 600.0


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """How many records each reader has before it, `at` seconds after the start of watching."""

    at: float
    commands: int
    projection: int
    ledger: int
    unannounced: int = 0
    """Events that are not on the log yet."""

    @property
    def behind(self) -> int:
        """Zero when everybody has heard of everything."""
        return self.commands + self.events + self.unannounced

    @property
    def events(self) -> int:
        """Bookings that are answered and not yet known to everyone."""
        return self.projection + self.ledger


class Watch:
    """Looks at the ends of the topics in Kafka, and at the positions in PostgreSQL."""

    def __init__(self, connection: asyncpg.Connection, reader: Reader) -> None:
        self._connection = connection
        self._reader = reader

    async def look(self, began: float = 0.0) -> Lag:
        """How far behind everybody is now. Positions first: what comes meanwhile only adds."""
        rows = await self._connection.fetch(SQL["positions"])
        positions = {row["topic"]: row["position"] for row in rows}
        behind = {}
        for name, topic in READERS.items():
            ends = await self._reader.ends(topic.name, range(topic.partitions))
            behind[name] = max(0, sum(ends.values()) - positions.get(topic.name, 0))
        behind["unannounced"] = positions["unannounced"]
        return Lag(at=time.monotonic() - began, **behind)

    async def follow(self, into: list[Lag]) -> None:
        """Look once a second until cancelled."""
        began = time.monotonic()
        while True:
            into.append(await self.look(began))
            await asyncio.sleep(LOOK_SECONDS)

    async def caught_up(self) -> float | None:
        """After how many seconds nobody was behind any more; None where that took too long."""
        began = time.monotonic()
        while time.monotonic() - began < CAUGHT_UP_SECONDS_MAX:
            lag = await self.look(began)
            if lag.behind == 0:
                return lag.at
            await asyncio.sleep(LOOK_SECONDS / 10)
        return None

    async def all_quiet(self) -> str:
        """Wait until nothing moves, messages included; what still does, or an empty string."""
        return await quiet.wait(self._connection, seconds=QUIET_SECONDS_MAX, tell=lambda said: None)


def growth(lags: Sequence[Lag]) -> float:
    """By how many events a second the lag grew in the second half, as the straight line says."""
    half = lags[len(lags) // 2 :]
    if len(half) < LOOKS_LEAST:
        return 0.0
    return linear_regression([lag.at for lag in half], [lag.events for lag in half]).slope


@asynccontextmanager
async def watching(stack: Stack) -> AsyncIterator[Watch]:
    """The auditor's connection and a reader of the log's ends."""
    reader = Reader(stack.broker(AUDITOR), "bench-lag")
    await reader.start()
    try:
        async with auditor(stack) as connection:
            yield Watch(connection, reader)
    finally:
        await reader.stop()
