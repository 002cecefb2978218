"""Who of the staff comes in beside the line, and is it their turn?"""

from typing import Literal
from uuid import UUID

from services.booking.rules.staff_door import StaffDoor, earned, wait_seconds
from services.booking.store.database import SQL, Database

NotYet = Literal["not_open", "never"]


class StaffDoors:
    """One for each waiting room."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def come(self, campaign_id: UUID, wish_id: UUID) -> float | NotYet:
        """0 where the wish has come in, now or before; else how many seconds it is too early.

        `not_open` until the line moves, `never` where staff have no share.
        """
        async with self._database.connection() as connection, connection.transaction():
            await connection.fetch(SQL["lock_staff_door"], campaign_id)
            row = await connection.fetchrow(SQL["staff_door"], campaign_id, wish_id)
            if row is None:
                return "never"
            if row["has_come"]:
                return 0.0
            if not row["is_drawn"]:
                return "not_open"
            door = StaffDoor(**{name: row[name] for name in StaffDoor.__struct_fields__})
            wait = wait_seconds(door)
            if wait is None:
                return "never"
            if wait == 0:
                more = earned(door)
                await connection.execute(
                    SQL["staff_come"], campaign_id, wish_id, more, door.seconds
                )
            return wait
