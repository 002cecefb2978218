"""What may everybody read? Clinics, what is free where and when, slots: from memory, never slower.

Every answer begins with `as_of`, has it in a header too, and a weak ETag over all the rest.
"""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from services.slots.api.desk import DESK
from services.slots.availability import (
    DAYS_MAX,
    Around,
    Availability,
    Behind,
    ClinicList,
    Days,
    Pages,
    Part,
    ReadClinic,
    ReadSlot,
    SlotList,
    Written,
    as_text,
    instant,
    microseconds,
)
from shared.messages import Instant, Text
from shared.openapi import Answer, Route
from shared.problems import Problem, not_found
from shared.web import Page, cursor_of, path_id, read_query

RADIUS_KM_MAX = 500
"""Whoever is ready to go further may as well see all."""

CACHE_CONTROL = "public, max-age=0, must-revalidate"
"""Nobody keeps an answer unasked; the edge, which knows better, has its own rule."""

NEAR = "a latitude and a longitude in degrees, such as 55.76,37.62"
LATITUDE_MAX = 90
LONGITUDE_MAX = 180

Near = Annotated[str, Meta(description=f"From where: {NEAR}.")]
Kilometres = Annotated[
    float, Meta(gt=0, le=RADIUS_KM_MAX, description="No further from there than so many km.")
]
Service = Annotated[Text, Meta(description="The service that is wanted, by its name.")]


class ClinicsQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which clinics, and from where on."""

    near: Near | None = None
    radius_km: Kilometres | None = None
    service: Service | None = None


class AvailabilityQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wanted, on which days, and where."""

    service: Service
    first: Annotated[
        date | None, Meta(description="The first day; the clinic's own today if left out.")
    ] = msgspec.field(name="from", default=None)
    last: Annotated[
        date | None, Meta(description="The last day; 13 days after the first if left out.")
    ] = msgspec.field(name="to", default=None)
    clinic: Annotated[UUID | None, Meta(description="Only there.")] = None
    near: Near | None = None
    radius_km: Kilometres | None = None


class SlotsQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose slots, of which of their days."""

    clinic: Annotated[UUID, Meta(description="The clinic whose slots are asked for.")]
    day: Annotated[date, Meta(description="The day, in the clinic's time zone.")] = msgspec.field(
        name="date"
    )
    service: Service | None = None
    practitioner: Annotated[UUID, Meta(description="Only slots of their own.")] | None = None


class NoQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing is asked beside the path."""


async def list_clinics(request: web.Request) -> web.Response:
    """200 clinics by name or by distance; an empty list is an answer."""
    asked = read_query(request, ClinicsQuery)
    around = around_of(asked.near, asked.radius_km)
    part = Part(asked.limit, _behind(request, around))
    return answered(request, pages_of(request).clinics(part, service=asked.service, around=around))


async def show_clinic(request: web.Request) -> web.Response:
    """200 the clinic."""
    read_query(request, NoQuery)
    page = pages_of(request).clinic(path_id(request, "clinic"))
    if page is None:
        raise not_found("clinic")
    return answered(request, page)


async def show_availability(request: web.Request) -> web.Response:
    """200 what can still be booked of a service, by clinic and day; an empty list is an answer."""
    asked = read_query(request, AvailabilityQuery)
    around = around_of(asked.near, asked.radius_km)
    if asked.clinic is not None and (around is not None or asked.cursor is not None):
        raise wrong("clinic is one clinic: it goes without near, radius_km and cursor")
    now_us = request.app[DESK].memory.now_us()
    page = pages_of(request).availability(
        Part(asked.limit, _behind(request, around)),
        service=asked.service,
        days=days_of(asked.first, asked.last, now_us),
        where=asked.clinic or around,
        now_us=now_us,
    )
    if page is None:
        raise not_found("clinic")
    return answered(request, page)


async def list_slots(request: web.Request) -> web.Response:
    """200 a clinic's slots of one day in its time zone; an empty list is an answer."""
    asked = read_query(request, SlotsQuery)
    cursor = cursor_of(request, (Instant, UUID))
    behind = None if cursor is None else (microseconds(cursor[0]), cursor[1])
    part = Part(asked.limit, behind)
    page = pages_of(request).slots(
        part,
        clinic_id=asked.clinic,
        day=asked.day.toordinal(),
        service=asked.service,
        practitioner_id=asked.practitioner,
    )
    if page is None:
        raise not_found("clinic")
    return answered(request, page)


