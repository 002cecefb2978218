"""In which form is a proposal asked for and shown?"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from shared.messages import Text
from shared.proposals.rules import Proposal, Status, sample_of, status
from shared.proposals.store import StepRow

SAMPLE_MAX = 20
"""So many of the ids are shown, spread over all of them."""

A = TypeVar("A")

Digest = Annotated[
    str, Meta(pattern="^[0-9a-f]{32}$", description="Stands for the dry run that was seen.")
]


class NewProposal(
    msgspec.Struct, Generic[A], frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """The body of `POST /proposals`: what is to be done, and why. The reason names no patient."""

    act: A
    reason: Text


class Approval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /proposals/{id}/approve`: to what whoever approves says yes."""

    digest: Digest


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a proposal, and who did it, where a person did."""

    step: str
    person_id: UUID | None
    digest: str
    at: datetime


class ProposalLine(msgspec.Struct, Generic[A], frozen=True, kw_only=True):
    """A proposal in a list. `runs_at` is when it begins; until `undo_until` it may be undone.

    Of all that it touches, `changed` were changed, `refused` said no, and `put_back` are as they
    were, once it is undone.
    """

    id: UUID
    status: Status
    act: A
    reason: str
    clinic_id: UUID | None
    revision: int
    counts: dict[str, int]
    undoable: bool
    proposer_id: UUID
    approver_id: UUID | None
    made_at: datetime
    expires_at: datetime
    runs_at: datetime | None
    undo_until: datetime | None
    changed: int
    refused: int
    put_back: int


class ProposalBody(ProposalLine[A], Generic[A], frozen=True, kw_only=True):
    """A proposal as it is now: what `digest` stands for is what `counts` and `sample` are of."""

    digest: Digest
    sample: tuple[UUID, ...]
    steps: tuple[Happened, ...]


class ProposalList(msgspec.Struct, Generic[A], frozen=True, kw_only=True):
    """Proposals; who is to approve one looks at it first. With a cursor where there may be more."""

    proposals: list[ProposalLine[A]]
    cursor: str | None


def of(acts: Any, generic: Any) -> Any:
    """The form for these acts: the type of their bodies, one or a union."""
    return generic[acts]


def line(proposal: Proposal, act: Any, now: datetime) -> ProposalLine[Any]:
    """A proposal in a list."""
    return ProposalLine(**_columns(proposal, act, now))


def shown(
    proposal: Proposal, act: Any, now: datetime, steps: Iterable[StepRow]
) -> ProposalBody[Any]:
    """A proposal in the words of those who look at it."""
    return ProposalBody(
        **_columns(proposal, act, now),
        digest=proposal.dry_run.digest.hex(),
        sample=sample_of(proposal.dry_run, SAMPLE_MAX),
        steps=tuple(map(_happened, steps)),
    )


def _columns(proposal: Proposal, act: Any, now: datetime) -> dict[str, Any]:
    return {
        "id": proposal.id,
        "status": status(proposal, now),
        "act": act,
        "reason": proposal.reason,
        "clinic_id": proposal.clinic_id,
        "revision": proposal.revision,
        "counts": proposal.dry_run.counts,
        "undoable": proposal.undoable,
        "proposer_id": proposal.proposer_id,
        "approver_id": proposal.approver_id,
        "made_at": proposal.made_at,
        "expires_at": proposal.expires_at,
        "runs_at": proposal.runs_at,
        "undo_until": proposal.undo_until,
        "changed": proposal.changed,
        "refused": proposal.refused,
        "put_back": proposal.put_back,
    }


def _happened(row: StepRow) -> Happened:
    return Happened(step=row.step, person_id=row.person_id, digest=row.digest.hex(), at=row.at)
