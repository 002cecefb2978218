"""To what have persons agreed, in which version of the words, from when until when?"""

from collections.abc import Sequence
from uuid import UUID

from services.booking.rules.consents import Given, Kind
from services.booking.store.database import SQL, Database


class Consents:
    """What was agreed to and withdrawn; of what was, nothing but its end ever changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def history(self, person_ids: Sequence[UUID]) -> list[Given]:
        """All that a person ever agreed to, under each of their ids."""
        rows = await self._database.rows_of(person_ids, "list_consents")
        return [Given(**dict(row)) for row in rows]

    async def give(self, person_ids: Sequence[UUID], kind: Kind, version: int) -> None:
        """The person (the first of their ids) agrees; what was agreed to in other words ends."""
        async with self._database.connection() as connection, connection.transaction():
            await connection.execute(SQL["end_older_consent"], person_ids, kind, version)
            await connection.execute(SQL["give_consent"], person_ids[0], person_ids, kind, version)

    async def withdraw(self, person_ids: Sequence[UUID], kind: Kind) -> None:
        """The person does not agree any more; nothing is changed where they did not."""
        async with self._database.connection() as connection:
            await connection.execute(SQL["withdraw_consent"], person_ids, kind)

    async def forget_old(self, *, days: int, rows_max: int) -> int:
        """Forget what ended so many days ago, so many at a time; how many were forgotten."""
        async with self._database.connection() as connection:
            said: str = await connection.execute(SQL["forget_old_consents"], days, rows_max)
        return int(said.rpartition(" ")[2])
