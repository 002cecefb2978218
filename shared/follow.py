"""How does a service follow a topic, each message exactly once, whoever dies or freezes?

The position lives in the service's own database, in the row that is also the partition's lock and
fence (`partition_state`). A batch locks its rows, does its work, and moves position, numbering and
outbox in one transaction. Ownership is a lease on those rows; Kafka's consumer groups, whose
rebalances run behind the reader's back, are not used.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping

import asyncpg
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from shared import database
from shared.batch import Handler, Item, Limits
from shared.broker import Broker
from shared.commit import Committer
from shared.lag import Lags
from shared.leases import Leases
from shared.log import Reader
from shared.outbox import Relay
from shared.statements import load
from shared.topics import Topic

log = logging.getLogger(__name__)
SQL = load("shared")

LOOK_SECONDS = 0.1
"""How often it is noted how far the log goes."""

SILENCE_SECONDS_MAX = 3.0
"""Longer without a sign of progress, and it is not ready."""

OUTAGES = (KafkaError, *database.AWAY)


class Follower:
    """Owns some partitions of one topic and handles what comes there."""

    def __init__(
        self,
        topic: Topic,
        *,
        dsn: str,
        broker: Broker,
        name: str,
        unpack: Callable[[ConsumerRecord], list[Item]],
        handler: Handler,
        relay: Relay,
        limits: Limits,
        session: Mapping[str, str] | None = None,
    ) -> None:
        self.owned: dict[int, int] = {}
        self.stuck: dict[int, str] = {}
        self.progressed_at = time.monotonic()
        self.lags = Lags(topic.name)
        self._topic = topic
        self._dsn = dsn
        self._broker = broker
        self._name = name
        self._unpack = unpack
        self._handler = handler
        self._relay = relay
        self._limits = limits
        self._session = {
            "application_name": name,
            "idle_in_transaction_session_timeout": str(limits.idle_transaction_ms),
            "lock_timeout": str(limits.lock_ms),
        } | dict(session or {})
        self._leases = Leases(topic, limits)
        self.commits = Committer(topic, owner=self._leases.owner, handler=handler, limits=limits)
        self.commits.offer = relay.offer
        self.commits.on_commit = self.lags.handled
        self.commits.on_fenced = lambda mine: self._lose(set(self.owned) - mine)
        self._connection: asyncpg.Connection | None = None
        self._reader: Reader | None = None
        self._buffer: deque[Item] = deque()
        self._ticked_at = self._looked_at = 0.0
        self._stopping = False

    async def run(self) -> None:
        """Follow until `stop`; an outage is waited out, again and again, for ever."""
        pause = self._limits.pause_seconds_min
        while not self._stopping:
            try:
                await self._turn()
                pause = self._limits.pause_seconds_min
            except OUTAGES as error:
                self._say(logging.WARNING, "waits out an outage", error=repr(error))
                self.commits.on_again("outage")
                await self._trust_nothing()
                await asyncio.sleep(pause)
                pause = min(pause * 2, self._limits.pause_seconds_max)
        await self._leave()

    def stop(self) -> None:
        """Finish the batch under way, give the partitions back, end."""
        self._stopping = True

    def wrong(self) -> str | None:
        """In words, where a partition stands still, or nothing moves at all."""
        if self.stuck:
            return f"partitions stand still: {self.stuck}"
        silent = time.monotonic() - self.progressed_at
        return None if silent < SILENCE_SECONDS_MAX else f"no progress for {silent:.0f} s"

    # ---- one turn ------------------------------------------------------------------------------

    async def _turn(self) -> None:
        connection = await self._connected()
        if self._leases.due():
            await self._own(connection, await self._leases.keep(connection))
        if not self.owned or self._relay.full:
            # Owning nothing while others own all is progress; a relay that is full is not.
            if not self._relay.full:
                self.progressed_at = time.monotonic()
            await asyncio.sleep(self._limits.pause_seconds_min)
            return
        await self._fill()
        # Asked first: what is due must not wait until nobody wants anything any more.
        if await self._is_due(connection) or self._buffer:
            size = min(len(self._buffer), self._limits.batch_max)
            await self.commits.handle(connection, [self._buffer.popleft() for _ in range(size)])
        self.progressed_at = time.monotonic()
        self._note_ends()

    def _note_ends(self) -> None:
        if self._reader is not None and self.progressed_at - self._looked_at >= LOOK_SECONDS:
            self._looked_at = self.progressed_at
            self.lags.reach(self._reader.known_ends(self._topic.name, self.owned))

    async def _fill(self) -> None:
        """Take what has come; wait only when there is nothing to do."""
        if len(self._buffer) >= self._limits.batch_max or self._reader is None:
            return
        wait = 0.0 if self._buffer else self._limits.wait_seconds
        if self.owned.keys() <= self.stuck.keys():
            await asyncio.sleep(wait)
            return
        records = await self._reader.next(wait_seconds=wait, records_max=self._limits.buffered_max)
        if records and self._limits.gather_seconds:
            await asyncio.sleep(self._limits.gather_seconds)
            records += await self._reader.next(
                wait_seconds=0.0, records_max=self._limits.buffered_max
            )
        for record in records:
            expected = self.owned.get(record.partition)
            if expected is None or record.offset < expected:
                continue
            if record.offset > expected:
                self._stall(record.partition, f"{expected} is missing, {record.offset} came")
                continue
            self.owned[record.partition] = record.offset + 1
            self._buffer.extend(self._unpack(record))

    async def _is_due(self, connection: asyncpg.Connection) -> bool:
        now = time.monotonic()
        if now - self._ticked_at < self._limits.tick_seconds:
            return False
        self._ticked_at = now
        return await self._handler.has_due(connection, list(self.owned))

    # ---- ownership -----------------------------------------------------------------------------

    async def _connected(self) -> asyncpg.Connection:
        """One connection of its own, in whose session nobody else's work waits."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await database.connect(self._dsn, self._session)
            await self._connection.execute(
                SQL["ensure_partitions"], self._topic.name, self._topic.partitions
            )
        return self._connection

    async def _own(self, connection: asyncpg.Connection, mine: set[int]) -> None:
        """Read everything owned from where the database says; announce what was left behind."""
        self._lose(set(self.owned) - mine)
        if not mine - set(self.owned):
            return
        if self._reader is None:
            self._reader = Reader(self._broker, self._name)
            await self._reader.start()
        ends = await self._reader.ends(self._topic.name, mine)
        rows = await connection.fetch(SQL["positions"], self._topic.name, self._leases.owner)
        self._buffer.clear()
        self.stuck.clear()
        self.owned = {row["partition"]: row["next_offset"] for row in rows}
        self.lags.follow(self.owned, ends)
        await self._stall_where_cut(self._reader, ends)
        for partition in self.owned:
            await self._relay.recover(connection, partition)
        # What stands still is not asked for: its offset is an error, and the others' as well then.
        readable = {p: offset for p, offset in self.owned.items() if p not in self.stuck}
        self._reader.read_from(self._topic.name, readable)
        self._say(logging.INFO, "follows", positions={str(p): o for p, o in self.owned.items()})

    def _lose(self, partitions: Iterable[int]) -> None:
        lost = set(partitions)
        if lost:
            self._say(logging.WARNING, "lost partitions", partitions=sorted(lost))
            self.lags.lose(lost)
            for partition in lost:
                self.owned.pop(partition, None)
            self._buffer = deque(item for item in self._buffer if item.partition not in lost)

    async def _stall_where_cut(self, reader: Reader, ends: Mapping[int, int]) -> None:
        """A log that was cut at its end, or past what is the next to be handled."""
        starts = await reader.starts(self._topic.name, self.owned)
        for partition, offset in self.owned.items():
            if ends[partition] < offset:
                self._stall(partition, f"the log ends at {ends[partition]}, before {offset}")
            elif starts[partition] > offset:
                self._stall(partition, f"the log begins at {starts[partition]}, after {offset}")

    def _stall(self, partition: int, why: str) -> None:
        """A hole in the log is an alarm and a stop, never a skip."""
        if partition not in self.stuck:
            self.stuck[partition] = why
            self._say(logging.ERROR, "stands still", partition=partition, why=why)

    async def _trust_nothing(self) -> None:
        """After an outage positions are read from the database, and the log anew."""
        self._buffer.clear()
        self.lags.lose(list(self.owned))
        self.owned.clear()
        self._leases.renew_next_turn()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
        await self._stop_reading()

    async def _stop_reading(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.stop()

    async def _leave(self) -> None:
        await self._stop_reading()
        connection, self._connection = self._connection, None
        if connection is not None:
            await self._leases.leave(connection, list(self.owned))

    def _say(self, level: int, what: str, **about: object) -> None:
        log.log(level, what, extra={"topic": self._topic.name, **about})
