"""Which papers has a person: to which polyclinic attached, to which services sent?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from services.booking.rules.papers import Referral
from services.booking.store.database import SQL, Connection, Database, Row

PAPERS_MAX = 1_000
"""More than anybody has in a life."""

Referred = Literal["made", "made before", "key_reused"]


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """To which clinic somebody is or was attached."""

    person_id: UUID
    clinic_id: UUID
    since: datetime
    ended_at: datetime | None


class SeenReferral(msgspec.Struct, frozen=True, kw_only=True):
    """A referral as it is shown; without a clinic it is for any."""

    id: UUID
    person_id: UUID
    service: str
    clinic_id: UUID | None
    valid_until: datetime
    once: bool
    made_at: datetime
    revoked_at: datetime | None


class AllPapers(msgspec.Struct, frozen=True, kw_only=True):
    """All that there are and were, oldest first."""

    attachments: list[Attachment]
    referrals: list[SeenReferral]


class Papers:
    """Attachments and referrals; what was entered is ended and not changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def attachments_of(self, ids: Sequence[UUID]) -> set[UUID]:
        """To which clinics a person is attached, under any of their ids."""
        rows = await self._database.rows("attachments_of", ids)
        return {row["clinic_id"] for row in rows}

    async def referrals_of(self, ids: Sequence[UUID], asked_by: Sequence[UUID]) -> list[Referral]:
        """A person's referrals, and by what they are used up."""
        rows = await self._database.rows("referrals_of", ids, asked_by)
        return [Referral(**dict(row)) for row in rows]

    async def attach(self, ids: Sequence[UUID], clinic_id: UUID | None, by_id: UUID) -> None:
        """The person (the first of their ids) is attached there from now on, or nowhere."""
        async with self._database.connection() as connection, connection.transaction():
            # Two who attach the same person wait for each other here.
            await connection.execute(SQL["ensure_patient"], ids[0])
            await connection.execute(SQL["lock_people"], list(ids))
            await connection.execute(SQL["end_attachment"], ids, clinic_id)
            if clinic_id is not None:
                await connection.execute(SQL["attach"], ids, clinic_id, by_id)

    async def refer(
        self, person_id: UUID, referral: Referral, *, body_hash: bytes, by_id: UUID
    ) -> Referred:
        """One wish makes one referral, whose id is the wish's."""
        said = (referral.service, referral.clinic_id, referral.valid_until, referral.once)
        about = (referral.id, person_id, *said, body_hash, by_id)
        if await self._database.row("refer", *about) is not None:
            return "made"
        before = await self._database.row("referral_of_wish", referral.id)
        same = before is not None and before["body_hash"] == body_hash
        return "made before" if same else "key_reused"

    async def revoke(self, ids: Sequence[UUID], referral_id: UUID) -> bool:
        """Nothing more is booked by it; False where the person has no such referral."""
        return await self._database.row("revoke_referral", ids, referral_id) is not None

    async def all(self, ids: Sequence[UUID]) -> AllPapers:
        """All of a person's, under any of their ids."""
        attachments = await self._database.rows("all_attachments", ids, PAPERS_MAX)
        referrals = await self._database.rows("all_referrals", ids, PAPERS_MAX)
        return _all(attachments, referrals)

    async def own(self, ids: Sequence[UUID], person_ids: Sequence[UUID]) -> AllPapers:
        """The same for a person who has these ids: of themselves and their dependants alone."""
        attachments = await self._database.rows_of(ids, "own_attachments", person_ids, PAPERS_MAX)
        referrals = await self._database.rows_of(ids, "own_referrals", person_ids, PAPERS_MAX)
        return _all(attachments, referrals)


async def forget(connection: Connection, people: Sequence[UUID]) -> None:
    """Within somebody's transaction: nothing of these persons is left here."""
    await connection.execute(SQL["forget_attachments"], people)
    await connection.execute(SQL["forget_referrals"], people)


def _all(attachments: Sequence[Row], referrals: Sequence[Row]) -> AllPapers:
    return AllPapers(
        attachments=[Attachment(**dict(row)) for row in attachments],
        referrals=[SeenReferral(**dict(row)) for row in referrals],
    )
