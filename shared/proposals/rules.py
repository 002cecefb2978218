"""What may become of a proposal, by whom and when? Its state is worked out from what happened."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

Status = Literal[
    "proposed",
    "expired",
    "withdrawn",
    "waiting",
    "approved",
    "running",
    "done",
    "undoing",
    "undone",
]
Refusal = Literal[
    "own", "changed", "expired", "withdrawn", "decided", "begun", "not_done", "not_undoable", "late"
]
"""Why a person may not do this with a proposal, or not any more."""

Step = Literal[
    "proposed", "approved", "withdrawn", "changed", "started", "batch", "done", "undo", "undone"
]

MORE_PERCENT_MAX = 10
"""So much larger a count may be when an act begins than when it was approved: people go on
booking meanwhile. What is to be touched may only have become less."""

DUE: frozenset[Status] = frozenset({"approved", "running", "undoing"})
"""Somebody is to carry it on."""


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What an act would change if it were done now: all of it by id, and how much that is."""

    ids: tuple[UUID, ...]
    counts: dict[str, int]

    @property
    def digest(self) -> bytes:
        """16 bytes over all that was seen: who approves says by them what they saw."""
        seen = [sorted(map(str, self.ids)), sorted(self.counts.items())]
        return hashlib.blake2b(msgspec.msgpack.encode(seen), digest_size=16).digest()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one batch: how many ids were changed, and how many said no."""

    changed: int
    refused: int


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a proposal; `version` is the number of its last step.

    An act that is `undoable` begins at once and may be undone for `window_seconds` after it is
    done. Any other begins so long after it was approved, and may be withdrawn until then.
    """

    id: UUID
    version: int = 1
    kind: str
    act: bytes
    body_hash: bytes
    reason: str
    clinic_id: UUID | None
    proposer_id: UUID
    undoable: bool
    window_seconds: int
    life_seconds: int
    revision: int = 1
    dry_run: DryRun
    made_at: datetime
    expires_at: datetime
    approver_id: UUID | None = None
    approved_at: datetime | None = None
    runs_at: datetime | None = None
    withdrawn_by: UUID | None = None
    withdrawn_at: datetime | None = None
    started_at: datetime | None = None
    position: int = 0
    changed: int = 0
    refused: int = 0
    done_at: datetime | None = None
    undo_until: datetime | None = None
    undo_asked_by: UUID | None = None
    undo_asked_at: datetime | None = None
    put_back: int = 0
    undone_at: datetime | None = None


Decision = tuple[Step, Proposal]
"""What happens, and the proposal after it."""


def status(proposal: Proposal, now: datetime) -> Status:
    """How it stands now. Nothing is stored that time alone would change."""
    if proposal.withdrawn_at is not None:
        return "withdrawn"
    if proposal.undo_asked_at is not None:
        return "undoing" if proposal.undone_at is None else "undone"
    if proposal.started_at is not None:
        return "running" if proposal.done_at is None else "done"
    if now >= proposal.expires_at:
        return "expired"
    if proposal.runs_at is None:
        return "proposed"
    return "waiting" if now < proposal.runs_at else "approved"


def approve(
    proposal: Proposal, person_id: UUID, digest: bytes, now: datetime
) -> Decision | Refusal | None:
    """A second person agrees with what they saw; None where they have said so already."""
    if is_own(proposal, person_id):
        return "own"
    stands = status(proposal, now)
    if stands == "expired":
        return "expired"
    if stands == "withdrawn":
        return "withdrawn"
    if digest != proposal.dry_run.digest:
        return "changed"
    if stands != "proposed":
        return None if proposal.approver_id == person_id else "decided"
    wait = timedelta(seconds=0 if proposal.undoable else proposal.window_seconds)
    runs_at = now + wait
    approved = msgspec.structs.replace(
        proposal,
        approver_id=person_id,
        approved_at=now,
        runs_at=runs_at,
        # An approval is for soon: what could not begin for so long is to be looked at again.
        expires_at=runs_at + timedelta(seconds=proposal.life_seconds),
    )
    return "approved", approved


