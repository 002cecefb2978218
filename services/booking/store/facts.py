"""What is known of persons as far as rules ask, and by which rules were they admitted?"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from services.booking.rules.admission import Facts, Phase
from services.booking.rules.publications import RuleBook
from services.booking.store.database import SQL, Connection, Database, Row

PERMITS_MAX = 2_000
"""More than anybody has in a life."""


class Admitted(NamedTuple):
    """Somebody may have a dose, by a phase of a book."""

    patient_id: UUID
    dose: int
    book: RuleBook
    phase: Phase


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """By which rules somebody was admitted, and when, as they are shown it."""

    booking_id: UUID
    patient_id: UUID
    dose: int
    campaign_id: UUID
    book_id: UUID
    phase: str
    at: datetime


class PersonFacts:
    """Facts of persons, and what they were permitted by them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, person_ids: Iterable[UUID]) -> dict[UUID, Facts]:
        """What is known of those of whom anything is."""
        rows = await self._database.rows("load_facts", list(person_ids))
        return {row["person_id"]: _facts_of(row) for row in rows}

    async def own(self, ids: Sequence[UUID], person_ids: Sequence[UUID]) -> dict[UUID, Facts]:
        """The same for a person who has these ids: of themselves and their dependants alone."""
        rows = await self._database.rows_of(ids, "own_facts", person_ids)
        return {row["person_id"]: _facts_of(row) for row in rows}

    async def own_permits(self, ids: Sequence[UUID], person_ids: Sequence[UUID]) -> list[Permit]:
        """By which rules a person and their dependants were admitted, in order."""
        rows = await self._database.rows_of(ids, "own_permits", person_ids, PERMITS_MAX)
        return [Permit(**dict(row)) for row in rows]

    async def keep(self, person_id: UUID, facts: Facts) -> None:
        """From now on this is what is known."""
        born: date | None = facts.born_month
        about = (born, facts.district, facts.profession, facts.risk_groups)
        await self._database.rows("keep_facts", person_id, *about)

    async def has_permit(self, wish_id: UUID, patient_id: UUID, dose: int) -> bool:
        """Whether they were admitted when this very wish was first asked."""
        return await self._database.row("has_permit", wish_id, patient_id, dose) is not None

    async def permit(
        self,
        admitted: Sequence[Admitted],
        *,
        wish_id: UUID,
        booking_id: UUID,
        campaign_id: UUID,
        publication: int,
    ) -> bool:
        """Write down that these are admitted; False where what they were judged by is over."""
        try:
            rows = await self._database.rows(
                "permit",
                wish_id,
                booking_id,
                campaign_id,
                publication,
                [one.patient_id for one in admitted],
                [one.dose for one in admitted],
                [one.book.id for one in admitted],
                [one.phase.id for one in admitted],
                [one.phase.opens_at for one in admitted],
                [one.phase.closes_at for one in admitted],
            )
        except asyncpg.CheckViolationError:
            # By PostgreSQL's clock the phase has closed, or not opened yet.
            return False
        return bool(rows)


async def merge(connection: Connection, from_id: UUID, into_id: UUID) -> None:
    """Within somebody's transaction: what only the one id knew, the other knows."""
    await connection.execute(SQL["merge_facts"], from_id, into_id)


async def forget(connection: Connection, people: Sequence[UUID]) -> None:
    """Within somebody's transaction: nothing of these persons is left here."""
    await connection.execute(SQL["forget_facts"], people)
    await connection.execute(SQL["forget_permits"], people)


def _facts_of(row: Row) -> Facts:
    groups = row["risk_groups"]
    return Facts(
        born_month=row["born_month"],
        district=row["district"],
        profession=row["profession"],
        risk_groups=None if groups is None else tuple(groups),
    )
