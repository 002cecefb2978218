"""What has become of telemedicine visits? Each step is written once, with what is told of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from services.booking.rules.life import Place
from services.booking.rules.televisits import Limits, No, Status, Step, Steps, Visit, what_is_due
from services.booking.rules.visit_telling import Booked, tale_of
from services.booking.store.database import SQL, Connection, Database, Row
from shared.messages import VisitEvent

UNTOLD_MAX = 500
"""How many steps are told of in one batch."""

LOOKS_MAX = 5
"""How often a step is decided anew where somebody was quicker, though the row is locked."""

_decode_place = msgspec.json.Decoder(Place).decode
_decode_event = msgspec.json.Decoder(VisitEvent).decode
_encode = msgspec.json.Encoder().encode

VISIT = Visit.__struct_fields__
BOOKED = tuple(name for name in Booked.__struct_fields__ if name != "place")


class Kept(NamedTuple):
    """A visit as it is kept: at that moment by PostgreSQL's clock, its place was booked or not."""

    visit: Visit
    booked: Booked
    is_booked: bool
    at: datetime


class Wish(NamedTuple):
    """By which request, and whose, a step is asked for."""

    id: UUID
    body_hash: bytes
    by_id: UUID


class Taken(NamedTuple):
    """A step that was taken: the visit's status after it, and when that was."""

    visit_id: UUID
    version: int
    step: Step
    status: Status
    at: datetime


class Untold(NamedTuple):
    """A step of which it is yet to be told."""

    home: int
    event: VisitEvent


Deciding = Callable[[Kept], tuple[Steps, Visit] | No]
"""What is to be done with a visit: its steps, and how it is to be kept; or why nothing is."""


class Televisits:
    """Telemedicine visits, from when their windows open."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
        self.limits = limits

    async def open(self, since: datetime | None) -> datetime:
        """Whoever's window has opened has a visit; what was looked at before is not looked at anew.

        Says as of when that is so.
        """
        limits = self.limits
        async with self._database.connection() as connection:
            times = await connection.fetchrow(
                SQL["opening_times"], limits.before, limits.after, since
            )
            assert times is not None
            await connection.execute(
                SQL["open_visits"], times["since"], times["until"], None, limits.patient
            )
        at: datetime = times["at"]
        return at

    async def open_slot(self, slot_id: UUID) -> None:
        """The same for those in one slot, if its window is open."""
        limits = self.limits
        async with self._database.connection() as connection:
            times = await connection.fetchrow(
                SQL["opening_times"], limits.before, limits.after, None
            )
            assert times is not None
            await connection.execute(
                SQL["open_visits"], times["since"], times["until"], slot_id, limits.patient
            )

    async def load(self, visit_id: UUID) -> Kept | None:
        """One, as it is now."""
        row = await self._database.row("load_visits", [visit_id])
        return None if row is None else kept_of(row)

    async def line(self, clinic_id: UUID, line_id: UUID, at: datetime) -> list[Visit]:
        """A practitioner's line around that time."""
        rows = await self._database.rows("load_line", clinic_id, line_id, at)
        return [visit_of(row) for row in rows]

    async def own(
        self, ids: Sequence[UUID], booking_ids: Sequence[UUID], patient_ids: Iterable[UUID]
    ) -> list[tuple[UUID, Visit]]:
        """A person's own: the visits of these bookings and patients, each with its booking."""
        rows = await self._database.rows_of(ids, "own_visits", booking_ids, list(patient_ids))
        return [(row["booking_id"], visit_of(row)) for row in rows]

    async def queue(
        self, clinic_id: UUID, line_id: UUID, day: date, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Row]:
        """A practitioner's virtual places on one of the clinic's days, in order of time."""
        return await self._database.rows(
            "list_queue", clinic_id, line_id, day, *(after or (None, None)), limit
        )

    async def change(
        self, visit_id: UUID, deciding: Deciding, wish: Wish | None = None
    ) -> Kept | Taken | No | None:
        """Lock, read, decide, write. A wish that was done before is what was done then.

        None where there is no such visit; `No("key_reused")` where the wish's name means another.
        """
        for _ in range(LOOKS_MAX):
            try:
                return await self._change(visit_id, deciding, wish)
            except _AgainError:
                continue
            except asyncpg.UniqueViolationError as error:
                if error.constraint_name != "one_wish_one_step":
                    raise
                return No("key_reused")
        raise RuntimeError("a visit was changed by others though its row was locked")

    async def _change(
        self, visit_id: UUID, deciding: Deciding, wish: Wish | None
    ) -> Kept | Taken | No | None:
        async with self._database.connection() as connection, connection.transaction():
            if await connection.fetchval(SQL["lock_visit"], visit_id) is None:
                return None
            if wish is not None:
                before = await connection.fetchrow(SQL["step_of_wish"], wish.id)
                if before is not None:
                    return taken_before(before, visit_id, wish)
            [row] = await connection.fetch(SQL["load_visits"], [visit_id])
            kept = kept_of(row)
            decided = deciding(kept)
            if isinstance(decided, No):
                return decided
            steps, after = decided
            wishes = {} if wish is None else {visit_id: wish}
            if not await write(connection, [(kept, steps, after)], self.limits, wishes):
                raise _AgainError
        if wish is None:
            return kept._replace(visit=after)
        step, visit = steps[-1]
        return Taken(visit_id, visit.version, step, visit.status, kept.at)

    async def sweep(self, deciding: Deciding, visits_max: int) -> list[Step]:
        """What happens by itself by now, of so many visits at most: the steps that were taken."""
        async with self._database.connection() as connection, connection.transaction():
            rows = await connection.fetch(SQL["lock_due_visits"], visits_max)
            if not rows:
                return []
            rows = await connection.fetch(SQL["load_visits"], [row["id"] for row in rows])
            changes = []
            for kept in map(kept_of, rows):
                decided = deciding(kept)
                assert not isinstance(decided, No), decided
                changes.append((kept, *decided))
            if not await write(connection, changes, self.limits, {}):
                raise _AgainError
        return [step for _, steps, _ in changes for step, _ in steps]


