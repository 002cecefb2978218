"""What has become of visits at a clinic? Each step is written once, with what is told of it."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID, uuid5

import asyncpg

from services.booking.rules.televisits import Limits, No, Step, Visit
from services.booking.store.database import SQL, Connection, Database
from services.booking.store.televisits import Kept, Taken, Wish, kept_of, taken_before, write

Deciding = Callable[[Kept], Visit | No | None]
"""A visit after the step, or why that is not taken; None where there is nothing to be done."""

NEVER = Limits()
"""Nothing happens by itself to a visit at a clinic."""


OPENING: frozenset[Step] = frozenset({"arrive", "fulfil", "miss"})
"""What may be the first thing that is said of a visit. The others take something back."""


class Attendance:
    """Visits of one booking, several in one transaction: all of the step or nothing of it."""

    def __init__(self, database: Database, before_seconds: float) -> None:
        self._database = database
        self.before_seconds = before_seconds

    async def take(
        self, booking_id: UUID, places: Sequence[UUID], step: Step, deciding: Deciding, wish: Wish
    ) -> list[Taken] | No:
        """What was done, by this wish or by the same before; `No("off")` where one is not booked.

        A wish of several visits is one for each; that of the first has its name.
        """
        ids = sorted(places, key=lambda place_id: place_id.int)
        wishes = {one: wish._replace(id=uuid5(wish.id, str(one))) for one in ids}
        wishes[ids[0]] = wish
        try:
            async with self._database.connection() as connection, connection.transaction():
                if step in OPENING:
                    await connection.execute(SQL["open_attendance"], booking_id, ids)
                # Sorted, and before anything is read of them: one who says something at a time.
                locked = await connection.fetch(SQL["lock_visits"], ids)
                if len(locked) < len(ids) and step != "not_missed":
                    return No("off" if step in OPENING else "impossible")
                return await _take(connection, step, deciding, wishes)
        except _NotTakenError as error:
            return error.no
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != "one_wish_one_step":
                raise
            return No("key_reused")


class _NotTakenError(Exception):
    """Nothing is written, not even that there are such visits."""

    def __init__(self, no: No) -> None:
        super().__init__(no.why)
        self.no = no


async def _take(
    connection: Connection, step: Step, deciding: Deciding, wishes: Mapping[UUID, Wish]
) -> list[Taken] | No:
    before = await _before(connection, wishes)
    if before is not None:
        return before
    changes = []
    for row in await connection.fetch(SQL["load_visits"], list(wishes)):
        kept = kept_of(row)
        after = deciding(kept)
        if isinstance(after, No):
            raise _NotTakenError(after)
        if after is not None:
            changes.append((kept, [(step, after)], after))
    if changes and not await write(connection, changes, NEVER, wishes):
        raise RuntimeError("a visit was changed by others though its row was locked")
    return [Taken(one.id, one.version, step, one.status, kept.at) for kept, _, one in changes]


async def _before(connection: Connection, wishes: Mapping[UUID, Wish]) -> list[Taken] | No | None:
    """What the same wish did before; another's under its name is not the same."""
    said: list[Taken] = []
    for visit_id, wish in wishes.items():
        row = await connection.fetchrow(SQL["step_of_wish"], wish.id)
        if row is not None:
            one = taken_before(row, visit_id, wish)
            if isinstance(one, No):
                return one
            said.append(one)
    return said or None
