"""Who acts for which adult, and with whose consent?"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from services.booking.rules.families import NEWEST_WORDS, Saying, State, after
from services.booking.rules.parts import Pair, Standing
from services.booking.store.database import SQL, Connection, Database, Row
from shared.web import LIST_MAX

Proposed = Literal["made", "key_reused", "too_many", "exists"]


class Relation(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who acts, did, or would like to act for an adult."""

    id: UUID
    proxy_id: UUID
    person_id: UUID
    state: State
    made_person: bool
    consent_version: int | None
    consented_at: datetime | None
    witness_id: UUID | None
    proposed_at: datetime
    changed_at: datetime


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Who would like to act for whom. The first of each one's ids is that to which others lead."""

    id: UUID
    body_hash: bytes
    proxy_ids: Sequence[UUID]
    person_ids: Sequence[UUID]
    made_person: bool


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a relation, by whom; `witness_id` is who has it on paper."""

    saying: Saying
    by_id: UUID
    witness_id: UUID | None = None


async def standing(connection: Connection, pairs: Collection[Pair]) -> dict[Pair, Standing]:
    """How these stand to each other, in the transaction that tells of what they have in common."""
    owners, persons = zip(*sorted(pairs), strict=True)
    rows = await connection.fetch(SQL["standing"], list(owners), list(persons))
    return {
        (row["owner_id"], row["person_id"]): Standing(
            is_child=row["is_child"], agrees=row["agrees"], is_made=row["is_made"]
        )
        for row in rows
    }


class Relations:
    """Relations of two. What becomes of one is the rules' to say."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def agreed(self, proxy_ids: Sequence[UUID], person_ids: Sequence[UUID]) -> list[UUID]:
        """Which of these agree, now, that a person with those ids acts for them."""
        rows = await self._database.rows_of(proxy_ids, "own_adults", person_ids)
        return [row["person_id"] for row in rows]

    async def of_proxy(self, ids: Sequence[UUID]) -> list[Relation]:
        """For whom a person acts, did, or would like to; oldest first."""
        rows = await self._database.rows_of(ids, "relations_of_proxy")
        return [_relation_of(row) for row in rows]

    async def of_person(self, ids: Sequence[UUID]) -> list[Relation]:
        """Who acts for a person, did, or would like to; newest first."""
        rows = await self._database.rows_of(ids, "relations_of_person", LIST_MAX)
        return [_relation_of(row) for row in rows]

    async def propose(self, proposal: Proposal, *, dependants_max: int) -> Proposed:
        """Somebody would like to act for somebody. Asked again it is what was made before."""
        proxy_id, person_id = proposal.proxy_ids[0], proposal.person_ids[0]
        async with self._database.connection() as connection, connection.transaction():
            await _lock_proxy(connection, proxy_id)
            before = await connection.fetchrow(SQL["lock_relation"], proposal.id)
            if before is not None:
                return "made" if before["body_hash"] == proposal.body_hash else "key_reused"
            if await _of_two(connection, proposal.proxy_ids, proposal.person_ids) is not None:
                return "exists"
            made = await connection.fetchval(
                SQL["propose_relation"],
                proposal.id,
                proxy_id,
                person_id,
                proposal.made_person,
                proposal.body_hash,
                proxy_id,
                dependants_max,
            )
            if made is not None and proposal.made_person:
                await connection.execute(SQL["ensure_patient"], person_id)
        return "too_many" if made is None else "made"

    async def say(self, relation_id: UUID, said: Said) -> Relation | None:
        """What becomes of the relation; None where that cannot be said any more."""
        async with self._database.connection() as connection, connection.transaction():
            return await _say(connection, relation_id, said)

    async def agree_on_paper(self, proposal: Proposal, said: Said) -> Relation:
        """The person agrees, proposed or not, before somebody who has it on paper."""
        async with self._database.connection() as connection, connection.transaction():
            await _lock_proxy(connection, proposal.proxy_ids[0])
            relation_id = await _of_two(connection, proposal.proxy_ids, proposal.person_ids)
            if relation_id is None:
                relation_id = proposal.id
                await connection.execute(
                    SQL["propose_relation"],
                    proposal.id,
                    proposal.proxy_ids[0],
                    proposal.person_ids[0],
                    proposal.made_person,
                    proposal.body_hash,
                    said.by_id,
                    ANY_NUMBER,
                )
            relation = await _say(connection, relation_id, said)
        assert relation is not None, "what is not over can be agreed to"
        return relation

    async def of_two(self, proxy_ids: Sequence[UUID], person_ids: Sequence[UUID]) -> UUID | None:
        """The one relation of the two that is not over."""
        async with self._database.connection() as connection:
            return await _of_two(connection, proxy_ids, person_ids)

    async def forget_old(self, *, days: int, rows_max: int) -> int:
        """Forget what ended so many days ago, so many at a time; how many were forgotten."""
        async with self._database.connection() as connection:
            said: str = await connection.execute(SQL["forget_old_relations"], days, rows_max)
        return int(said.rpartition(" ")[2])


ANY_NUMBER = 1_000_000
"""Who was agreed to on paper has as many dependants as have agreed."""


async def are_kin(connection: Connection, one_id: UUID, other_id: UUID) -> bool:
    """Whether the one acts for the other, or would like to, within somebody's transaction."""
    pairs = ((one_id, other_id), (other_id, one_id))
    found = [await _of_two(connection, [proxy], [person]) for proxy, person in pairs]
    return any(relation_id is not None for relation_id in found)


async def _lock_proxy(connection: Connection, proxy_id: UUID) -> None:
    """One wish of theirs at a time, so that the limit of dependants is kept."""
    await connection.execute(SQL["ensure_patient"], proxy_id)
    await connection.execute(SQL["lock_patient"], proxy_id)


async def _of_two(
    connection: Connection, proxy_ids: Sequence[UUID], person_ids: Sequence[UUID]
) -> UUID | None:
    found: UUID | None = await connection.fetchval(SQL["relation_of_two"], proxy_ids, person_ids)
    return found


async def _say(connection: Connection, relation_id: UUID, said: Said) -> Relation | None:
    row = await connection.fetchrow(SQL["lock_relation"], relation_id)
    state = None if row is None else after(row["state"], said.saying)
    if row is None or state is None:
        return None
    if state == row["state"] and (state != "accepted" or row["consent_version"] == NEWEST_WORDS):
        return _relation_of(row)
    changed = await connection.fetchrow(
        SQL["change_relation"], relation_id, state, said.by_id, NEWEST_WORDS, said.witness_id
    )
    assert changed is not None
    return _relation_of(changed)


def _relation_of(row: Row) -> Relation:
    return Relation(**{name: row[name] for name in Relation.__struct_fields__})
