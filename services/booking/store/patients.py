"""Who may book for whom?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from services.booking.store.database import SQL, Database

Made = Literal["made", "key_reused", "too_many"]


class Child(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's child, known here since then, and whether anything is known of it."""

    id: UUID
    guardian_id: UUID
    made_at: datetime
    has_profile: bool


class Patients:
    """Guardians and their dependants: ids, nothing else."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def children(
        self, guardian_ids: Sequence[UUID], among: Sequence[UUID] | None = None
    ) -> list[Child]:
        """A guardian's children, under each of the guardian's ids, oldest first; or those of some.

        Who was seen to have come of age is none any more.
        """
        rows = await self._database.rows_of(guardian_ids, "own_children", among)
        return [Child(**dict(row)) for row in rows]

    async def is_child(self, person_id: UUID) -> bool:
        """Whether somebody is a guardian's child, as far as was noted."""
        return await self._database.row("load_child", person_id) is not None

    async def guardian_of(self, person_id: UUID) -> UUID | None:
        """Whose child somebody is, as far as was noted."""
        row = await self._database.row("load_child", person_id)
        return None if row is None else row["guardian_id"]

    async def note_outgrown(self, person_ids: Sequence[UUID]) -> None:
        """These have come of age, and are nobody's children from now on."""
        async with self._database.connection() as connection:
            await connection.execute(SQL["note_outgrown"], person_ids)

    async def make_dependant(
        self, guardian_id: UUID, dependant_id: UUID, *, body_hash: bytes, dependants_max: int
    ) -> Made:
        """Make a dependant; asked again it is the one that was made before."""
        async with self._database.connection() as connection, connection.transaction():
            await connection.execute(SQL["ensure_patient"], guardian_id)
            await connection.execute(SQL["lock_patient"], guardian_id)
            before = await connection.fetchrow(SQL["load_patient"], dependant_id)
            if before is not None:
                return "made" if before["body_hash"] == body_hash else "key_reused"
            made = await connection.fetchval(
                SQL["make_dependant"], dependant_id, guardian_id, body_hash, dependants_max
            )
        return "too_many" if made is None else "made"
