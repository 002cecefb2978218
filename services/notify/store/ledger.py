"""What is remembered of every message and its fate? The ledger, for those who send."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from services.notify.rules import Channel, Mark, Message, State
from services.notify.store.contacts import SealedAddress
from services.notify.store.database import ACQUIRE_SECONDS, PLUMBING, SQL, Connection
from shared.vault import Wrapped

LOST_MAX = 1_000
"""How many lost claims are given up in one statement."""


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """One message that this process alone may send now; event and address are as they were kept."""

    id: int
    event_id: UUID
    booking_id: UUID
    owner_id: UUID
    attempts: int
    event: str
    address: SealedAddress
    written_at: datetime
    expires_at: datetime


class Claim(msgspec.Struct, frozen=True):
    """What was claimed, and which messages were settled without being sent."""

    messages: list[Claimed]
    settled: list[State]


class Lost(msgspec.Struct, frozen=True):
    """A message whose sender was lost."""

    id: int
    event_id: UUID
    booking_id: UUID


class Counts(msgspec.Struct, frozen=True):
    """What is not settled, what nobody knows, and how long the oldest has waited."""

    waiting: int
    claimed: int
    unknown: int
    oldest_seconds: float


class Written(NamedTuple):
    """How many messages were new, and how many of them have nobody to go to."""

    new: int
    unreached: int


NOTHING = Written(new=0, unreached=0)


async def write_down(connection: Connection, messages: Sequence[Message]) -> Written:
    """Note what is to be told, in the transaction that takes the events."""
    row = await connection.fetchrow(
        SQL["write_down"],
        [message.event.id for message in messages],
        [message.event.booking_id for message in messages],
        [message.event.version for message in messages],
        [message.owner_id for message in messages],
        [message.channel for message in messages],
        [message.expires_at for message in messages],
        [msgspec.json.encode(message.event).decode() for message in messages],
    )
    assert row is not None
    return Written(row["new"], row["unreached"])


async def latest_told(
    connection: Connection, owner_ids: Collection[UUID], booking_ids: Collection[UUID]
) -> dict[tuple[UUID, UUID], int]:
    """The last version of these bookings of which these people were told, or are to be."""
    rows = await connection.fetch(SQL["latest_told"], list(owner_ids), list(booking_ids))
    return {(row["booking_id"], row["owner_id"]): row["version"] for row in rows}


class Ledger:
    """The messages, for those who send them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def has_due(self, channel: Channel) -> bool:
        """True when a message of this channel is due."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            return bool(await connection.fetchval(SQL["has_due"], channel))

    async def claim(
        self, claimer: UUID, channel: Channel, seconds: float, messages_max: int
    ) -> Claim:
        """Take messages for so many seconds, committed before anything is said to a provider."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            rows = await connection.fetch(
                SQL["claim_messages"], claimer, seconds, messages_max, channel
            )
        claimed = [_claimed(row) for row in rows if row["state"] == "claimed"]
        claimed.sort(key=lambda message: message.id)
        return Claim(claimed, [row["state"] for row in rows if row["state"] != "claimed"])

    async def mark(self, claimer: UUID, marks: Sequence[tuple[int, Mark]]) -> None:
        """Note what became of messages that the claimer claimed."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            await connection.execute(
                SQL["mark_messages"],
                claimer,
                [message_id for message_id, _ in marks],
                [mark.state for _, mark in marks],
                [mark.tried for _, mark in marks],
                [mark.wait_seconds for _, mark in marks],
                [mark.note for _, mark in marks],
            )

    async def give_up_lost(self) -> list[Lost]:
        """Messages whose sender's claim ran out become unknown, and stay unsent."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            rows = await connection.fetch(SQL["give_up_lost"], LOST_MAX)
        return [Lost(row["id"], row["event_id"], row["booking_id"]) for row in rows]

    async def measure(self) -> Counts:
        """How much is not settled."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            row = await connection.fetchrow(SQL["measure_messages"])
        assert row is not None
        return Counts(**row)

    async def outbox(self) -> tuple[int, float]:
        """How many outbox rows wait, and the age of the oldest in seconds."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            row = await connection.fetchrow(PLUMBING["outbox_depth"])
        assert row is not None
        return row["depth"], row["age_seconds"]


def _claimed(row: asyncpg.Record) -> Claimed:
    return Claimed(
        id=row["id"],
        event_id=row["event_id"],
        booking_id=row["booking_id"],
        owner_id=row["owner_id"],
        attempts=row["attempts"],
        event=row["event"],
        address=SealedAddress(
            Wrapped(row["owner_id"], row["generation"], row["master_id"], row["wrapped"]),
            row["version"],
            row["sealed_email"],
        ),
        written_at=row["written_at"],
        expires_at=row["expires_at"],
    )
