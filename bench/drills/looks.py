"""Is everything as it was promised, at every second? The databases are asked, not Talon."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import aiohttp
import asyncpg
import msgspec

from bench.drills.people import serving_of
from bench.drills.tally import Tally
from deploy.local.stack import SUPERUSER, Stack
from shared.statements import load
from talon.doors import Doors

LOOK_SECONDS = 1.0
STATEMENT_SECONDS = 10.0
SHARE = 0.99
SQL = load("bench.drills")

_BUCKET = re.compile(
    r'^slots_queue_delay_seconds_bucket\{.*?le="([^"]+)".*?\} (\S+)$', re.MULTILINE
)


class Invariants(msgspec.Struct, kw_only=True):
    """How often each promise was looked at, and how often it was found broken. All are 0."""

    looks: int = 0
    failed_looks: int = 0
    oversold: int = 0
    twice: int = 0
    lost: int = 0
    jumped: int = 0

    @property
    def broken(self) -> int:
        """Of whatever kind."""
        return self.oversold + self.twice + self.lost + self.jumped


@asynccontextmanager
async def onlooker(stack: Stack) -> AsyncIterator[asyncpg.Connection]:
    """The cluster's owner, who alone sees who waits. Nothing is changed."""
    connection = await asyncpg.connect(stack.dsn(SUPERUSER), command_timeout=STATEMENT_SECONDS)
    try:
        await connection.execute("SET default_transaction_read_only = on")
        yield connection
    finally:
        await connection.close(timeout=STATEMENT_SECONDS)


class Looks:
    """Looks once a second, by connections of its own."""

    def __init__(
        self,
        stack: Stack,
        doors: Doors,
        auditor: asyncpg.Connection,
        tally: Tally,
        *,
        campaign_id: UUID,
        room_url: str,
    ) -> None:
        self.invariants = Invariants()
        self.acknowledged: list[UUID] = []
        """Bookings that were answered since the last look."""
        self._metrics_url = f"{stack.ops('slots')}/metrics"
        self._doors = doors
        self._auditor = auditor
        self._tally = tally
        self._campaign_id = campaign_id
        self._room_url = room_url
        self._buckets: dict[float, float] = {}

    async def run(self) -> None:
        """Until it is cancelled. What cannot be asked is counted, and is no reason to stop."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5.0)) as session:
            while True:
                try:
                    await self._look(session)
                except (OSError, TimeoutError, aiohttp.ClientError, asyncpg.PostgresError):
                    self.invariants.failed_looks += 1
                await asyncio.sleep(LOOK_SECONDS)

    async def check(self) -> None:
        """All promises once, about everything acknowledged since."""
        told, self.acknowledged = self.acknowledged, []
        found = self.invariants
        found.looks += 1
        found.oversold += await self._auditor.fetchval(SQL["oversold"])
        found.lost += await self._auditor.fetchval(SQL["lost"], told)
        found.twice += await self._auditor.fetchval(SQL["twice"], self._campaign_id)
        found.jumped += await self._auditor.fetchval(SQL["jumped"], self._campaign_id)

    async def _look(self, session: aiohttp.ClientSession) -> None:
        await self.check()
        async with session.get(self._metrics_url) as said:
            queue_ms = self._queue_ms(await said.text())
        if queue_ms is not None:
            self._tally.queued(queue_ms)
        answer = await self._doors.ask("GET", self._room_url)
        if answer.status == 200:
            room = serving_of(answer.body)
            self._tally.stood(people=room.people, serving=room.serving)

    def _queue_ms(self, text: str) -> float | None:
        """The upper end of the bucket under which 99 of 100 batches since the last look lie."""
        buckets: dict[float, float] = {}
        for upper, count in _BUCKET.findall(text):
            buckets[float(upper)] = buckets.get(float(upper), 0.0) + float(count)
        before, self._buckets = self._buckets or buckets, buckets
        since = {upper: count - before.get(upper, 0.0) for upper, count in buckets.items()}
        total = since.get(float("inf"), 0.0)
        if total <= 0:
            return None
        finite = [upper for upper in sorted(since) if upper != float("inf")]
        within = (upper for upper in finite if since[upper] >= SHARE * total)
        return next(within, finite[-1]) * 1000
