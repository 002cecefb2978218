"""What is remembered of reminders to come, and how does one become a message?"""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from msgspec import UNSET, UnsetType

from services.notify.rules import Message
from services.notify.rules.preferences import CHANNELS
from services.notify.rules.reminders import Visit
from services.notify.store.database import ACQUIRE_SECONDS, SQL, Connection
from services.notify.store.ledger import NOTHING, Written, write_down
from shared.messages import BookedPlace, BookingTold, Part

_decode_places = msgspec.json.Decoder(tuple[BookedPlace, ...]).decode


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A visit of which `owner_id` is still to be reminded, as they were told of it."""

    booking_id: UUID
    owner_id: UUID
    version: int
    made_at: datetime
    part: Part | UnsetType = UNSET
    visit: Visit


class Step(msgspec.Struct, frozen=True):
    """What becomes of a planned reminder that is due: a message, if any, and when the next is."""

    message: Message | None
    due_at: datetime | None


Deciding = Callable[[Planned, datetime], Step]


async def plan_reminders(
    connection: Connection, planned: Sequence[tuple[Planned, datetime]]
) -> None:
    """Keep these, each with when its first reminder is due; what is there stays."""
    await connection.execute(
        SQL["plan_reminders"],
        [one.booking_id for one, _ in planned],
        [one.owner_id for one, _ in planned],
        [one.visit.clinic_id for one, _ in planned],
        [one.visit.starts_at for one, _ in planned],
        [one.version for one, _ in planned],
        [one.made_at for one, _ in planned],
        [due_at for _, due_at in planned],
        [None if one.part is UNSET else one.part for one, _ in planned],
        [msgspec.json.encode(one.visit.places).decode() for one, _ in planned],
    )


async def drop_reminders(connection: Connection, told: Sequence[BookingTold]) -> None:
    """These are told now: nobody is reminded of what they were told of the same booking before."""
    columns = (
        [event.booking_id for event in told],
        [event.owner_id for event in told],
        [event.version for event in told],
    )
    await connection.execute(SQL["drop_reminders"], *columns)
    await connection.execute(SQL["overtake_reminders"], *columns)


async def forget_reminders(connection: Connection, owner_ids: Sequence[UUID]) -> None:
    """Nothing is left to remind these people of."""
    await connection.execute(SQL["forget_reminders"], owner_ids)


class Reminders:
    """Those that are due, for whoever hands them over."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def hand_over(self, decide: Deciding, *, at_once_max: int) -> Written | None:
        """Messages from what is due, so many at once; None where as many wait to be sent already.

        Whoever hands one over twice writes one message: its name is the same.
        """
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            room = at_once_max - await connection.fetchval(
                SQL["waiting_now"], at_once_max, CHANNELS
            )
            if room <= 0:
                return None
            async with connection.transaction():
                return await _hand_over(connection, decide, room)

    async def due_seconds(self) -> float:
        """For how long the one that is due longest has been due."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            return float(await connection.fetchval(SQL["measure_reminders"]))


async def _hand_over(connection: Connection, decide: Deciding, room: int) -> Written:
    rows = await connection.fetch(SQL["lock_due_reminders"], room)
    if not rows:
        return NOTHING
    steps = [decide(_planned(row), row["at"]) for row in rows]
    messages = [step.message for step in steps if step.message is not None]
    written = await write_down(connection, messages) if messages else NOTHING
    await connection.execute(
        SQL["move_reminders"],
        [row["booking_id"] for row in rows],
        [row["owner_id"] for row in rows],
        [row["clinic_id"] for row in rows],
        [row["starts_at"] for row in rows],
        [step.due_at for step in steps],
    )
    return written


def _planned(row: asyncpg.Record) -> Planned:
    visit = Visit(starts_at=row["starts_at"], places=_decode_places(row["places"]))
    return Planned(
        booking_id=row["booking_id"],
        owner_id=row["owner_id"],
        version=row["version"],
        made_at=row["made_at"],
        part=UNSET if row["part"] is None else row["part"],
        visit=visit,
    )
