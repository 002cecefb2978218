"""Who waits for a campaign, in which order, and how far has the line moved?"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from services.booking.rules.line import (
    Bounds,
    Pressure,
    Room,
    Ticket,
    draw,
    next_speed,
    serving_beside,
)
from services.booking.store.database import SQL, Connection, Database, Row

DRAW_SECONDS_MAX = 60.0
"""How long each statement of a draw may take."""

KEYS_KEPT_DAYS = 7
"""A key asked again after that is a new wish."""

STEP_SECONDS_MAX = 2.0
"""A line that stood still for longer, since nobody was in it, does not make up for that."""


class Rooms:
    """Waiting rooms and those who wait in them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(self, room: Room, wish_id: UUID, body_hash: bytes) -> bool:
        """True if this wish made it; False where the wish or the campaign's room was there."""
        return (
            await self._database.row(
                "make_room",
                room.campaign_id,
                wish_id,
                body_hash,
                room.service,
                room.opens_at,
                room.draws_at,
                room.seed,
                room.seed_hash,
                room.speed_min,
                room.speed_max,
                room.staff_share,
            )
            is not None
        )

    async def made_by(self, wish_id: UUID) -> tuple[UUID, bytes] | None:
        """The campaign whose room a wish has made, and the hash of what it asked for."""
        row = await self._database.row("room_of_wish", wish_id)
        return None if row is None else (row["campaign_id"], row["body_hash"])

    async def all(self) -> list[Room]:
        """Every room as it is now."""
        return [_room_of(row) for row in await self._database.rows("rooms")]

    async def join(self, campaign_id: UUID, persons: Sequence[UUID]) -> dict[UUID, int | None]:
        """Those who are there now, with their places; without one until the draw.

        They come in the order given, all at one instant. Who is not in the answer came before the
        room was open.
        """
        async with self._database.connection() as connection, connection.transaction():
            await connection.fetch(SQL["lock_room"], campaign_id)
            rows = await connection.fetch(SQL["join_room"], campaign_id, persons)
        return {row["person_id"]: row["place"] for row in rows}

    async def draw_what_is_due(self) -> list[tuple[UUID, int]]:
        """Put those who came early in order: for each room that was drawn, how many they were."""
        drawn: list[tuple[UUID, int]] = []
        for row in await self._database.rows("settle_early"):
            async with self._database.connection() as connection, connection.transaction():
                if await connection.fetchval(SQL["draw_alone"], row["campaign_id"]):
                    drawn.append((row["campaign_id"], await _draw(connection, row)))
        return drawn

    async def move_lines(
        self, every_seconds: float, fresh_seconds: float, bounds: Bounds
    ) -> list[Room]:
        """Let people in where it is time: the rooms as they were before."""
        moved: list[Room] = []
        async with self._database.connection() as connection, connection.transaction():
            for row in await connection.fetch(
                SQL["lock_rooms_to_move"], timedelta(seconds=every_seconds)
            ):
                pressure = await _pressure(connection, fresh_seconds)
                found = await connection.fetchrow(SQL["room_to_move"], row["campaign_id"])
                assert found is not None
                room = _room_of(found)
                seconds = min(found["seconds"], STEP_SECONDS_MAX)
                speed = next_speed(room, pressure, bounds, seconds)
                serving, staff = serving_beside(room, speed, seconds)
                await connection.execute(SQL["move_line"], room.campaign_id, speed, serving)
                if staff > 0:
                    await connection.execute(SQL["count_staff"], room.campaign_id, staff)
                moved.append(room)
        return moved

    async def change_speed(
        self, campaign_id: UUID, least: float, most: float, staff_share: float | None = None
    ) -> bool:
        """Between these many people a second come in from now on, of them staff so many as before

        or as is said; False without such a room.
        """
        about = (campaign_id, least, most, staff_share)
        return await self._database.row("change_speed", *about) is not None

    async def close(self, campaign_id: UUID) -> bool:
        """Nobody needs a pass there from now on; False without such a room."""
        return await self._database.row("close_room", campaign_id) is not None

    async def forget_old(self, *, days: int, rows_max: int) -> int:
        """Forget who waited in rooms closed so many days ago, some at a time; how many.

        And which wishes of staff came in, once their keys are good no more.
        """
        async with self._database.connection() as connection:
            waiters: str = await connection.execute(SQL["forget_waiters"], days, rows_max)
            turns: str = await connection.execute(
                SQL["forget_staff_turns"], KEYS_KEPT_DAYS, rows_max
            )
        return sum(int(said.rpartition(" ")[2]) for said in (waiters, turns))

    async def tickets_of(self, ids: Sequence[UUID]) -> list[Ticket]:
        """Where a person waits or has waited, under any of their ids."""
        rows = await self._database.rows_of(ids, "own_tickets")
        return [Ticket(**dict(row)) for row in rows]

    async def tell_pressure(self, instance: int, pressure: Pressure) -> None:
        """How those inside fare, as one front desk sees it."""
        await self._database.rows(
            "tell_pressure",
            instance,
            pressure.answer_seconds,
            pressure.seats_share,
            pressure.turned_away,
        )

    async def drawn(self, campaign_id: UUID, first: int, most: int) -> list[tuple[int, UUID]]:
        """Places from the first on, and whose they are by the draw."""
        rows = await self._database.rows("drawn_people", campaign_id, first, most)
        return [(row["place"], row["person_id"]) for row in rows]


async def _draw(connection: Connection, settled: Row) -> int:
    campaign_id = settled["campaign_id"]
    rows = await connection.fetch(
        SQL["early_people"], campaign_id, settled["early"], timeout=DRAW_SECONDS_MAX
    )
    order = draw(settled["seed"], (row["person_id"] for row in rows))
    await connection.execute(SQL["give_places"], campaign_id, order, timeout=DRAW_SECONDS_MAX)
    await connection.execute(SQL["note_drawn"], campaign_id)
    return len(order)


async def _pressure(connection: Connection, fresh_seconds: float) -> Pressure | None:
    row = await connection.fetchrow(SQL["pressure"], timedelta(seconds=fresh_seconds))
    return None if row is None else Pressure(**dict(row))


def _room_of(row: Row) -> Room:
    return Room(**{name: row[name] for name in Room.__struct_fields__})
