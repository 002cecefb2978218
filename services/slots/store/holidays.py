"""On which days is everybody closed, or one clinic?"""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from services.slots.store.reads import ACQUIRE_SECONDS, SQL


class Holiday(NamedTuple):
    """A day of a clinic: closed or open, said for all or for it; who is there that day."""

    day: date
    name: str
    closed: bool
    everywhere: bool
    slots: int
    people: int


class Holidays:
    """The calendar of all clinics, and what each says otherwise."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def of_clinic(
        self, clinic_id: UUID, first: date, last: date, limit: int
    ) -> list[Holiday]:
        """What is said of a clinic's days, in order."""
        rows = await self._fetch("list_holidays", clinic_id, first, last, limit)
        return [Holiday(*row) for row in rows]

    async def set(self, clinic_id: UUID | None, day: date, name: str, closed: bool) -> None:
        """Say it of one clinic's day, or of everybody's."""
        await self._fetch("set_holiday", clinic_id, day, name, closed)

    async def knows_clinic(self, clinic_id: UUID) -> bool:
        """True when there is such a clinic."""
        return bool(await self._fetch("clinic_now", clinic_id))

    async def _fetch(self, name: str, *arguments: Any) -> Sequence[asyncpg.Record]:
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            rows: Sequence[asyncpg.Record] = await connection.fetch(SQL[name], *arguments)
            return rows
