"""Where can several people come together? Sets of seats for all of them, from memory."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from services.slots.api.desk import DESK
from services.slots.api.reading import (
    HEADERS,
    UNCHANGED,
    Kilometres,
    Near,
    Service,
    answered,
    around_of,
    days_of,
    pages_of,
    wrong,
)
from services.slots.availability import AdjacentSets, Party
from shared.messages import PLACES_MAX, Dose, Text
from shared.openapi import Answer, Route
from shared.problems import not_found
from shared.web import read_query

SETS_MAX = 20
SETS_DEFAULT = 10

GAP_MINUTES_DEFAULT = 15
GAP_MINUTES_MAX = 60
"""Whoever waits longer for their family may as well come another time."""


class AdjacentQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wants what, on which days, and where: at one clinic, or near a point."""

    service: Service
    people: Annotated[int, Meta(ge=1, le=PLACES_MAX, description="So many come together.")]
    first: Annotated[
        date | None, Meta(description="The first day; the clinic's own today if left out.")
    ] = msgspec.field(name="from", default=None)
    last: Annotated[
        date | None, Meta(description="The last day; 13 days after the first if left out.")
    ] = msgspec.field(name="to", default=None)
    clinic: Annotated[UUID | None, Meta(description="Only there.")] = None
    near: Near | None = None
    radius_km: Kilometres | None = None
    product: Annotated[Text | None, Meta(description="Only of this product.")] = None
    dose: Annotated[Dose | None, Meta(description="Only for this dose.")] = None
    gap_minutes: Annotated[
        int,
        Meta(ge=0, le=GAP_MINUTES_MAX, description="How long the next one may have to wait."),
    ] = GAP_MINUTES_DEFAULT
    limit: Annotated[int, Meta(ge=1, le=SETS_MAX, description="How many sets at most.")] = (
        SETS_DEFAULT
    )


async def list_adjacent(request: web.Request) -> web.Response:
    """200 sets of seats for all of them, earliest and nearest first; an empty list is an answer."""
    asked = read_query(request, AdjacentQuery)
    around = around_of(asked.near, asked.radius_km)
    where = asked.clinic or around
    if where is None or (asked.clinic is not None and around is not None):
        raise wrong("say clinic or near, and not both")
    now_us = request.app[DESK].memory.now_us()
    page = pages_of(request).adjacent(
        Party(asked.people, asked.service, asked.gap_minutes, asked.product or "", asked.dose),
        asked.limit,
        days=days_of(asked.first, asked.last, now_us),
        where=where,
        now_us=now_us,
    )
    if page is None:
        raise not_found("clinic")
    return answered(request, page)


ROUTES = [
    Route(
        "GET",
        "/api/v1/slots/adjacent",
        list_adjacent,
        tag="availability",
        query=AdjacentQuery,
        answers={
            200: Answer("Sets of seats, earliest and nearest first.", AdjacentSets, HEADERS),
            304: UNCHANGED,
        },
        problems=("not_found",),
    ),
]
