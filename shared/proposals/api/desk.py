"""What do the routes of proposals need, and who may do what with one?"""

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from shared.policy import Allowed
from shared.problems import Problem
from shared.proposals.acts import Acts
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
    window_seconds: int
    life_seconds: int
    on_step: Callable[[str, str], None] = lambda kind, step: None

    def may_decide(self, who: Allowed, proposal: Proposal | None) -> Proposal:
        """The proposal, if they may decide on it; of another clinic's they learn nothing."""
        is_there = proposal is not None and proposal.kind in self.acts
        clinic_id = None if proposal is None else proposal.clinic_id
        who.at_clinic("proposal", clinic_id, is_there=is_there)
        assert proposal is not None
        return proposal

    def act_of(self, proposal: Proposal) -> Any:
        """What is to be done, in the act's own words."""
        return msgspec.json.decode(proposal.act, type=self.acts[proposal.kind].body)


def problem_of(refusal: Refusal) -> Problem:
    """A refusal's status, code and words."""
    status, code, detail = TOLD[refusal]
    return Problem(status, code, detail)


DESK: web.AppKey[ProposalDesk] = web.AppKey("proposals", ProposalDesk)
