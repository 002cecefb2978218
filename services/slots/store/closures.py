"""Which slots did staff mean when they shut or reopened many at once?"""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from services.slots.rules.closing import Found
from services.slots.store.reads import ACQUIRE_SECONDS, SQL


class Closure(msgspec.Struct, frozen=True, kw_only=True):
    """The slots that are to change; so many others were as was wished already."""

    id: UUID
    slot_ids: tuple[UUID, ...]
    unchanged: int
    body_hash: bytes


class Closures:
    """What was found when it was first asked, so that asked again it is the same."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def find(self, closure_id: UUID) -> Closure | None:
        """What an earlier request under this key found."""
        for row in await self._fetch("find_closure", closure_id):
            return Closure(**dict(row) | {"slot_ids": tuple(row["slot_ids"])})
        return None

    async def knows_clinic(self, clinic_id: UUID) -> bool:
        """True when there is such a clinic."""
        return bool(await self._fetch("clinic_now", clinic_id))

    async def slots_in_window(
        self, clinic_id: UUID, window: tuple[datetime, datetime], service: str | None, limit: int
    ) -> list[Found]:
        """Slots that start from the one moment on and before the other, and have not begun."""
        rows = await self._fetch("slots_in_window", clinic_id, *window, service, limit)
        return [Found(*row) for row in rows]

    async def remember(self, clinic_id: UUID, closure: Closure) -> bool:
        """Keep it; False where somebody else was quicker under the same key."""
        about = (closure.id, clinic_id, closure.slot_ids, closure.unchanged, closure.body_hash)
        return bool(await self._fetch("add_closure", *about))

    async def _fetch(self, name: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            rows: list[asyncpg.Record] = await connection.fetch(SQL[name], *arguments)
            return rows
