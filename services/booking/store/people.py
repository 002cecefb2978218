"""Who is the same person as whom, and who is erased?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID, uuid4

import msgspec

from services.booking.rules.eligibility import Wanted
from services.booking.rules.profiles import Profile, completed
from services.booking.store import announcements, facts, limits, papers, profiles, relations
from services.booking.store.database import SQL, Connection, Database
from shared.messages import DOSE_FIRST
from shared.topics import home_of
from shared.vault import Vault

Merged = Literal["merged", "key_reused", "unknown", "merged_elsewhere", "kin"]

LOOKS = 2
"""Who belongs to a person may have changed while rows were waited for, so it is looked again."""

UNTOLD_MAX = 500
"""How many erasures are told of in one batch."""


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """Two ids are one person: `from_id` leads to `into_id` from now on. `by_id` says so."""

    wish_id: UUID
    body_hash: bytes
    from_id: UUID
    into_id: UUID
    by_id: UUID


class Erased(msgspec.Struct, frozen=True):
    """A wish to be erased that was done, now or before."""

    at: datetime
    body_hash: bytes | None


class BookingsAhead(msgspec.Struct, frozen=True):
    """Why nobody was erased: so many bookings are to come, or undecided."""

    number: int


class Untold(NamedTuple):
    """An erased person of whom it is yet to be told."""

    erasure_id: UUID
    person_id: UUID
    home: int
    at: datetime


class People:
    """Merging and erasing. No booking is made or changed by way of here."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._seen: tuple[int, datetime | None] | None = None

    async def merged(self) -> dict[UUID, UUID] | None:
        """Who leads to whom; None where that is as it was when it was last asked."""
        row = await self._database.row("count_merged")
        assert row is not None
        seen = (row["number"], row["latest"])
        if seen == self._seen:
            return None
        rows = await self._database.rows("list_merged")
        self._seen = seen
        return {row["id"]: row["into_id"] for row in rows}

    async def is_known(self, person_id: UUID) -> bool:
        """Whether anything was ever heard of a person."""
        row = await self._database.row("is_known", person_id)
        return row is not None and bool(row[0])

    async def register(self, person_id: UUID, profile: Profile, body_hash: bytes) -> bool:
        """Somebody is known from now on; False where the id was for something else.

        Asked again nothing changes: what is known of them may have become more since.
        """
        async with self._database.connection() as connection, connection.transaction():
            made = await connection.fetchval(SQL["register_person"], person_id, body_hash)
            if made is None:
                before = await connection.fetchrow(SQL["load_patient"], person_id)
                return before is not None and bool(before["body_hash"] == body_hash)
            await profiles.keep(connection, self._vault, person_id, profile)
        return True

    async def merge(self, merge: Merge) -> Merged:
        """The one way in which two ids become one person, whoever decided it.

        What only the one knows of the person, the other knows from now on as well; nothing of
        either is taken away. Asked again it is as it was.
        """
        both = [merge.from_id, merge.into_id]
        async with self._database.connection() as connection, connection.transaction():
            known = [await connection.fetchval(SQL["is_known"], one) for one in both]
            if not all(known):
                return "unknown"
            for person_id in sorted(both):
                await connection.execute(SQL["ensure_patient"], person_id)
            guardians = await connection.fetch(SQL["lock_people"], both)
            refused = await _why_not(connection, merge)
            if refused is not None:
                return refused
            if any(row["guardian_id"] in both for row in guardians):
                return "kin"
            if await relations.are_kin(connection, merge.from_id, merge.into_id):
                return "kin"
            await connection.execute(
                SQL["note_merge"],
                merge.from_id,
                merge.into_id,
                merge.wish_id,
                merge.body_hash,
                merge.by_id,
            )
            await connection.execute(SQL["lead_on"], merge.from_id, merge.into_id)
            await facts.merge(connection, merge.from_id, merge.into_id)
            await self._complete(connection, merge)
        return "merged"

    async def _complete(self, connection: Connection, merge: Merge) -> None:
        # What is read here is sealed anew below: it must not be erased in between.
        await self._vault.keys.lock(connection, [merge.from_id, merge.into_id])
        known = await profiles.load(connection, self._vault, [merge.from_id, merge.into_id])
        if merge.from_id in known:
            other = known[merge.from_id]
            whole = completed(known[merge.into_id], other) if merge.into_id in known else other
            await profiles.keep(connection, self._vault, merge.into_id, whole)

    async def erase(
        self, wish_id: UUID, person_id: UUID, body_hash: bytes
    ) -> Erased | BookingsAhead:
        """Erase a person, under every id that leads to them, and their dependants.

        Asked again it was done before. While they have bookings to come nothing is done.
        """
        async with self._database.connection() as connection, connection.transaction():
            at = await connection.fetchval(SQL["note_erasure"], wish_id, body_hash, "asked")
            if at is None:
                before = await connection.fetchrow(SQL["load_erasure"], wish_id)
                assert before is not None
                return Erased(before["erased_at"], before["body_hash"])
            await connection.execute(SQL["ensure_patient"], person_id)
            people = await _everybody_of(connection, person_id)
            ahead = await connection.fetchval(SQL["bookings_ahead"], people)
            if ahead:
                await connection.execute(SQL["forget_erasure"], wish_id)
                return BookingsAhead(ahead)
            await self._destroy(connection, wish_id, at, people)
        return Erased(at, body_hash)

    async def erase_unused(self, person_id: UUID, *, days: int) -> bool:
        """Erase a person by rule, unless something was heard of them meanwhile."""
        async with self._database.connection() as connection, connection.transaction():
            await self._vault.keys.lock(connection, [person_id])
            if not await connection.fetchval(SQL["is_still_unused"], person_id, days):
                return False
            wish_id = uuid4()
            at = await connection.fetchval(SQL["note_erasure"], wish_id, None, "unused")
            await self._destroy(connection, wish_id, at, [person_id])
        return True

    async def _destroy(
        self, connection: Connection, wish_id: UUID, at: datetime, people: Sequence[UUID]
    ) -> None:
        await self._vault.keys.destroy(connection, people)
        await connection.execute(SQL["forget_profiles"], people)
        await connection.execute(SQL["withdraw_consents"], people)
        await connection.execute(SQL["forget_waiting"], people)
        await connection.execute(SQL["end_relations"], people)
        await facts.forget(connection, people)
        await limits.forget(connection, people)
        await papers.forget(connection, people)
        await announcements.forget(connection, people)
        homes = [home_of(person_id) for person_id in people]
        await connection.execute(SQL["note_erased"], wish_id, at, people, homes)

    async def has_live_place(
        self,
        owner_ids: Sequence[UUID],
        patient_ids: Sequence[UUID],
        campaign_id: UUID | None,
        place: Wanted,
    ) -> bool:
        """Whether a person has, under one of these ids, the campaign's dose or the slot booked."""
        about = (owner_ids, patient_ids, campaign_id, place.slot_id, place.dose or DOSE_FIRST)
        row = await self._database.row("has_live_place", *about)
        assert row is not None
        return bool(row["exists"])


