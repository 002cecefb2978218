"""Which campaigns are there, and how does one begin?"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from services.booking.api.desk import DESK, Desk, problem_of, wish_id
from services.booking.rules.eligibility import DAYS_MAX, Campaign
from services.booking.rules.products import Products
from services.booking.rules.refusals import TOLD
from shared.messages import Dose, Instant, Text
from shared.openapi import Answer, Route
from shared.problems import Problem, not_found
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

Days = Annotated[int, Meta(ge=0, le=DAYS_MAX)]


class NewCampaign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /campaigns`; without an id it gets one from its Idempotency-Key."""

    name: Text
    service: Text
    opens_at: Instant
    doses: Dose
    min_days: Days
    max_days: Days
    id: UUID | None = None


class CampaignBody(Campaign, frozen=True, kw_only=True):
    """A campaign, and what it gives by the rules in force; without products it is as it says."""

    products: Products = ()


class CampaignList(msgspec.Struct, frozen=True, kw_only=True):
    """Campaigns; with a cursor where there may be more."""

    campaigns: list[CampaignBody]
    cursor: str | None


_decode_new = msgspec.json.Decoder(NewCampaign)


async def start_campaign(request: web.Request) -> web.Response:
    """201 the campaign; 409 where its id is taken."""
    desk = request.app[DESK]
    body = await read_body(request, _decode_new)
    wish, asked = wish_id(request), body_hash(request.path, body)
    if body.min_days > body.max_days:
        raise Problem(422, "invalid_body", "min_days is at most max_days.")
    about = msgspec.structs.asdict(body) | {"id": body.id or wish}
    campaign = Campaign(**about)
    if not await desk.campaigns.make(campaign, wish, asked):
        before = await desk.campaigns.made_by(wish)
        if before is None:
            raise Problem(409, "campaign_exists", "There is a campaign with this id already.")
        if before[1] != asked:
            raise problem_of(TOLD["key_reused"])
    location = f"/api/v1/campaigns/{campaign.id}"
    return json_response(campaign, status=201, headers={"Location": location})


async def show_campaign(request: web.Request) -> web.Response:
    """200 the campaign."""
    desk = request.app[DESK]
    campaign = await desk.memory.campaign(path_id(request, "campaign"))
    if campaign is None:
        raise not_found("campaign")
    return json_response(_body(desk, campaign))


async def list_campaigns(request: web.Request) -> web.Response:
    """200 campaigns, oldest first; an empty list is an answer."""
    limit = read_query(request, Page).limit
    cursor = cursor_of(request, (datetime, UUID))
    after = None if cursor is None else (cursor[0], cursor[1])
    desk = request.app[DESK]
    found = await desk.campaigns.all(after, limit)
    more = len(found) == limit
    return json_response(
        CampaignList(
            campaigns=[_body(desk, campaign) for _, campaign in found],
            cursor=cursor_after(found[-1][0], found[-1][1].id) if more else None,
        )
    )


def _body(desk: Desk, campaign: Campaign) -> CampaignBody:
    published = desk.memory.rules.of(campaign.id)
    products = () if published is None else published.products
    return CampaignBody(**msgspec.structs.asdict(campaign), products=products)


ROUTES = [
    Route(
        "POST",
        "/api/v1/campaigns",
        start_campaign,
        tag="campaigns",
        body=NewCampaign,
        needs_key=True,
        answers={201: Answer("The campaign has begun.", Campaign, headers=("Location",))},
        problems=("campaign_exists",),
    ),
    Route(
        "GET",
        "/api/v1/campaigns",
        list_campaigns,
        tag="campaigns",
        query=Page,
        answers={200: Answer("The campaigns, oldest first.", CampaignList)},
    ),
    Route(
        "GET",
        "/api/v1/campaigns/{id}",
        show_campaign,
        tag="campaigns",
        answers={200: Answer("The campaign.", CampaignBody)},
    ),
]