async def take_untold(connection: Connection, homes: Sequence[int]) -> list[Untold]:
    """The steps of which it is told in this transaction, in the order in which they happened."""
    rows = await connection.fetch(SQL["take_untold_steps"], homes, UNTOLD_MAX)
    rows.sort(key=lambda row: (row["taken_at"], row["visit_id"], row["version"]))
    return [Untold(row["home"], _decode_event(row["event"])) for row in rows]


def kept_of(row: Row) -> Kept:
    """A row as the rules see it."""
    booked = Booked(**{name: row[name] for name in BOOKED}, place=_decode_place(row["place"]))
    return Kept(visit_of(row), booked, row["is_booked"], row["at"])


def visit_of(row: Row) -> Visit:
    """What of a row is the visit itself."""
    return Visit(**{name: row[name] for name in VISIT})


class _AgainError(Exception):
    """Somebody else was quicker: decide anew."""


def taken_before(row: Row, visit_id: UUID, wish: Wish) -> Taken | No:
    """What a wish did before, if this row is what it did."""
    if row["visit_id"] != visit_id or row["body_hash"] != wish.body_hash:
        return No("key_reused")
    return Taken(visit_id, row["version"], row["step"], row["status"], row["taken_at"])


async def write(
    connection: Connection,
    changes: Sequence[tuple[Kept, Steps, Visit]],
    limits: Limits,
    wishes: Mapping[UUID, Wish],
) -> bool:
    """Visits after their steps, each by the wish of its visit; False if one was changed since."""
    written = await connection.fetch(SQL["write_visits"], *_visits(changes, limits))
    if len(written) != len(changes):
        return False
    steps = [(kept, step, visit) for kept, steps, _ in changes for step, visit in steps]
    if steps:
        await connection.execute(SQL["write_steps"], *_steps(steps, wishes))
    return True


def _visits(changes: Iterable[tuple[Kept, Steps, Visit]], limits: Limits) -> list[list[Any]]:
    """As the arrays that the statement `write_visits` takes, in its order."""
    rows = []
    for kept, _, after in changes:
        due = what_is_due(after, limits)
        row = [after.id, kept.visit.version, after.status, after.presence, after.version]
        row += [after.noshow_by, after.arrived_at, after.admitted_at, after.ended_at]
        rows.append([*row, after.dropped_at, after.seen_at, due.at if due else None])
    return [list(column) for column in zip(*rows, strict=True)]


def _steps(
    steps: Iterable[tuple[Kept, Step, Visit]], wishes: Mapping[UUID, Wish]
) -> list[list[Any]]:
    """As the arrays that the statement `write_steps` takes, in its order."""
    rows = []
    for kept, step, visit in steps:
        wish = wishes.get(visit.id)
        tale = tale_of(kept.booked, step, visit, kept.at, wish.id if wish else None)
        row: list[Any] = [visit.id, visit.version, step, visit.status, kept.at]
        row += [wish.by_id, wish.id, wish.body_hash] if wish else [None, None, None]
        rows.append([*row, kept.booked.home, None if tale is None else _encode(tale).decode()])
    return [list(column) for column in zip(*rows, strict=True)]
