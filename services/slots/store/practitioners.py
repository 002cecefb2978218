"""Who has slots of their own at a clinic?"""

from collections.abc import Iterable, Sequence
from uuid import UUID

import asyncpg
import msgspec

from services.slots.store.reads import ACQUIRE_SECONDS, SQL


class Practitioner(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody at a clinic, as everybody may know them; not `active`, they have no new slots."""

    id: UUID
    name: str
    qualification: str
    active: bool


class Practitioners:
    """Those of every clinic."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def of_clinic(self, clinic_id: UUID, limit: int) -> list[Practitioner]:
        """A clinic's, by name."""
        rows = await self._fetch("list_practitioners", clinic_id, limit)
        return [Practitioner(**dict(row)) for row in rows]

    async def say(self, clinic_id: UUID, practitioner: Practitioner) -> bool:
        """This is what is said of them there; False where there is no such clinic."""
        about = msgspec.structs.astuple(practitioner)
        try:
            await self._fetch("set_practitioner", clinic_id, *about)
        except asyncpg.ForeignKeyViolationError:
            return False
        return True

    async def unknown(self, clinic_id: UUID, ids: Iterable[UUID]) -> set[UUID]:
        """Those of these who have no slots of their own at the clinic."""
        wanted = set(ids)
        rows = await self._fetch("active_practitioners", clinic_id, list(wanted)) if wanted else []
        return wanted - {row["id"] for row in rows}

    async def _fetch(self, name: str, *arguments: object) -> Sequence[asyncpg.Record]:
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            rows: Sequence[asyncpg.Record] = await connection.fetch(SQL[name], *arguments)
            return rows
