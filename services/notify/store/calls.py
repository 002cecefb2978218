"""Whom do a clinic's own people call, and what became of each call?"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from services.notify.rules import Language, State, Told
from services.notify.rules.calls import Called
from services.notify.store.database import ACQUIRE_SECONDS, SQL, Connection

_decode_event = msgspec.json.Decoder(Told).decode


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One person to be told one thing; `place` is where it stands in the list."""

    place: int
    event: Told
    booking_id: UUID
    owner_id: UUID
    state: State
    written_at: datetime
    expires_at: datetime
    perhaps_again: bool
    language: Language | None
    settled_at: datetime | None
    settled_by: UUID | None
    note: str | None


async def put_on_list(connection: Connection, told: Sequence[tuple[UUID, UUID]]) -> int:
    """Of these events and persons, those whom nothing else reaches; how many."""
    columns = [event_id for event_id, _ in told], [owner_id for _, owner_id in told]
    return len(await connection.fetch(SQL["put_on_list"], *columns))


class Calls:
    """The lists, for those who call."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def of_clinic(
        self, clinic_id: UUID, states: Sequence[State], *, after: int, limit: int
    ) -> list[Call]:
        """What is in these states, the oldest first."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            rows = await connection.fetch(SQL["list_calls"], clinic_id, states, after, limit)
        return [_call(row) for row in rows]

    async def settle(
        self, clinic_id: UUID, event_id: UUID, fate: Called, *, by: UUID, note: str
    ) -> Call | None:
        """How it stands after that: as it was noted first. None where there is no such call."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            await connection.execute(SQL["settle_call"], clinic_id, event_id, fate, by, note)
            row = await connection.fetchrow(SQL["load_call"], clinic_id, event_id)
        return None if row is None else _call(row)


def _call(row: asyncpg.Record) -> Call:
    return Call(
        place=row["id"],
        event=_decode_event(row["event"]),
        booking_id=row["booking_id"],
        owner_id=row["owner_id"],
        state=row["state"],
        written_at=row["written_at"],
        expires_at=row["expires_at"],
        perhaps_again=row["perhaps_again"],
        language=row["language"],
        settled_at=row["settled_at"],
        settled_by=row["settled_by"],
        note=row["settled_note"],
    )
