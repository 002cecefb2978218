"""Who may book for whom?"""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from services.booking.store.database import SQL, Database

Made = Literal["made", "key_reused", "too_many"]


class Patients:
    """Guardians and their dependants: ids, nothing else."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def guardian_of(self, ids: Sequence[UUID], patient_id: UUID) -> UUID | None:
        """Whose dependant it is, as far as a person of these ids may know: theirs or nobody's."""
        rows = await self._database.rows_of(ids, "own_patient", patient_id)
        return rows[0]["guardian_id"] if rows else None

    async def dependants_of(self, guardian_ids: Sequence[UUID]) -> list[UUID]:
        """A guardian's dependants, under each of the guardian's ids, oldest first."""
        rows = await self._database.rows_of(guardian_ids, "list_dependants")
        return [row["id"] for row in rows]

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
