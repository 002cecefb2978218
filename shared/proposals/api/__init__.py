"""What comes in by HTTP about proposals? The same routes for every act of a service."""

from typing import Any, NamedTuple

from shared.openapi import Answer, Route
from shared.openapi.routes import Handler
from shared.proposals.api.bodies import Approval, NewProposal, ProposalBody, ProposalList, of
from shared.proposals.api.desk import DESK, ProposalDesk
from shared.proposals.api.handlers import (
    approve_proposal,
    list_proposals,
    propose,
    show_proposal,
    undo_proposal,
    withdraw_proposal,
)
from shared.web import Page

__all__ = ["DESK", "Handlers", "ProposalDesk", "proposal_routes"]

PATH = "/api/v1/proposals"


class Handlers(NamedTuple):
    """Who answers: these, or a service's own functions, which say it in its words and call them."""

    propose: Handler = propose
    list_proposals: Handler = list_proposals
    show_proposal: Handler = show_proposal
    approve_proposal: Handler = approve_proposal
    withdraw_proposal: Handler = withdraw_proposal
    undo_proposal: Handler = undo_proposal


SHARED = Handlers()


def proposal_routes(
    acts: Any, problems: tuple[str, ...], *, path: str = PATH, handlers: Handlers = SHARED
) -> tuple[Route, ...]:
    """The routes of a service that has these acts: the type of their bodies, one or a union;

    and what a dry run may meet. The edge is one address, so a second service has its own path.
    """
    common: dict[str, Any] = {"tag": "proposals"}
    shown = of(acts, ProposalBody)
    making = Route(
        "POST",
        path,
        handlers.propose,
        **common,
        body=of(acts, NewProposal),
        needs_key=True,
        answers={201: Answer("It waits for another person.", shown, headers=("Location",))},
        problems=("nothing_to_do", "not_found", *problems),
    )
    listing = Route(
        "GET",
        path,
        handlers.list_proposals,
        **common,
        query=Page,
        answers={200: Answer("The proposals, the newest first.", of(acts, ProposalList))},
    )
    common |= {"answers": {200: _as_it_is(shown)}}
    return (making, listing, *_about_one(path, handlers, common))


def _about_one(path: str, handlers: Handlers, common: dict[str, Any]) -> tuple[Route, ...]:
    return (
        Route("GET", f"{path}/{{id}}", handlers.show_proposal, **common),
        Route(
            "POST",
            f"{path}/{{id}}/approve",
            handlers.approve_proposal,
            **common,
            body=Approval,
            problems=(
                "proposal_own",
                "proposal_changed",
                "proposal_decided",
                "proposal_expired",
                "proposal_withdrawn",
            ),
        ),
        Route(
            "POST",
            f"{path}/{{id}}/withdraw",
            handlers.withdraw_proposal,
            **common,
            problems=("proposal_expired", "proposal_begun"),
        ),
        Route(
            "POST",
            f"{path}/{{id}}/undo",
            handlers.undo_proposal,
            **common,
            problems=("proposal_not_done", "proposal_not_undoable", "proposal_undo_late"),
        ),
    )


def _as_it_is(shown: Any) -> Answer:
    return Answer("The proposal as it is now.", shown)
