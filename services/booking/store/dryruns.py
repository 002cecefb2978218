"""How far is a dry run, and what has it found? Any process carries it on from there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from services.booking.rules.dryruns import Cell, Condition, Found
from services.booking.store.database import SQL, Database

_encode = msgspec.json.Encoder().encode
_decode_found = msgspec.json.Decoder(Found).decode

Begun = Literal["begun", "running"]


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """A dry run as it is now. `holds`: what it was compared with is in force still."""

    id: UUID
    campaign_id: UUID
    book_id: UUID
    against_id: UUID | None
    publication: int
    as_of: datetime
    body_hash: bytes
    made_at: datetime
    found: Found
    ended_at: datetime | None
    holds: bool


class Claimed(NamedTuple):
    """A dry run that is this process's to carry on."""

    id: UUID
    book_id: UUID
    against_id: UUID | None
    as_of: datetime
    position: UUID
    found: Found


class DryRuns:
    """Dry runs, of which one runs at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self,
        run_id: UUID,
        book_id: UUID,
        *,
        campaign_id: UUID,
        against: tuple[int, UUID | None],
        as_of: datetime | None,
        body_hash: bytes,
        by_id: UUID,
    ) -> Begun:
        """It may begin; asked twice it has begun once."""
        number, against_id = against
        about = (campaign_id, book_id, against_id, number, as_of, body_hash, by_id)
        await self._database.rows("give_up_dry_run")
        try:
            await self._database.row("begin_dry_run", run_id, *about)
        except asyncpg.UniqueViolationError:
            return "running"
        return "begun"

    async def load(self, run_id: UUID) -> DryRun | None:
        """One, as it is now."""
        row = await self._database.row("load_dry_run", run_id)
        if row is None:
            return None
        return DryRun(**dict(row) | {"found": _decode_found(row["found"])})

    async def claim(self, runner: UUID, lease_seconds: float) -> Claimed | None:
        """The one that runs, by this process alone for the time of a lease."""
        row = await self._database.row("claim_dry_run", runner, lease_seconds)
        return (
            None if row is None else Claimed(**dict(row) | {"found": _decode_found(row["found"])})
        )

    async def look_at(
        self, after: UUID, people_max: int, conditions: Sequence[Condition], month: int
    ) -> tuple[list[Cell], UUID | None]:
        """The next so many persons, counted; and who was the last, if there was anybody."""
        asked = _encode(conditions).decode()
        async with self._database.connection() as connection:
            rows = await connection.fetch(SQL["try_batch"], after, people_max, asked, month)
        return [Cell(*row[:5]) for row in rows], rows[0]["last"] if rows else None

    async def unknown(self) -> int:
        """How many are registered of whom nothing is known that rules ask for."""
        async with self._database.connection() as connection:
            number: int = await connection.fetchval(SQL["count_unknown"])
        return number

    async def note(
        self, runner: UUID, run: Claimed, *, position: UUID, found: Found, lease_seconds: float
    ) -> bool:
        """It is so far; False where somebody else carries it on."""
        said = _encode(found).decode()
        row = await self._database.row(
            "note_batch", run.id, runner, run.position, position, said, lease_seconds
        )
        return row is not None

    async def end(self, runner: UUID, run: Claimed, found: Found) -> bool:
        """All have been looked at; False where somebody else carries it on."""
        said = _encode(found).decode()
        row = await self._database.row("end_dry_run", run.id, runner, run.position, said)
        return row is not None
