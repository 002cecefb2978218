"""Which rules does a campaign have? Drafted in versions, in force for whom, and one step back."""

from datetime import datetime
from uuid import UUID

import msgspec
from aiohttp import web

from services.booking.api.desk import DESK, Desk, problem_of, wish_id
from services.booking.rules import products
from services.booking.rules.admission import Phases, wrong_with
from services.booking.rules.products import Products
from services.booking.rules.publications import Published, RuleBook, Scope
from services.booking.rules.refusals import TOLD
from services.booking.store.books import KeptBook, Next
from shared.messages import Text
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem, not_found, unavailable
from shared.web import (
    Page,
    body_hash,
    cursor_after,
    cursor_of,
    json_response,
    path_id,
    read_body,
    read_query,
)

NUMBER_MAX = 2**31 - 1


class NewBook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /campaigns/{id}/rules`: the whole of the next version."""

    phases: Phases
    products: Products = ()


class BookBody(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a campaign's rules; it stays as it is for ever."""

    id: UUID
    campaign_id: UUID
    number: int
    phases: Phases
    products: Products
    made_at: datetime


class BookList(msgspec.Struct, frozen=True, kw_only=True):
    """The versions, the newest first; with a cursor where there may be more."""

    versions: list[BookBody]
    cursor: str | None


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force: `rules` within `scope`, `before` for the rest. Null admits everybody.

    `publication` counts what was published of the campaign; 0 where nothing was.
    """

    campaign_id: UUID
    publication: int
    scope: Scope
    rules: RuleBook | None
    before: RuleBook | None


class StepBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /campaigns/{id}/rules/revert`: from which publication, and why."""

    publication: int
    reason: Text


NOTHING_TO_REVERT = Problem(
    409, "nothing_to_revert", "This is not what was published last, or it is a step back."
)

_decode_new = msgspec.json.Decoder(NewBook)
_decode_back = msgspec.json.Decoder(StepBack)


async def draft_rules(request: web.Request) -> web.Response:
    """201 the next version of the campaign's rules, which changes nothing until it is published."""
    desk, campaign_id = request.app[DESK], await campaign_of(request)
    body = await read_body(request, _decode_new)
    wrong = wrong_with(body.phases) or products.wrong_with(body.products)
    if wrong is not None:
        raise Problem(422, "invalid_body", wrong)
    asked, by_id = body_hash(request.path, body), allowed(request).actor.id
    kept = await desk.books.make(
        wish_id(request),
        campaign_id,
        body.phases,
        body_hash=asked,
        by_id=by_id,
        products=body.products,
    )
    if kept is None:
        raise unavailable("Somebody else drafts rules for this campaign at this moment.")
    if kept.body_hash != asked:
        raise problem_of(TOLD["key_reused"])
    return json_response(_body(kept), status=201)


async def list_rules(request: web.Request) -> web.Response:
    """200 the versions of the campaign's rules, the newest first; an empty list is an answer."""
    desk, campaign_id = request.app[DESK], await campaign_of(request)
    limit = read_query(request, Page).limit
    cursor = cursor_of(request, (int,))
    below = None if cursor is None else max(0, min(cursor[0], NUMBER_MAX))
    found = await desk.books.of_campaign(campaign_id, below, limit)
    after = None
    if len(found) == limit:
        after = cursor_after(str(found[-1].book.number))
    return json_response(BookList(versions=[_body(kept) for kept in found], cursor=after))


async def show_rules(request: web.Request) -> web.Response:
    """200 which rules are in force, and for whom, as whoever is asked next will judge."""
    desk, campaign_id = request.app[DESK], path_id(request, "campaign")
    if await desk.memory.campaign(campaign_id) is None:
        raise not_found("campaign")
    return json_response(_in_force(campaign_id, desk.memory.rules.of(campaign_id)))


async def revert_rules(request: web.Request) -> web.Response:
    """200 what was in force before is again, for all and at once; 409 if it is not the last."""
    desk, campaign_id = request.app[DESK], await campaign_of(request)
    body = await read_body(request, _decode_back)
    wish = wish_id(request)
    done = await desk.books.done_for(wish, reverts=True)
    if done is None:
        published = (await learned(desk)).get(campaign_id)
        if published is None or published.reverts or published.number != body.publication:
            raise NOTHING_TO_REVERT
        by_id = allowed(request).actor.id
        if not await step_back(desk, published, cause_id=wish, by_id=by_id, reason=body.reason):
            raise NOTHING_TO_REVERT
    elif (done["number"], done["reason"]) != (body.publication + 1, body.reason):
        raise problem_of(TOLD["key_reused"])
    after = (await learned(desk)).get(campaign_id)
    return json_response(_in_force(campaign_id, after))


async def campaign_of(request: web.Request) -> UUID:
    """The campaign in the path, for whoever may have any; 404 where there is none."""
    found = await request.app[DESK].memory.campaign(path_id(request, "campaign"))
    return allowed(request).anybody_s("campaign", found).id


async def learned(desk: Desk) -> dict[UUID, Published]:
    """What is in force now, which this process knows from now on."""
    published = await desk.books.published()
    desk.memory.rules.learn(published)
    return {one.campaign_id: one for one in published}


async def step_back(
    desk: Desk, published: Published, *, cause_id: UUID, by_id: UUID | None, reason: str
) -> bool:
    """What this replaced is in force again; False where something else was published meanwhile."""
    return await desk.books.publish(
        Next(
            campaign_id=published.campaign_id,
            after=published.number,
            book_id=None if published.before is None else published.before.id,
            before_id=None,
            scope=Scope(),
            reverts=True,
            cause_id=cause_id,
            by_id=by_id,
            reason=reason,
        )
    )


def _body(kept: KeptBook) -> BookBody:
    return BookBody(**msgspec.structs.asdict(kept.book), made_at=kept.made_at)


def _in_force(campaign_id: UUID, published: Published | None) -> InForce:
    return InForce(
        campaign_id=campaign_id,
        publication=0 if published is None else published.number,
        scope=Scope() if published is None else published.scope,
        rules=None if published is None else published.book,
        before=None if published is None else published.before,
    )


ROUTES = [
    Route(
        "GET",
        "/api/v1/campaigns/{id}/rules",
        show_rules,
        tag="rules",
        answers={200: Answer("What is in force.", InForce)},
    ),
    Route(
        "POST",
        "/api/v1/campaigns/{id}/rules",
        draft_rules,
        tag="rules",
        body=NewBook,
        needs_key=True,
        answers={201: Answer("A version that nobody is judged by yet.", BookBody)},
    ),
    Route(
        "GET",
        "/api/v1/campaigns/{id}/rules/versions",
        list_rules,
        tag="rules",
        query=Page,
        answers={200: Answer("The versions, the newest first.", BookList)},
    ),
    Route(
        "POST",
        "/api/v1/campaigns/{id}/rules/revert",
        revert_rules,
        tag="rules",
        body=StepBack,
        needs_key=True,
        answers={200: Answer("What is in force now.", InForce)},
        problems=("nothing_to_revert",),
    ),
]
