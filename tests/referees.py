"""How does a test play the referee? The real handler and the real transaction, without the log."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec

from services.slots.inbox import Referee
from services.slots.store import REFEREE_SESSION
from shared import database
from shared.batch import Item, Limits
from shared.commit import Committer
from shared.log import Outgoing
from shared.messages import Command, SlotEvent, SlotReply
from shared.topics import HOMES, SLOTS_COMMANDS, SLOTS_EVENTS, SLOTS_REPLIES
from tests.stories import as_items

_replies_in = msgspec.msgpack.Decoder(list[bytes]).decode
_reply = msgspec.msgpack.Decoder(SlotReply).decode
_event = msgspec.json.Decoder(SlotEvent).decode


class Play:
    """One referee process that owns the partitions it is given."""

    def __init__(self, connection: asyncpg.Connection, partitions: Sequence[int]) -> None:
        self.connection = connection
        self.partitions = partitions
        self.owner = uuid4()
        self.referee = Referee(swept_holds_max=100)
        self.commits = Committer(
            SLOTS_COMMANDS, owner=self.owner, handler=self.referee, limits=Limits()
        )
        self.commits.offer = self._offered
        self.rows: list[tuple[int, int, list[Outgoing]]] = []
        self.offsets = dict.fromkeys(range(HOMES), 0)

    def _offered(self, partition: int, seq: int, records: list[Outgoing]) -> None:
        self.rows.append((partition, seq, records))

    async def decide(self, *commands: Command, partition: int | None = None) -> list[Any]:
        """Decide these as one batch and return their replies in order."""
        here = self.partitions[0] if partition is None else partition
        items = as_items(*commands, partition=here, offset=self.offsets[here])
        self.offsets[here] += len(items)
        return await self.decide_items(items)

    async def decide_items(self, items: list[Item]) -> list[Any]:
        """Decide items as they came; the replies in the order they were told."""
        seen = len(self.rows)
        await self.commits.handle(self.connection, items)
        return [
            _reply(part)
            for _, _, records in self.rows[seen:]
            for record in records
            if record.topic == SLOTS_REPLIES.name
            for part in _replies_in(record.value)
        ]

    async def sweep(self) -> None:
        """One turn with nothing but what is due."""
        if await self.referee.has_due(self.connection, self.partitions):
            await self.commits.handle(self.connection, [])

    @property
    def events(self) -> list[Any]:
        """Every event told so far."""
        return [
            _event(record.value)
            for _, _, records in self.rows
            for record in records
            if record.topic == SLOTS_EVENTS.name
        ]


async def play(dsn: str, *partitions: int) -> Play:
    """A referee that owns these partitions from now on."""
    connection = await database.connect(dsn, REFEREE_SESSION | {"lock_timeout": "5000"})
    await connection.execute(
        """INSERT INTO partition_state (topic, partition)
           SELECT $1, p FROM generate_series(0, $2::int - 1) AS p ON CONFLICT DO NOTHING""",
        SLOTS_COMMANDS.name,
        HOMES,
    )
    playing = Play(connection, partitions or (0,))
    await own(playing)
    return playing


async def own(playing: Play) -> None:
    """Take the partitions over, whoever had them, and read on where they stand."""
    rows = await playing.connection.fetch(
        """UPDATE partition_state SET owner = $1, lease_until = clock_timestamp() + interval '1 h'
            WHERE topic = $2 AND partition = ANY ($3::int[]) RETURNING partition, next_offset""",
        playing.owner,
        SLOTS_COMMANDS.name,
        list(playing.partitions),
    )
    playing.offsets |= {row["partition"]: row["next_offset"] for row in rows}
