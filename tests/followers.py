"""How does a test run whole referee processes? All of each is real but the log, in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec

from services.slots.inbox import Referee, unpack
from services.slots.store import REFEREE_SESSION
from shared import database
from shared.batch import Announcements, Handler, Head, Item, Limits
from shared.follow import Follower
from shared.log import Outgoing
from shared.messages import Command, SlotReply
from shared.outbox import Relay
from shared.topics import SLOTS_COMMANDS, SLOTS_REPLIES
from tests.memory_log import LIMIT_SECONDS, NOBODY, MemoryLog

LIMITS = Limits(
    lease_seconds=0.6,
    idle_transaction_ms=300,
    tick_seconds=0.05,
    wait_seconds=0.02,
    pause_seconds_min=0.02,
)

_encode = msgspec.msgpack.encode
_replies_in = msgspec.msgpack.Decoder(list[bytes]).decode
_reply = msgspec.msgpack.Decoder(SlotReply).decode


class Pausing:
    """A handler that does something else between its work and the end of the transaction."""

    def __init__(self, handler: Handler, pause: Callable[[], Awaitable[object]]) -> None:
        self._handler = handler
        self._pause = pause

    async def handle(
        self, connection: asyncpg.Connection, heads: dict[int, Head], items: Sequence[Item]
    ) -> Announcements:
        announcements = await self._handler.handle(connection, heads, items)
        await self._pause()
        return announcements

    async def set_aside(
        self, connection: asyncpg.Connection, heads: dict[int, Head], item: Item
    ) -> Announcements:
        return await self._handler.set_aside(connection, heads, item)

    async def has_due(self, connection: asyncpg.Connection, partitions: Sequence[int]) -> bool:
        return await self._handler.has_due(connection, partitions)


class Town:
    """The log, and the referee processes that follow it."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.log = MemoryLog()
        self.asked = 0

    @asynccontextmanager
    async def referee(
        self, *, dsn: str = "", pause: Callable[[], Awaitable[object]] | None = None
    ) -> AsyncIterator[Follower]:
        """A process that runs while the block does; `dsn` is its own way to the database."""
        pool = await database.open_pool(self.dsn, size_max=2, name="relay")
        relay = Relay(SLOTS_COMMANDS.name, pool, self.log)  # type: ignore[arg-type]
        referee = Referee(swept_holds_max=100)
        follower = Follower(
            SLOTS_COMMANDS,
            dsn=dsn or self.dsn,
            broker=NOBODY,
            name="a referee",
            unpack=unpack,
            handler=referee if pause is None else Pausing(referee, pause),
            relay=relay,
            limits=LIMITS,
            session=REFEREE_SESSION,
        )
        running = [asyncio.create_task(follower.run()), asyncio.create_task(relay.run())]
        try:
            yield follower
        finally:
            follower.stop()
            await asyncio.wait(running[:1], timeout=LIMIT_SECONDS)
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            pool.terminate()

    async def ask(self, command: Command, partition: int = 0) -> None:
        """Append a command as the front desk does."""
        self.asked += 1
        value = _encode([_encode(command)])
        await self.log.append(Outgoing(SLOTS_COMMANDS.name, partition, None, value))

    async def replies(self, count: int) -> list[Any]:
        """Every reply told so far, once there are so many."""
        await self.log.until(lambda: len(self._replies()) >= count)
        return self._replies()

    def _replies(self) -> list[Any]:
        return [
            _reply(part)
            for record in self.log.records[SLOTS_REPLIES.name, 0]
            for part in _replies_in(record.value)
        ]
