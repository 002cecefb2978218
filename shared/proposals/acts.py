"""What does an act say of itself, so that two persons can agree on it and a process do it?"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec

from shared.proposals.rules import DryRun, Outcome


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One act that is carried out: whatever it asks for gets its ids from the proposal's."""

    proposal_id: UUID
    body: Any
    body_hash: bytes


Batch = Callable[[Run, Sequence[UUID]], Awaitable[Outcome]]
"""Does the act, or puts it back, for some ids. Done twice with the same ids it is done once: a
process may die after it and before that is noted."""


class Act(Protocol):
    """A mass or irreversible act."""

    @property
    def kind(self) -> str:
        """Its name: the tag of its body."""

    @property
    def body(self) -> type[msgspec.Struct]:
        """What it needs to be told."""

    def clinic_of(self, body: Any) -> UUID | None:
        """The clinic that it concerns; None where it is not one clinic's: then it is for those

        who reach all clinics.
        """

    async def dry_run(self, body: Any) -> DryRun:
        """What it would change now. Changes nothing."""

    async def execute(self, run: Run, ids: Sequence[UUID]) -> Outcome:
        """Do it for these ids; a `Batch`."""

    def undo_of(self, body: Any) -> Batch | None:
        """How it is put back; None where that cannot honestly be promised, so that it waits."""


Acts = Mapping[str, Act]
"""The acts of a service, by their kind."""
