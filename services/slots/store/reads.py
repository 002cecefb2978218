"""What does a caller see of what the referee remembers? Reads only, from a pool."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

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

    async def list_slots(
        self,
        clinic_id: UUID,
        day: date,
        *,
        service: str | None,
        after: Sequence[Any] | None,
        limit: int,
    ) -> list[dict[str, Any]]:
        """A clinic's slots of one of its days, in order of time."""
        starts_at, slot_id = after or (None, None)
        return await self._fetch("list_slots", clinic_id, day, service, starts_at, slot_id, limit)

    async def find_clinic(self, clinic_id: UUID) -> dict[str, Any] | None:
        """One clinic's row."""
        rows = await self._fetch("find_clinic", clinic_id)
        return rows[0] if rows else None

    async def list_clinics(self, after: Sequence[Any] | None, limit: int) -> list[dict[str, Any]]:
        """Clinics in order of name."""
        name, clinic_id = after or (None, None)
        return await self._fetch("list_clinics", name, clinic_id, limit)

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