def withdraw(proposal: Proposal, person_id: UUID, now: datetime) -> Decision | Refusal | None:
    """Nothing is to happen; anybody may say so who might have agreed, until it begins."""
    match status(proposal, now):
        case "proposed" | "waiting" | "approved":
            withdrawn = msgspec.structs.replace(proposal, withdrawn_by=person_id, withdrawn_at=now)
            return "withdrawn", withdrawn
        case "withdrawn":
            return None
        case "expired":
            return "expired"
        case _:
            return "begun"


def begin(proposal: Proposal, found: DryRun, now: datetime) -> Decision | None:
    """It begins, if what is found is still what was approved; else it is proposed anew.

    None where it is not to begin: somebody was quicker.
    """
    if status(proposal, now) != "approved":
        return None
    if still_holds(proposal.dry_run, found):
        return "started", msgspec.structs.replace(proposal, dry_run=found, started_at=now)
    anew = msgspec.structs.replace(
        proposal,
        revision=proposal.revision + 1,
        dry_run=found,
        approver_id=None,
        approved_at=None,
        runs_at=None,
        expires_at=now + timedelta(seconds=proposal.life_seconds),
    )
    return "changed", anew


def carry_on(proposal: Proposal, asked: int, outcome: Outcome, now: datetime) -> Decision:
    """One batch of so many ids was carried out; after the last one it is done, or undone."""
    position = proposal.position + asked
    is_last = position >= len(proposal.dry_run.ids)
    if proposal.undo_asked_at is not None:
        put_back = proposal.put_back + outcome.changed
        further = msgspec.structs.replace(proposal, position=position, put_back=put_back)
        if not is_last:
            return "batch", further
        return "undone", msgspec.structs.replace(further, undone_at=now)
    further = msgspec.structs.replace(
        proposal,
        position=position,
        changed=proposal.changed + outcome.changed,
        refused=proposal.refused + outcome.refused,
    )
    if not is_last:
        return "batch", further
    until = now + timedelta(seconds=proposal.window_seconds) if proposal.undoable else None
    return "done", msgspec.structs.replace(further, done_at=now, undo_until=until)


def undo(proposal: Proposal, person_id: UUID, now: datetime) -> Decision | Refusal | None:
    """What was done is to be put back; one person is enough, within the window."""
    stands = status(proposal, now)
    if stands in ("undoing", "undone"):
        return None
    if not proposal.undoable:
        return "not_undoable"
    if stands != "done":
        return "not_done"
    if proposal.undo_until is None or now >= proposal.undo_until:
        return "late"
    asked = msgspec.structs.replace(
        proposal, undo_asked_by=person_id, undo_asked_at=now, position=0
    )
    return "undo", asked


def is_own(proposal: Proposal, person_id: UUID) -> bool:
    """Whoever proposed it is not the second person."""
    return proposal.proposer_id == person_id


def still_holds(approved: DryRun, found: DryRun) -> bool:
    """Nothing is touched that was not approved, and no count has grown by more than a tenth."""
    if not found.ids or not set(found.ids) <= set(approved.ids):
        return False
    return all(
        100 * count <= (100 + MORE_PERCENT_MAX) * approved.counts.get(name, 0)
        for name, count in found.counts.items()
    )


def batch_of(proposal: Proposal, ids_max: int) -> Sequence[UUID]:
    """The ids that are next."""
    return proposal.dry_run.ids[proposal.position : proposal.position + ids_max]


def sample_of(dry_run: DryRun, ids_max: int) -> tuple[UUID, ...]:
    """Some of the ids, spread over all of them, so that it can be looked at what they are."""
    step = max(1, -(-len(dry_run.ids) // ids_max))
    return dry_run.ids[::step]


def counted(counts: Mapping[str, int]) -> str:
    """Counts in words, for a log line."""
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
