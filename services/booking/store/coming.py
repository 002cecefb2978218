"""Who has said that they come?"""

from collections.abc import Sequence
from uuid import UUID

from services.booking.rules.life import Place
from services.booking.store.database import SQL, Connection, Database


class Coming:
    """What was said of places, each in the slot in which it was then."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def say(self, booking_id: UUID, places: Sequence[Place]) -> None:
        """From now on it is known of them; of what was given up meanwhile it is not."""
        async with self._database.connection() as connection:
            await say_coming(connection, booking_id, places)

    async def all_of(self, booking_id: UUID, places: Sequence[Place]) -> bool:
        """Whether it was said of every one of these."""
        said = {tuple(row) for row in await self._database.rows("who_comes", booking_id)}
        return all((place.id, place.slot_id) in said for place in places)


async def say_coming(connection: Connection, booking_id: UUID, places: Sequence[Place]) -> None:
    """The same in a transaction."""
    ids = [place.id for place in places]
    slots = [place.slot_id for place in places]
    await connection.execute(SQL["say_coming"], booking_id, ids, slots)
