"""How is what was committed announced, in order, though the broker or this process may die?

A batch's records are one outbox row, written in the batch's transaction. After COMMIT they go
straight from memory to the log; the row is deleted when all before it and all of it are
acknowledged. Whoever takes a partition over announces its remaining rows first. So nothing is
lost, some may be told again, and readers drop what is older than what they have.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress

import asyncpg
import msgspec

from shared import database, faultpoints
from shared.log import Appender, LogAwayError, Outgoing
from shared.statements import load

log = logging.getLogger(__name__)
SQL = load("shared")

WINDOW_BATCHES = 64
"""How many announced and not yet acknowledged rows there may be before the sender waits."""

MARK_SECONDS = 0.1
RETRY_SECONDS = 0.2
OFFERED_BATCHES_MAX = 1_000
"""How many rows may wait to be announced before deciding itself has to wait."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Outgoing]).decode


def pack(records: list[Outgoing]) -> bytes:
    """The form in which one outbox row keeps a batch's records."""
    return _encode(records)


SILENCE_SECONDS_MAX = 5.0
"""When the oldest row has waited so long, announcing is taken to stand still."""


class Row(msgspec.Struct):
    """One outbox row on its way: which partition's, its number, its records, since when, their
    futures."""

    partition: int
    seq: int
    records: list[Outgoing]
    since: float
    handed: bool = False
    acknowledged: list[asyncio.Future[None]] = []


def _by_partition(records: Iterable[Outgoing]) -> Iterable[list[Outgoing]]:
    """A row's records by where they go; what goes to one place stays in its order."""
    together: dict[tuple[str, int], list[Outgoing]] = {}
    for record in records:
        together.setdefault((record.topic, record.partition), []).append(record)
    return together.values()


class Relay:
    """Announces the outbox rows of one followed topic."""

    def __init__(self, topic: str, pool: asyncpg.Pool, appender: Appender) -> None:
        self._topic = topic
        self._pool = pool
        self._appender = appender
        self._offered: deque[Row] = deque()
        self._came = asyncio.Event()
        self._window: deque[Row] = deque()
        self._order = asyncio.Lock()
        self._room = asyncio.Event()
        self._sent = asyncio.Event()
        self._marks: dict[int, int] = {}
        self._known: dict[int, int] = {}
        self.on_announced: Callable[[int], None] = lambda count: None

    @property
    def full(self) -> bool:
        """True when deciding more would only grow memory: the log does not keep up."""
        return len(self._offered) >= OFFERED_BATCHES_MAX

    def wrong(self) -> str | None:
        """In words, where nothing is announced though something waits for it."""
        waiting = self._window or self._offered
        if not waiting:
            return None
        seconds = time.monotonic() - waiting[0].since
        if seconds < SILENCE_SECONDS_MAX:
            return None
        return f"the oldest of what was decided waits to be announced for {seconds:.0f} s"

    def offer(self, partition: int, seq: int, records: list[Outgoing]) -> None:
        """Announce what was just committed. Rows of a partition come in their order."""
        if seq > self._known.get(partition, -1):
            self._known[partition] = seq
            self._offered.append(Row(partition, seq, records, time.monotonic()))
            self._came.set()

    async def recover(self, connection: asyncpg.Connection, partition: int) -> int:
        """Offer what a predecessor kept and did not announce; returns how many rows."""
        rows = await connection.fetch(SQL["unannounced"], self._topic, partition)
        for row in rows:
            self.offer(partition, row["seq"], _decode(row["messages"]))
        return len(rows)

    async def run(self) -> None:
        """Announce for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send_each())
            tasks.create_task(self._mark_each())

    async def _send_each(self) -> None:
        while True:
            while not self._offered:
                self._came.clear()
                await self._came.wait()
            while len(self._window) >= WINDOW_BATCHES:
                self._room.clear()
                await self._room.wait()
            async with self._order:
                row = self._offered.popleft()
                self._window.append(row)
                await self._send(row)
            self._sent.set()

    async def _send(self, row: Row) -> None:
        """Hand a row's records over; stops at the first that the log does not take."""
        row.acknowledged = []
        try:
            for together in _by_partition(row.records):
                row.acknowledged += await self._appender.append_together(together)
        except LogAwayError as error:
            refused: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            refused.set_exception(error)
            row.acknowledged.append(refused)
        row.handed = True

    async def _mark_each(self) -> None:
        """Take acknowledged rows from the window's head; send again from the first that failed."""
        loop = asyncio.get_running_loop()
        marked = loop.time()
        while True:
            if not self._window or not self._window[0].handed:
                # Cleared before marking: a row sent meanwhile must not wait for the next one.
                self._sent.clear()
                if self._marks and not await self._another_is_sent(marked + MARK_SECONDS):
                    await self._mark()
                    marked = loop.time()
                    if self._marks:
                        # The database was away: nothing else may ever be sent that would mark them.
                        await asyncio.sleep(RETRY_SECONDS)
                elif not self._marks:
                    await self._sent.wait()
            elif not await self._head_is_acknowledged():
                await asyncio.sleep(RETRY_SECONDS)
                await self._send_again()
            else:
                row = self._window.popleft()
                faultpoints.reach(faultpoints.PUBLISHED)
                self._room.set()
                self._marks[row.partition] = row.seq
                self.on_announced(len(row.records))
                if loop.time() - marked >= MARK_SECONDS:
                    await self._mark()
                    marked = loop.time()

    async def _another_is_sent(self, until: float) -> bool:
        """True when there is more to mark before it is time to mark what there is.

        Each marking is a transaction of its own, whose commit waits for the disk.
        """
        left = until - asyncio.get_running_loop().time()
        if left <= 0:
            return False
        with suppress(TimeoutError):
            await asyncio.wait_for(self._sent.wait(), left)
        return self._sent.is_set()

    async def _head_is_acknowledged(self) -> bool:
        results = await asyncio.gather(*self._window[0].acknowledged, return_exceptions=True)
        return not any(isinstance(result, BaseException) for result in results)

    async def _send_again(self) -> None:
        """All from the hole on, in order, and nothing new in between.

        A reader that sees number k + 1 before k drops it; so what follows a hole is told again
        even where it was acknowledged.
        """
        async with self._order:
            log.warning("announcing again", extra={"topic": self._topic, "rows": len(self._window)})
            for row in self._window:
                await asyncio.gather(*row.acknowledged, return_exceptions=True)
                await self._send(row)

    async def _mark(self) -> None:
        if not self._marks:
            return
        marks, self._marks = self._marks, {}
        try:
            async with self._pool.acquire(timeout=3) as connection:
                await connection.execute(
                    SQL["mark_announced"], self._topic, list(marks), list(marks.values())
                )
        except database.AWAY as error:
            # Rows that stay are told again after a restart; readers drop what they have.
            log.warning("rows were not marked announced", extra={"error": repr(error)})
            self._marks = marks | self._marks
