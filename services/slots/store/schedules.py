"""Which schedules does a clinic have?"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

import asyncpg
import msgspec

from services.slots.rules.schedules import Schedule, Seats
from services.slots.rules.versions import Plan, There
from services.slots.store.reads import ACQUIRE_SECONDS, SQL

COLUMNS = (
    "id",
    "clinic_id",
    "time_zone",
    "service",
    "product",
    "dose",
    "weekdays",
    "starts_minute",
    "ends_minute",
    "slot_minutes",
    "capacity",
    "valid_from",
    "valid_to",
    "body_hash",
    "made_at",
    "closes_minutes_before",
    "cancel_until_minutes_before",
    "rrule",
    "breaks",
    "buffer_minutes",
    "except_dates",
    "extra_dates",
    "on_holidays",
    "holidays",
    "doses",
    "modality",
    "practitioner_id",
    "resource",
    "asks_for",
    "series_id",
    "version",
    "opened",
    "meant_until",
    "opened_until",
)
"""What is written when a schedule is made, in the order of `add_schedule`; then its plan."""

LEASE_SECONDS = 30.0
"""For so long a schedule is one process's: longer than a step of its days takes, also one whose
answers do not come.
"""


class Due(NamedTuple):
    """A schedule whose days are one process's to open, until when."""

    id: UUID
    clinic_id: UUID
    lease_until: datetime


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """The versions of one schedule, the first one first.

    `is_finished`: all was asked for that each of them meant.
    """

    versions: tuple[Schedule, ...]
    is_finished: bool


class OfClinic(msgspec.Struct, frozen=True):
    """One clinic's schedules, while nobody else may add one; and what time it is meanwhile."""

    clinic_id: UUID
    time_zone: str
    now: datetime
    connection: asyncpg.Connection

    async def find(self, schedule_id: UUID) -> Schedule | None:
        """The schedule of this id, whichever clinic's it is."""
        row = await self.connection.fetchrow(SQL["find_schedule"], schedule_id)
        return None if row is None else _schedule(row)

    async def knows(self, practitioner_id: UUID) -> bool:
        """Whether somebody has slots of their own here."""
        named = await self.connection.fetch(
            SQL["active_practitioners"], self.clinic_id, [practitioner_id]
        )
        return bool(named)

    async def standing(self, wanted: Schedule) -> list[Schedule]:
        """Those of other series for its service that reach into its dates."""
        rows = await self.connection.fetch(
            SQL["standing_schedules"],
            self.clinic_id,
            wanted.service,
            wanted.valid_from,
            wanted.valid_to,
            wanted.series,
        )
        return [_schedule(row) for row in rows]

    async def series(self, schedule_id: UUID) -> Series:
        """The versions of a schedule of this clinic, the first first; none where it has none."""
        locked = await self.connection.fetch(SQL["lock_series"], self.clinic_id, schedule_id)
        rows = await self.connection.fetch(SQL["series"], [row["id"] for row in locked])
        return Series(
            versions=tuple(_schedule(row) for row in rows),
            is_finished=all(row["is_finished"] for row in locked),
        )

    async def there(self, slot_ids: Sequence[UUID]) -> list[There]:
        """Which of these slots there are, of those that have not begun."""
        rows = await self.connection.fetch(SQL["slots_there"], slot_ids)
        return [There(*row) for row in rows]

    async def find_plan(self, schedule_id: UUID) -> Plan:
        """What a version changes of what was there."""
        said = await self.connection.fetchval(SQL["find_plan"], schedule_id)
        return msgspec.json.decode(said, type=Plan)

    async def replace(self, versions: Sequence[Schedule], by: Schedule, plan: Plan) -> bool:
        """Remember a version that counts instead of these from its first day on."""
        if not await self.add(by, plan):
            return False
        older = [version.id for version in versions]
        await self.connection.execute(SQL["replace_versions"], older, by.valid_from)
        return True

    async def holidays(self, first: date, last: date) -> tuple[date, ...]:
        """The days from the one to the other on which the clinic is closed."""
        rows = await self.connection.fetch(SQL["closed_days"], self.clinic_id, first, last)
        return tuple(row["day"] for row in rows)

    async def add(self, schedule: Schedule, plan: Plan | None = None) -> bool:
        """Remember it; False where its id has become another clinic's meanwhile."""
        said = {name: getattr(schedule, name) for name in COLUMNS}
        said["breaks"] = [minute for pause in schedule.breaks for minute in pause]
        said["doses"] = msgspec.json.encode(schedule.doses).decode()
        said["plan"] = plan and msgspec.json.encode(plan).decode()
        added = await self.connection.fetchval(SQL["add_schedule"], *said.values(), LEASE_SECONDS)
        return added is not None

    async def mean(self, schedule_id: UUID, until: date, holidays: Sequence[date]) -> None:
        """Up to this day it is settled what it means; on these days more it is closed."""
        await self.connection.execute(SQL["mean_days"], schedule_id, until, holidays)


