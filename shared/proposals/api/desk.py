"""What do the routes of proposals need, and who may do what with one?"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from shared.auth import Actor, Tokens
from shared.problems import Problem, not_found
from shared.proposals.acts import Act, Acts
from shared.proposals.rules import Proposal, Refusal
from shared.proposals.store import Proposals

TOLD: dict[Refusal, tuple[int, str, str]] = {
    "own": (403, "proposal_own", "Whoever proposed it cannot be the second person."),
    "changed": (409, "proposal_changed", "What would change is not what you saw: look again."),
    "expired": (409, "proposal_expired", "It was not approved or begun in time."),
    "withdrawn": (409, "proposal_withdrawn", "It was withdrawn."),
    "decided": (409, "proposal_decided", "Somebody else has approved it already."),
    "begun": (409, "proposal_begun", "It has begun, or is done."),
    "not_done": (409, "proposal_not_done", "It is not done, so there is nothing to undo."),
    "not_undoable": (409, "proposal_not_undoable", "This act cannot be undone."),
    "late": (409, "proposal_undo_late", "The time in which it could be undone is over."),
}


class ProposalDesk(msgspec.Struct):
    """The parts that the routes are given."""

    proposals: Proposals
    acts: Acts
    tokens: Tokens
    window_seconds: int
    life_seconds: int
    on_step: Callable[[str, str], None] = lambda kind, step: None

    async def may_propose(self, request: web.Request, act: Act, clinic_id: UUID | None) -> Actor:
        """Who asks, if they may propose this act for this clinic."""
        actor = await self.tokens.need(request, *act.proposers)
        if not actor.covers(clinic_id):
            raise Problem(403, "forbidden", "Your sign-in does not cover this clinic.")
        return actor

    async def may_decide(self, request: web.Request, proposal: Proposal) -> Actor:
        """Who asks, if they may approve or stop it; of another clinic's they learn nothing."""
        act = self.acts.get(proposal.kind)
        if act is None:
            raise not_found("proposal")
        actor = await self.tokens.need(request, *act.approvers)
        if not sees(actor, proposal):
            raise not_found("proposal")
        return actor

    def act_of(self, proposal: Proposal) -> Any:
        """What is to be done, in the act's own words."""
        return msgspec.json.decode(proposal.act, type=self.acts[proposal.kind].body)


def sees(actor: Actor, proposal: Proposal) -> bool:
    """True where the actor acts for the clinic that it concerns."""
    return actor.covers(proposal.clinic_id)


def problem_of(refusal: Refusal) -> Problem:
    """A refusal's status, code and words."""
    status, code, detail = TOLD[refusal]
    return Problem(status, code, detail)


DESK: web.AppKey[ProposalDesk] = web.AppKey("proposals", ProposalDesk)
