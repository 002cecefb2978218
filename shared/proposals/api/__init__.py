"""What comes in by HTTP about proposals? The same routes for every act of a service."""

from typing import Any

from shared.openapi import Answer, Route
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

__all__ = ["DESK", "ProposalDesk", "proposal_routes"]

PATH = "/api/v1/proposals"


def proposal_routes(acts: Any, problems: tuple[str, ...]) -> tuple[Route, ...]:
    """The routes of a service that has these acts: the type of their bodies, one or a union;

    and what a dry run may meet.
    """
    common: dict[str, Any] = {"tag": "proposals"}
    shown = of(acts, ProposalBody)
    making = Route(
        "POST",
        PATH,
        propose,
        **common,
        body=of(acts, NewProposal),
        needs_key=True,
        answers={201: Answer("It waits for another person.", shown, headers=("Location",))},
        problems=("nothing_to_do", "not_found", *problems),
    )
    listing = Route(
        "GET",
        PATH,
        list_proposals,
        **common,
        query=Page,
        answers={200: Answer("The proposals, the newest first.", of(acts, ProposalList))},
    )
    return (making, listing, *_about_one(common | {"answers": {200: _as_it_is(shown)}}))


def _about_one(common: dict[str, Any]) -> tuple[Route, ...]:
    return (
        Route("GET", f"{PATH}/{{id}}", show_proposal, **common),
        Route(
            "POST",
            f"{PATH}/{{id}}/approve",
            approve_proposal,
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
            f"{PATH}/{{id}}/withdraw",
            withdraw_proposal,
            **common,
            problems=("proposal_expired", "proposal_begun"),
        ),
        Route(
            "POST",
            f"{PATH}/{{id}}/undo",
            undo_proposal,
            **common,
            problems=("proposal_not_done", "proposal_not_undoable", "proposal_undo_late"),
        ),
    )


def _as_it_is(shown: Any) -> Answer:
    return Answer("The proposal as it is now.", shown)
