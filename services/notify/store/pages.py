"""What is remembered of what was told to somebody, and of what nobody knows whether it was told?"""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from services.notify.rules import Channel, Language, State, Told
from services.notify.store.database import ACQUIRE_SECONDS, SQL

_decode_event = msgspec.json.Decoder(Told).decode


class TellingSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it is shown: what was told, by what, when, and its fate."""

    id: int
    event: Told
    channel: Channel
    state: State
    perhaps_again: bool
    written_at: datetime
    settled_at: datetime | None
    language: Language | None = None
    owner_id: UUID | None = None
    provider: str | None = None
    note: str = ""


class Tellings:
    """The messages, for those who look at them."""

    def __init__(self, pool: asyncpg.Pool, persons: asyncpg.Pool | None = None) -> None:
        self._pool = pool
        # Here the service is one person for a statement's length, and sees no other's messages.
        self._persons = persons or pool

    async def of_person(self, person_id: UUID, before: int | None, limit: int) -> list[TellingSeen]:
        """What the person was told, the newest first."""
        async with self._persons.acquire(timeout=ACQUIRE_SECONDS) as connection:
            rows = await connection.fetch(SQL["messages_of_person"], person_id, before, limit)
        return [_seen(row) for row in rows]

    async def unknown(self, after: int | None, limit: int) -> list[TellingSeen]:
        """Of what nobody knows whether it was told, the oldest first."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            rows = await connection.fetch(SQL["unknown_messages"], after, limit)
        return [_seen(row) for row in rows]

    async def find(self, event_id: UUID) -> TellingSeen | None:
        """What was told of the event; of several the one of which nobody knows."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            row = await connection.fetchrow(SQL["find_message"], event_id)
        return _seen(row) if row is not None else None


def _seen(row: asyncpg.Record) -> TellingSeen:
    return TellingSeen(**dict(row) | {"event": _decode_event(row["event"])})
