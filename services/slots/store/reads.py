"""What do the doors ask the database? What staff change now; what others read is in memory."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from services.slots.store.upcoming import EventNumbers, event_numbers
from shared.statements import load

SQL = load("services.slots")
PLUMBING = load("shared")

ACQUIRE_SECONDS = 1.0


class Reads:
    """Reads for the doors."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def find_slot(self, slot_id: UUID) -> dict[str, Any] | None:
        """One slot's row."""
        rows = await self._fetch("find_slot", slot_id)
        return rows[0] if rows else None

    async def is_begun(self, command_ids: Sequence[UUID], body_hash: bytes) -> bool:
        """Whether one of these commands was asked with this body, and has its answer already."""
        rows = await self._fetch("answered", command_ids)
        return any(row["body_hash"] == body_hash for row in rows)

    async def event_numbers(self) -> EventNumbers:
        """Which events there are now, and when that was so."""
        async with self.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            return await event_numbers(connection)

    async def takes_writes(self) -> bool:
        """True when the database answers and is no standby."""
        rows = await self._fetch("ping")
        return bool(rows and rows[0]["takes_writes"])

    async def outbox(self) -> tuple[int, float]:
        """How many outbox rows wait, and the age of the oldest in seconds."""
        async with self.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            row = await connection.fetchrow(PLUMBING["outbox_depth"])
        assert row is not None
        return row["depth"], row["age_seconds"]

    async def _fetch(self, name: str, *arguments: Any) -> list[dict[str, Any]]:
        async with self.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            return [dict(row) for row in await connection.fetch(SQL[name], *arguments)]