async def show_slot(request: web.Request) -> web.Response:
    """200 the slot, until its clinic's day is over."""
    read_query(request, NoQuery)
    page = pages_of(request).slot(path_id(request, "slot"))
    if page is None:
        raise not_found("slot")
    return answered(request, page)


# ---- what is asked -------------------------------------------------------------------------------


def around_of(near: str | None, radius_km: float | None) -> Around | None:
    if near is None:
        if radius_km is not None:
            raise wrong("radius_km goes with near")
        return None
    try:
        latitude, longitude = (float(part) for part in near.split(","))
    except ValueError as error:
        raise wrong(f"near is {NEAR}") from error
    if not (abs(latitude) <= LATITUDE_MAX and abs(longitude) <= LONGITUDE_MAX):
        raise wrong(f"near is {NEAR}, up to {LATITUDE_MAX} and {LONGITUDE_MAX} degrees")
    return Around((latitude, longitude), radius_km)


def days_of(first: date | None, last: date | None, now_us: int) -> Days:
    if last is not None:
        begins = first or instant(now_us).date()
        if first is not None and last < first:
            raise wrong("to is a day before from")
        if (last - begins).days >= DAYS_MAX:
            raise wrong(f"from and to span more than {DAYS_MAX} days")
    return Days(
        None if first is None else first.toordinal(), None if last is None else last.toordinal()
    )


def _behind(request: web.Request, around: Around | None) -> Behind | None:
    cursor = cursor_of(request, (str if around is None else float, UUID))
    return None if cursor is None else (cursor[0], cursor[1])


def wrong(what: str) -> Problem:
    return Problem(422, "invalid_query", f"The parameters are wrong: {what}.")


# ---- what is answered ----------------------------------------------------------------------------


def pages_of(request: web.Request) -> Pages:
    pages = request.app[DESK].memory.pages
    if pages is None:
        raise Problem(
            503,
            "unavailable",
            "What is free is being loaded; ask again in a moment.",
            headers={"Retry-After": "1"},
        )
    return pages


def answered(request: web.Request, page: Written) -> web.Response:
    """The page as of when it is true; 304 where the caller has it already."""
    replica = request.app[DESK].memory.replica
    assert replica is not None
    as_of = as_text(replica.as_of)
    headers = {
        "ETag": f'W/"{page.tag}"',
        "Talon-As-Of": as_of,
        "Cache-Control": CACHE_CONTROL,
    }
    known = request.if_none_match or ()
    if any(tag.value in (page.tag, "*") for tag in known):
        return web.Response(status=304, headers=headers)
    body = b'{"as_of":"%b",%b' % (as_of.encode(), page.tail)
    return web.Response(body=body, content_type="application/json", headers=headers)


HEADERS = ("ETag", "Talon-As-Of", "Cache-Control")
UNCHANGED = Answer(
    "Nothing but `as_of` is other than the ETag in If-None-Match says.", None, HEADERS
)

ROUTES = [
    Route(
        "GET",
        "/api/v1/clinics",
        list_clinics,
        tag="clinics",
        query=ClinicsQuery,
        answers={
            200: Answer("By name; with `near` by distance.", ClinicList, HEADERS),
            304: UNCHANGED,
        },
    ),
    Route(
        "GET",
        "/api/v1/clinics/{id}",
        show_clinic,
        tag="clinics",
        answers={200: Answer("The clinic.", ReadClinic, HEADERS), 304: UNCHANGED},
        problems=("invalid_query",),
    ),
    Route(
        "GET",
        "/api/v1/availability",
        show_availability,
        tag="availability",
        query=AvailabilityQuery,
        answers={
            200: Answer("By name; with `near` by distance.", Availability, HEADERS),
            304: UNCHANGED,
        },
        problems=("not_found",),
    ),
    Route(
        "GET",
        "/api/v1/slots",
        list_slots,
        tag="slots",
        query=SlotsQuery,
        answers={200: Answer("The slots, by their beginning.", SlotList, HEADERS), 304: UNCHANGED},
        problems=("not_found",),
    ),
    Route(
        "GET",
        "/api/v1/slots/{id}",
        show_slot,
        tag="slots",
        answers={200: Answer("The slot.", ReadSlot, HEADERS), 304: UNCHANGED},
        problems=("invalid_query",),
    ),
]
