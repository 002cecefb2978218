"""What is remembered of proposals? Each decision is made on a locked row, and is one step."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

import asyncpg
import msgspec

from shared.proposals.rules import Decision, DryRun, Proposal
from shared.statements import load

SQL = load("shared.proposals")

ACQUIRE_SECONDS = 1.0

_FIELDS = frozenset(Proposal.__struct_fields__) - {"dry_run"}
_encode_counts = msgspec.json.Encoder().encode
_decode_counts = msgspec.json.Decoder(dict[str, int]).decode


class Seen(NamedTuple):
    """A proposal, and when it was so."""

    proposal: Proposal
    now: datetime


class StepRow(NamedTuple):
    """One thing that happened to a proposal."""

    step: str
    person_id: UUID | None
    digest: bytes
    at: datetime


class Locked:
    """One proposal while nobody else decides about it."""

    def __init__(self, connection: asyncpg.Connection, seen: Seen) -> None:
        self._connection = connection
        self.proposal, self.now = seen

    async def save(self, decision: Decision, person_id: UUID | None = None) -> Proposal:
        """Keep what was decided; the proposal as it is then."""
        step, decided = decision
        after = msgspec.structs.replace(decided, version=self.proposal.version + 1)
        await self._connection.execute(
            SQL["save_proposal"],
            after.id,
            after.version,
            after.revision,
            after.dry_run.ids,
            _encode_counts(after.dry_run.counts).decode(),
            after.expires_at,
            after.approver_id,
            after.approved_at,
            after.runs_at,
            after.withdrawn_by,
            after.withdrawn_at,
            after.started_at,
            after.position,
            after.changed,
            after.refused,
            after.done_at,
            after.undo_until,
            after.undo_asked_by,
            after.undo_asked_at,
            after.put_back,
            after.undone_at,
            step,
            person_id,
            after.dry_run.digest,
            self.now,
        )
        return after


class Proposals:
    """All proposals of a service."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def now(self) -> datetime:
        """PostgreSQL's time."""
        rows = await self._fetch("proposal_now")
        now: datetime = rows[0][0]
        return now

    async def add(self, proposal: Proposal) -> bool:
        """Remember it; False where the same request was remembered meanwhile."""
        added = await self._fetch(
            "add_proposal",
            proposal.id,
            proposal.kind,
            proposal.act,
            proposal.body_hash,
            proposal.reason,
            proposal.clinic_id,
            proposal.proposer_id,
            proposal.undoable,
            proposal.window_seconds,
            proposal.life_seconds,
            proposal.dry_run.ids,
            _encode_counts(proposal.dry_run.counts).decode(),
            proposal.made_at,
            proposal.expires_at,
            proposal.dry_run.digest,
        )
        return bool(added)

    async def find(self, proposal_id: UUID) -> Seen | None:
        """One, as it is now."""
        rows = await self._fetch("find_proposal", proposal_id)
        return _seen(rows[0]) if rows else None

    async def newest(
        self, clinics: Iterable[UUID] | None, after: Sequence[Any] | None, limit: int
    ) -> list[Seen]:
        """Those of these clinics, or all; the newest first."""
        made_at, proposal_id = after or (None, None)
        named = None if clinics is None else list(clinics)
        rows = await self._fetch("list_proposals", named, made_at, proposal_id, limit)
        return [_seen(row) for row in rows]

    async def steps(self, proposal_id: UUID) -> list[StepRow]:
        """What happened to it, in order."""
        rows = await self._fetch("proposal_steps", proposal_id)
        return [StepRow(row["step"], row["person_id"], row["digest"], row["at"]) for row in rows]

    @asynccontextmanager
    async def locked(self, proposal_id: UUID) -> AsyncIterator[Locked | None]:
        """One transaction, in which one thing is decided about it; None where there is none."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as lent, lent.transaction():
            # A pool lends a proxy that does all a connection does.
            connection = cast(asyncpg.Connection, lent)
            await connection.execute(SQL["lock_proposal"], proposal_id)
            row = await connection.fetchrow(SQL["find_proposal"], proposal_id)
            yield None if row is None else Locked(connection, _seen(row))

    # ---- carrying on ----------------------------------------------------------------------------

    async def claim(self, runner: UUID, lease_seconds: float) -> UUID | None:
        """One that is to be carried on, by this runner alone for the time of a lease."""
        rows = await self._fetch("claim_proposal", runner, lease_seconds)
        return rows[0]["id"] if rows else None

    async def renew(self, proposal_id: UUID, runner: UUID, lease_seconds: float) -> Seen | None:
        """It is mine for another lease; None where somebody else has it."""
        rows = await self._fetch("renew_proposal", proposal_id, runner, lease_seconds)
        return _seen(rows[0]) if rows else None

    async def release(self, proposal_id: UUID, runner: UUID) -> None:
        """Nothing more is to be done for now."""
        await self._fetch("release_proposal", proposal_id, runner)

    async def oldest_seconds(self) -> float:
        """For how long the oldest has been due that is not done; 0 where none is."""
        rows = await self._fetch("open_proposals")
        seconds: float = rows[0][0]
        return seconds

    async def _fetch(self, name: str, *arguments: Any) -> Sequence[asyncpg.Record]:
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            rows: Sequence[asyncpg.Record] = await connection.fetch(SQL[name], *arguments)
            return rows


def _seen(row: asyncpg.Record) -> Seen:
    about = {name: value for name, value in row.items() if name in _FIELDS}
    dry_run = DryRun(ids=tuple(row["ids"]), counts=_decode_counts(row["counts"]))
    return Seen(Proposal(dry_run=dry_run, **about), row["now"])