class Schedules:
    """The schedules of all clinics."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def of_clinic(self, clinic_id: UUID) -> AsyncIterator[OfClinic | None]:
        """One transaction, in which a schedule may be added; None where there is no such clinic."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as pooled, pooled.transaction():
            # A pool lends a proxy that does all a connection does.
            connection = cast(asyncpg.Connection, pooled)
            await connection.execute(SQL["lock_schedules"], clinic_id)
            row = await connection.fetchrow(SQL["clinic_now"], clinic_id)
            yield None if row is None else OfClinic(**dict(row), connection=connection)

    async def list(
        self, clinic_id: UUID, after: Sequence[Any] | None, limit: int
    ) -> Sequence[Schedule]:
        """A clinic's schedules, oldest first."""
        made_at, schedule_id = after or (None, None)
        rows = await self._fetch("list_schedules", clinic_id, made_at, schedule_id, limit)
        return [_schedule(row) for row in rows]

    async def note_opened(self, schedule_id: UUID, opened: int) -> None:
        """All its slots were asked for, and so many were opened."""
        await self._fetch("note_opened", schedule_id, opened)

    async def claim_days(self, lease_seconds: float) -> Due | None:
        """A schedule without an end that is to be looked at; nobody else gets it meanwhile."""
        rows = await self._fetch("claim_days", lease_seconds)
        return Due(*rows[0]) if rows else None

    async def note_days(
        self, before: Schedule, until: date, *, opened: int, look_at: datetime | None
    ) -> bool:
        """All of its days up to that one were asked for; False where somebody else noted it."""
        about = (before.id, opened, before.opened_until, until, look_at)
        return bool(await self._fetch("note_days", *about))

    async def days_ahead(self) -> int | None:
        """For how many days the one that is least far ahead is open; None where there is none."""
        [row] = await self._fetch("days_ahead")
        days: int | None = row["days"]
        return days

    async def note_planned(self, schedule_id: UUID) -> None:
        """All that a version changes was asked for."""
        await self._fetch("note_planned", schedule_id)

    async def withdraw(self, clinic_id: UUID, schedule_id: UUID) -> bool:
        """Let others take its place from now on; False where the clinic has no such schedule."""
        return bool(await self._fetch("withdraw_schedule", clinic_id, schedule_id))

    async def _fetch(self, name: str, *arguments: Any) -> Sequence[asyncpg.Record]:
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            rows: Sequence[asyncpg.Record] = await connection.fetch(SQL[name], *arguments)
            return rows


def _schedule(row: asyncpg.Record) -> Schedule:
    said = dict(row)
    for name in ("weekdays", "except_dates", "extra_dates", "holidays"):
        said[name] = tuple(said[name])
    said["breaks"] = tuple(zip(row["breaks"][::2], row["breaks"][1::2], strict=True))
    said["doses"] = msgspec.json.decode(row["doses"], type=tuple[Seats, ...])
    return Schedule(**said)
