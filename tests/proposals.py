"""What do tests of proposals tell their stories with? An act that only writes down what it did."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from shared.proposals.acts import Batch, Run
from shared.proposals.rules import DryRun, Outcome, Proposal
from shared.proposals.store import Proposals
from tests.stories import CLINIC, an_id

ANNA, BORIS, VERA = an_id("Anna of staff"), an_id("Boris of staff"), an_id("Vera of staff")
"""Anna proposes; Boris or Vera may be the second person."""

WINDOW_SECONDS = 60
LIFE_SECONDS = 3_600
MORNING = datetime(2026, 5, 4, 6, tzinfo=UTC)


def seats(count: int) -> tuple[UUID, ...]:
    """So many things that an act may touch."""
    return tuple(an_id(f"seat {number}") for number in range(count))


class Clean(msgspec.Struct, frozen=True, tag_field="kind", tag="clean"):
    """The body of the act: to clean all seats; cleaned for good, it cannot be undone."""

    for_good: bool = True


class Cleaning:
    """The act. What it did is in a list, and in a table where each seat is cleaned once."""

    kind = "clean"
    body = Clean

    def __init__(self, ids: Sequence[UUID], people: int = 0) -> None:
        self.found = DryRun(ids=tuple(ids), counts={"seats": len(ids), "people": people})
        self.batches: list[tuple[str, tuple[UUID, ...]]] = []
        self.clean: set[UUID] = set()
        self.fails_after: int | None = None
        self.takes_seconds = 0.0

    def clinic_of(self, body: Clean) -> UUID | None:
        """One clinic's."""
        return CLINIC

    async def dry_run(self, body: Clean) -> DryRun:
        """What there is now."""
        return self.found

    async def execute(self, run: Run, ids: Sequence[UUID]) -> Outcome:
        """Clean these."""
        if self.fails_after is not None and len(self.batches) >= self.fails_after:
            raise asyncio.CancelledError
        self.batches.append(("clean", tuple(ids)))
        await asyncio.sleep(self.takes_seconds)
        self.clean.update(ids)
        return Outcome(changed=len(ids), refused=0)

    def undo_of(self, body: Clean) -> Batch | None:
        """Dirt is put back, unless it was cleaned for good."""
        return None if body.for_good else self._dirty

    async def _dirty(self, run: Run, ids: Sequence[UUID]) -> Outcome:
        self.batches.append(("dirty", tuple(ids)))
        self.clean.difference_update(ids)
        return Outcome(changed=len(ids), refused=0)


def a_proposal(ids: Sequence[UUID] = (), **about: Any) -> Proposal:
    """Anna proposes to clean three seats, on a Monday morning."""
    given = tuple(ids) or seats(3)
    made_at = about.get("made_at", MORNING)
    undoable = about.get("undoable", False)
    return Proposal(
        **{
            "id": an_id("a proposal"),
            "kind": "clean",
            "act": msgspec.json.encode(Clean(for_good=not undoable)),
            "body_hash": bytes(16),
            "reason": "It is spring.",
            "clinic_id": CLINIC,
            "proposer_id": ANNA,
            "undoable": undoable,
            "window_seconds": WINDOW_SECONDS,
            "life_seconds": LIFE_SECONDS,
            "dry_run": DryRun(ids=given, counts={"seats": len(given), "people": 0}),
            "made_at": made_at,
            "expires_at": made_at + timedelta(seconds=LIFE_SECONDS),
        }
        | about
    )


async def proposed(pool: asyncpg.Pool, **about: Any) -> tuple[Proposals, Proposal]:
    """A proposal that is kept, made just now."""
    store = Proposals(pool)
    proposal = a_proposal(made_at=await store.now(), **about)
    assert await store.add(proposal)
    return store, proposal