async def has_untold(connection: Connection, homes: Sequence[int]) -> bool:
    """Whether something is to be told at these homes that no event from the referee brings."""
    return bool(await connection.fetchval(SQL["has_untold"], homes))


async def take_untold(connection: Connection, homes: Sequence[int]) -> list[Untold]:
    """Those of whom it is told in this transaction."""
    rows = await connection.fetch(SQL["take_untold"], homes, UNTOLD_MAX)
    return sorted((Untold(*row) for row in rows), key=lambda untold: (untold.at, untold.person_id))


async def _everybody_of(connection: Connection, person_id: UUID) -> list[UUID]:
    """Whoever is erased with this person; nobody is merged with any of them meanwhile."""
    people = [person_id]
    for _ in range(LOOKS):
        await connection.execute(SQL["lock_people"], people)
        people = [row["id"] for row in await connection.fetch(SQL["everybody_of"], person_id)]
    return people


async def _why_not(connection: Connection, merge: Merge) -> Merged | None:
    """What was merged before: this very wish, or persons that lead elsewhere by now."""
    rows = await connection.fetch(SQL["load_merges"], merge.wish_id, [merge.from_id, merge.into_id])
    for row in rows:
        if row["wish_id"] == merge.wish_id:
            return "merged" if row["body_hash"] == merge.body_hash else "key_reused"
    return "merged_elsewhere" if rows else None
