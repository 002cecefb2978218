"""Which acts of the front desk need two persons? To publish a campaign's rules, for some or all,
and to tell many people something.

What is published can be taken back by one person at once, so it begins as soon as it is approved.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from aiohttp import web

from services.booking.api.announcing import Announcing, SendAnnouncement
from services.booking.api.desk import Desk
from services.booking.api.rulebooks import learned, step_back
from services.booking.rules.dryruns import seen_of
from services.booking.rules.publications import Scope
from services.booking.store.books import Next
from services.booking.store.dryruns import DryRun as Tried
from shared.problems import Problem, not_found
from shared.proposals.acts import Acts, Batch, Run
from shared.proposals.api import Handlers, handlers, proposal_routes
from shared.proposals.rules import DryRun, Outcome

PATH = "/api/v1/campaigns/proposals"
NOTHING = DryRun(ids=(), counts={})


class PublishRules(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="publish_rules",
):
    """Put the version into force that the dry run has tried: for a share of persons, for whoever

    is named, or for all. Published already for some, it is published for more in the same way.
    """

    dry_run_id: UUID
    scope: Scope = Scope()


class Publishing:
    """The act: one publication for one dry run, which both persons have seen."""

    kind = "publish_rules"
    body = PublishRules

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def clinic_of(self, body: PublishRules) -> UUID | None:
        """A campaign is no clinic's."""
        return None

    async def dry_run(self, body: PublishRules) -> DryRun:
        """What was found when it was tried; nothing, if other rules are in force by now."""
        if body.scope.is_nobody:
            raise Problem(422, "invalid_body", "The scope is for nobody: name a share, or whom.")
        tried = await self._desk.dry_runs.load(body.dry_run_id)
        if tried is None:
            raise not_found("dry run")
        if tried.ended_at is None:
            raise Problem(409, "dry_run_unfinished", "The dry run is not over yet.")
        if not tried.holds or (tried.book_id == tried.against_id):
            return NOTHING
        return DryRun(ids=(tried.id,), counts=seen_of(tried.found))

    async def execute(self, run: Run, ids: Sequence[UUID]) -> Outcome:
        """Publish it, once."""
        tried = await self._desk.dry_runs.load(ids[0])
        assert tried is not None, "what ended is never deleted"
        done = await self._published(run, tried)
        await learned(self._desk)
        return Outcome(changed=int(done), refused=int(not done))

    def undo_of(self, body: PublishRules) -> Batch | None:
        """One step back, as anybody may do it who may publish."""
        return self._take_back

    async def _published(self, run: Run, tried: Tried) -> bool:
        books = self._desk.books
        following = Next(
            campaign_id=tried.campaign_id,
            after=tried.publication,
            book_id=tried.book_id,
            before_id=tried.against_id,
            scope=run.body.scope,
            reverts=False,
            cause_id=run.proposal_id,
            by_id=None,
            reason=None,
        )
        if await books.publish(following):
            return True
        return await books.done_for(run.proposal_id, reverts=False) is not None

    async def _take_back(self, run: Run, ids: Sequence[UUID]) -> Outcome:
        done = await self._taken_back(run.proposal_id)
        await learned(self._desk)
        return Outcome(changed=int(done), refused=int(not done))

    async def _taken_back(self, cause_id: UUID) -> bool:
        """False where it was never published, or something else was since."""
        books = self._desk.books
        if await books.done_for(cause_id, reverts=True) is not None:
            return True
        mine = await books.done_for(cause_id, reverts=False)
        if mine is None:
            return False
        published = (await learned(self._desk))[mine["campaign_id"]]
        if published.number != mine["number"]:
            return False
        return await step_back(
            self._desk, published, cause_id=cause_id, by_id=None, reason="It was undone."
        )


def acts(desk: Desk) -> Acts:
    """What of this service two persons decide."""
    return {act.kind: act for act in (Publishing(desk), Announcing(desk))}


async def propose_rules(request: web.Request) -> web.Response:
    """201 what the dry run has found, and until when it waits for a second person."""
    return await handlers.propose(request)


async def list_rule_proposals(request: web.Request) -> web.Response:
    """200 the proposals to publish rules, the newest first; an empty list is an answer."""
    return await handlers.list_proposals(request)


async def show_rule_proposal(request: web.Request) -> web.Response:
    """200 the proposal with all that happened to it."""
    return await handlers.show_proposal(request)


async def approve_rules(request: web.Request) -> web.Response:
    """200 it is approved, and is published within moments, unless other rules are in force."""
    return await handlers.approve_proposal(request)


async def withdraw_rules(request: web.Request) -> web.Response:
    """200 it is withdrawn, and nothing is published; 409 where it has begun."""
    return await handlers.withdraw_proposal(request)


async def undo_rules(request: web.Request) -> web.Response:
    """200 it is being taken back; after its time, a step back does the same."""
    return await handlers.undo_proposal(request)


ROUTES = proposal_routes(
    PublishRules | SendAnnouncement,
    ("dry_run_unfinished", "too_many_people"),
    path=PATH,
    handlers=Handlers(
        propose=propose_rules,
        list_proposals=list_rule_proposals,
        show_proposal=show_rule_proposal,
        approve_proposal=approve_rules,
        withdraw_proposal=withdraw_rules,
        undo_proposal=undo_rules,
    ),
)
