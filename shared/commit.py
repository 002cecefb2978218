"""How does a batch become one transaction, and how is the one culprit found that spoils it?"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from uuid import UUID

import asyncpg
from aiokafka.errors import KafkaError

from shared import database, faultpoints
from shared.batch import AgainError, Announcements, Batch, Handler, Head, Item, Limits
from shared.events import dead_letter
from shared.log import Outgoing
from shared.outbox import pack
from shared.statements import load
from shared.topics import Topic

log = logging.getLogger(__name__)
SQL = load("shared")


class Committer:
    """Handles batches for the owner of some partitions: fence, work, advance, COMMIT, announce."""

    def __init__(self, topic: Topic, *, owner: UUID, handler: Handler, limits: Limits) -> None:
        self.offer: Callable[[int, int, list[Outgoing]], None] = lambda *row: None
        self.on_fenced: Callable[[set[int]], None] = lambda mine: None
        self.on_commit: Callable[[Batch], None] = lambda batch: None
        self.on_batch: Callable[[Batch], None] = lambda batch: None
        self.on_set_aside: Callable[[Item, str], None] = lambda item, reason: None
        self.on_again: Callable[[str], None] = lambda why: None
        self._topic = topic
        self._owner = owner
        self._handler = handler
        self._limits = limits

    async def handle(self, connection: asyncpg.Connection, items: list[Item]) -> None:
        """Handle a batch; on a culprit, halve until it is found and set aside."""
        for _ in range(self._limits.same_batch_again_max):
            try:
                await self._commit(connection, items)
                return
            except AgainError as error:
                self.on_again(str(error))
                await connection.execute("ROLLBACK")
                culprit: Exception = error
            except Exception as error:
                if database.is_outage(error) or isinstance(error, KafkaError):
                    raise
                await connection.execute("ROLLBACK")
                culprit = error
                break
        await self._halve(connection, items, culprit)

    async def _halve(
        self, connection: asyncpg.Connection, items: list[Item], error: Exception
    ) -> None:
        if len(items) > 1:
            self._say(logging.WARNING, "halves a batch", size=len(items), error=repr(error))
            middle = len(items) // 2
            await self.handle(connection, items[:middle])
            await self.handle(connection, items[middle:])
        elif items:
            self._say(
                logging.ERROR,
                "sets a message aside",
                partition=items[0].partition,
                offset=items[0].offset,
                nth=items[0].nth,
                error=repr(error),
            )
            await self._commit(connection, items, set_aside=type(error).__name__)
        else:
            raise RuntimeError("what was due cannot be done") from error

    async def _commit(
        self, connection: asyncpg.Connection, items: list[Item], set_aside: str = ""
    ) -> None:
        """The one transaction: fence, work, advance, COMMIT; only then announce."""
        began = time.monotonic()
        await connection.execute("BEGIN")
        fence = await connection.fetch(SQL["fence"], self._topic.name, self._owner)
        heads = {row["partition"]: Head(*row) for row in fence}
        items = self._still_mine(heads, items)
        if not heads:
            await connection.execute("ROLLBACK")
            return
        readable = [item for item in items if item.message is not None]
        if not set_aside:
            announcements = await self._handler.handle(connection, heads, readable)
        elif readable:
            announcements = await self._handler.set_aside(connection, heads, readable[0])
        else:
            announcements = {}
        self._bury(announcements, items, set_aside)
        rows = await self._advance(connection, heads, items, announcements)
        faultpoints.reach(faultpoints.TRANSACTION_OPEN)
        await asyncio.shield(connection.execute("COMMIT"))
        faultpoints.reach(faultpoints.COMMITTED)
        for row in rows:
            self.offer(*row)
        positions = {p: head.next_offset for p, head in heads.items()}
        batch = Batch(items, time.monotonic() - began, positions)
        self.on_commit(batch)
        self.on_batch(batch)

    def _still_mine(self, heads: dict[int, Head], items: list[Item]) -> list[Item]:
        """Drop what is another's by now, or was decided by a COMMIT whose answer was lost."""
        self.on_fenced(set(heads))
        return [
            item
            for item in items
            if (head := heads.get(item.partition)) is not None
            and (item.offset, item.nth) >= (head.next_offset, head.next_index)
        ]

    def _bury(self, into: Announcements, items: Sequence[Item], set_aside: str) -> None:
        """What nobody can read or handle goes to the dead letters, in the same transaction."""
        for item in items:
            reason = item.wrong or set_aside
            if reason:
                letter = dead_letter(self._topic, item, reason)
                into.setdefault(item.partition, []).append(letter)
                self.on_set_aside(item, reason)

    async def _advance(
        self,
        connection: asyncpg.Connection,
        heads: dict[int, Head],
        items: Sequence[Item],
        announcements: Announcements,
    ) -> list[tuple[int, int, list[Outgoing]]]:
        for item in items:
            head = heads[item.partition]
            head.next_offset = item.offset + 1 if item.last else item.offset
            head.next_index = 0 if item.last else item.nth + 1
        rows = []
        for partition, records in announcements.items():
            if records:
                heads[partition].outbox_seq += 1
                rows.append((partition, heads[partition].outbox_seq, records))
        moved = await connection.fetchval(
            SQL["advance"],
            self._topic.name,
            self._owner,
            self._limits.lease_seconds,
            *_columns(list(heads.values())),
            [partition for partition, _, _ in rows],
            [seq for _, seq, _ in rows],
            [pack(records) for _, _, records in rows],
        )
        if moved != len(heads):
            raise RuntimeError("the fence was passed without its rows")
        return rows

    def _say(self, level: int, what: str, **about: object) -> None:
        log.log(level, what, extra={"topic": self._topic.name, **about})


def _columns(heads: Sequence[Head]) -> list[list[int]]:
    """The heads as the arrays that the statement `advance` takes, in its order."""
    names = ("partition", "next_offset", "next_index", "taken_seq", "event_seq", "outbox_seq")
    return [[getattr(head, name) for head in heads] for name in names]
