"""Which numbered seats does a person have of a service that is limited for each?"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.booking.rules.limits import Beyond, Seat, number_for
from services.booking.rules.visits import Service
from services.booking.store.database import SQL, Connection, Database, Row

LOOKS = 3
"""Who is judged at once with themselves is judged again, should the lock be missing."""


class Seats:
    """Seats, taken before the referee is asked, and given back where it says no."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(
        self,
        service: Service,
        ids: Sequence[UUID],
        booking_id: UUID,
        *,
        starts: Sequence[datetime],
        at: datetime,
    ) -> Beyond | None:
        """The person (the first of their ids) has a seat for it, or which limit says no."""
        for _ in range(LOOKS):
            async with self._database.connection() as connection, connection.transaction():
                await connection.execute(SQL["lock_seats"], ids[0], service.name)
                rows = await connection.fetch(SQL["load_seats"], ids, service.name)
                living = [_seat(row) for row in rows if row["lives"]]
                number = number_for(service, living, booking_id=booking_id, starts=starts, at=at)
                if isinstance(number, Beyond):
                    return number
                dead = [row["booking_id"] for row in rows if not row["lives"]]
                await connection.execute(SQL["leave_seats"], service.name, dead, ids)
                about = (ids[0], service.name, number, booking_id, starts)
                if await connection.fetchval(SQL["take_seat"], *about) is not None:
                    return None
        raise TimeoutError(f"no seat of {service.name} in {LOOKS} looks")

    async def give_back(self, booking_id: UUID) -> None:
        """What was asked for under this id was refused."""
        await self._database.rows("give_back_seats", booking_id)


async def forget(connection: Connection, people: Sequence[UUID]) -> None:
    """Within somebody's transaction: nothing of these persons is left here."""
    await connection.execute(SQL["forget_seats"], people)


def _seat(row: Row) -> Seat:
    return Seat(row["number"], row["booking_id"], tuple(row["starts"]))
