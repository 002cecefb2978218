"""Which pairs of doses may everybody see? Whole ones, from memory: docs/journeys/series.md."""

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
from services.slots.availability import Around, At, BehindPair, PairList, Wish
from shared.messages import Apart, DaysApart, OptionalText
from shared.openapi import Answer, Route
from shared.problems import not_found
from shared.web import Page, cursor_of, read_query


class SeriesQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which doses, how far apart, when the first, and where."""

    service: Service
    product: Annotated[
        OptionalText, Meta(description="Both are of this product; of none named if left out.")
    ] = ""
    min_days: Annotated[DaysApart, Meta(description="The second comes so many days later.")]
    max_days: Annotated[DaysApart, Meta(description="And no more than so many days later.")]
    first: Annotated[
        date | None,
        Meta(description="The first day of the first dose; the clinic's own today if left out."),
    ] = msgspec.field(name="from", default=None)
    last: Annotated[
        date | None, Meta(description="Its last day; 27 days after the first if left out.")
    ] = msgspec.field(name="to", default=None)
    near: Near | None = None
    clinic: Annotated[
        UUID | None, Meta(description="The first dose is there; instead of `near`.")
    ] = None
    radius_km: Kilometres | None = None
    same_clinic: Annotated[bool, Meta(description="Both doses at one clinic.")] = False


async def list_series(request: web.Request) -> web.Response:
    """200 pairs of free slots within the interval, none of them half; an empty list is one too."""
    asked = read_query(request, SeriesQuery)
    now_us = request.app[DESK].memory.now_us()
    if asked.max_days < asked.min_days:
        raise wrong("max_days is less than min_days")
    first, last = days_of(asked.first, asked.last, now_us)
    wish = Wish(
        service=asked.service,
        product=asked.product,
        apart=Apart(min_days=asked.min_days, max_days=asked.max_days),
        first=first,
        last=last,
        same_clinic=asked.same_clinic,
    )
    page = pages_of(request).pairs(
        wish, asked.limit, _behind(request), where=_where(asked), now_us=now_us
    )
    if page is None:
        raise not_found("clinic")
    return answered(request, page)


def _where(asked: SeriesQuery) -> Around | At:
    if (asked.near is None) == (asked.clinic is None):
        raise wrong("either near or clinic says where")
    if asked.clinic is not None:
        return At(asked.clinic, asked.radius_km)
    around = around_of(asked.near, asked.radius_km)
    assert around is not None
    return around


def _behind(request: web.Request) -> BehindPair | None:
    cursor = cursor_of(request, (float, UUID, int, UUID))
    if cursor is None:
        return None
    far, clinic_id, starts_us, slot_id = cursor
    return BehindPair(far, clinic_id, starts_us, slot_id.bytes)


ROUTES = [
    Route(
        "GET",
        "/api/v1/series",
        list_series,
        tag="availability",
        query=SeriesQuery,
        answers={
            200: Answer(
                "By the distance of the first dose, then by its time; each first dose once, with"
                " the nearest second, there the soonest.",
                PairList,
                HEADERS,
            ),
            304: UNCHANGED,
        },
        problems=("not_found",),
    ),
]
