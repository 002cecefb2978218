"""How is a rule book tried on everybody before it is published?"""

from datetime import datetime
from uuid import UUID

import msgspec
from aiohttp import web

from services.booking.api.desk import DESK, problem_of, wish_id
from services.booking.api.rulebooks import campaign_of
from services.booking.rules.dryruns import Found
from services.booking.rules.refusals import TOLD
from services.booking.store.dryruns import DryRun
from shared.messages import Instant
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem, not_found
from shared.web import body_hash, json_response, path_id, read_body


class NewDryRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /campaigns/{id}/dry-runs`: which version, as if it were then; else now."""

    rules_id: UUID
    as_of: Instant | None = None


class DryRunBody(msgspec.Struct, frozen=True, kw_only=True):
    """A dry run as far as it is: `found` counts people, and names nobody.

    It compares with what was in force for everybody as of `publication`; while that is so, and for
    a day, it may be published by (`holds`).
    """

    id: UUID
    campaign_id: UUID
    rules_id: UUID
    against_id: UUID | None
    publication: int
    as_of: datetime
    made_at: datetime
    ended_at: datetime | None
    holds: bool
    found: Found


_decode_new = msgspec.json.Decoder(NewDryRun)


async def try_rules(request: web.Request) -> web.Response:
    """202 it has begun: look at Location; 409 while another one runs."""
    desk, campaign_id = request.app[DESK], await campaign_of(request)
    body = await read_body(request, _decode_new)
    wish, asked = wish_id(request), body_hash(request.path, body)
    run = await desk.dry_runs.load(wish)
    if run is None:
        kept = await desk.books.load(body.rules_id)
        if kept is None or kept.book.campaign_id != campaign_id:
            raise not_found("version of the rules")
        published = {one.campaign_id: one for one in await desk.books.published()}.get(campaign_id)
        base = None if published is None else published.base
        begun = await desk.dry_runs.begin(
            wish,
            body.rules_id,
            campaign_id=campaign_id,
            against=(
                0 if published is None else published.number,
                None if base is None else base.id,
            ),
            as_of=body.as_of,
            body_hash=asked,
            by_id=allowed(request).actor.id,
        )
        if begun == "running":
            raise Problem(409, "dry_run_running", "Another dry run is not over yet.")
        run = await desk.dry_runs.load(wish)
        assert run is not None
    if run.body_hash != asked:
        raise problem_of(TOLD["key_reused"])
    location = {"Location": f"{request.path}/{run.id}"}
    return json_response(_body(run), status=202, headers=location)


async def show_dry_run(request: web.Request) -> web.Response:
    """200 the dry run as far as it is; `ended_at` says when it was over."""
    campaign_id = await campaign_of(request)
    run = await request.app[DESK].dry_runs.load(path_id(request, "dry run", "run"))
    if run is None or run.campaign_id != campaign_id:
        raise not_found("dry run")
    return json_response(_body(run))


def _body(run: DryRun) -> DryRunBody:
    said = msgspec.structs.asdict(run)
    del said["body_hash"]
    return DryRunBody(rules_id=said.pop("book_id"), **said)


ROUTES = [
    Route(
        "POST",
        "/api/v1/campaigns/{id}/dry-runs",
        try_rules,
        tag="rules",
        body=NewDryRun,
        needs_key=True,
        answers={202: Answer("It is being done.", DryRunBody, headers=("Location",))},
        problems=("dry_run_running",),
    ),
    Route(
        "GET",
        "/api/v1/campaigns/{id}/dry-runs/{run}",
        show_dry_run,
        tag="rules",
        answers={200: Answer("As far as it is.", DryRunBody)},
    ),
]
