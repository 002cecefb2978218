"""What does a patient see of their telemedicine visit by the link that they were sent?

The line, and themselves in it: nothing of anybody else. By PostgreSQL's clock the link leads in
from some minutes before the visit to an hour after it began, as often as its holder comes: a page
that was closed, or a telephone that was in a tunnel, comes back by the same link. Looking at it
changes nothing; the page says by PUT that somebody is there.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from aiohttp import web

from services.booking import metrics
from services.booking.api.desk import DESK, Desk
from services.booking.api.links import NOT_KEPT, LinkedVisit, gone, link_in
from services.booking.api.televisits import Turn, problem_with, turn_in
from services.booking.rules.life import Booking, Place
from services.booking.rules.televisits import (
    No,
    Side,
    Status,
    Steps,
    Visit,
    closes_at,
    opens_at,
)
from services.booking.rules.visit_pages import page_says
from services.booking.store.televisits import Kept
from shared.access.entries import Touch
from shared.links.rules import Link
from shared.openapi import Answer, Route
from shared.web import json_response, read_body

AGAIN_SECONDS = 10
"""How often an open page says that it is open: several times before it is taken to be closed."""


class Being(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the patient's page is: open or being left; and whether they said that they are ready."""

    is_here: bool
    is_ready: bool = False


class VisitLine(msgspec.Struct, frozen=True, kw_only=True):
    """One's own visit. `opens_at` and `closes_at` are the window in which the link leads in.

    `turn` is there while one waits to be seen. The page asks again after `again_seconds`.
    """

    as_of: datetime
    opens_at: datetime
    closes_at: datetime
    window: Literal["early", "open", "over"]
    visit: LinkedVisit
    status: Status
    is_here: bool
    by_phone: bool
    noshow_by: Side | None
    turn: Turn | None
    again_seconds: int


_decode_being = msgspec.json.Decoder(Being)


async def show_visit(request: web.Request) -> web.Response:
    """200 how the visit stands, also before its window opens and after; looking changes nothing."""
    desk = request.app[DESK]
    link, booking = await _meant(desk, request)
    place = await _place(desk, link, booking)
    desk.access.note(request, [link.person_id], about=booking.id, holder=link.person_id)
    kept = await desk.televisits.load(place.id)
    visit = kept.visit if kept is not None else _to_come(place)
    return await _shown(desk, place, visit)


async def be_at_visit(request: web.Request) -> web.Response:
    """200 it is known how the page is; said again, nothing more. 409 outside of the window."""
    desk = request.app[DESK]
    being = await read_body(request, _decode_being)
    link, booking = await _meant(desk, request)
    place = await _place(desk, link, booking)
    desk.access.note(request, [link.person_id], about=booking.id, holder=link.person_id)

    def decided(kept: Kept) -> tuple[Steps, Visit] | No:
        if not kept.is_booked:
            return No("off")
        limits = desk.televisits.limits
        said = page_says(
            kept.visit, kept.at, limits, is_here=being.is_here, is_ready=being.is_ready
        )
        if not isinstance(said, No):
            taken.extend(step for step, _ in said[0])
        return said

    taken: list[str] = []
    said = await desk.televisits.change(place.id, decided)
    if said is None:
        await desk.televisits.open_slot(place.slot_id)
        said = await desk.televisits.change(place.id, decided)
    if said is None:
        raise problem_with(_outside(desk, place))
    if isinstance(said, No):
        raise problem_with(said)
    assert isinstance(said, Kept)
    for step in taken:
        metrics.visit_steps["patient", step].inc()
    return await _shown(desk, place, said.visit)


async def _meant(desk: Desk, request: web.Request) -> tuple[Link, Booking]:
    """What the token allows, and the booking that it is about; it may be a guardian's.

    A link that who booked was given for another leads in for as long as they act for them.
    """
    link = link_in(desk, request, "visit", "visit_for_another")
    booking = await desk.bookings.load(link.object_id)
    if booking is None or booking.kind != "booking" or booking.status != "booked":
        raise gone()
    if link.purpose == "visit_for_another" and not await desk.families.known_as(
        booking.owner_id, {link.person_id}, desk.clock.now()
    ):
        raise gone()
    return link, booking


async def _place(desk: Desk, link: Link, booking: Booking) -> Place:
    """The person's own virtual place: of several the one that goes on, or the first to come."""
    who, now = desk.identities.who(link.person_id), desk.clock.now()
    places = sorted(
        (
            place
            for place in booking.places
            if place.modality == "virtual"
            and desk.identities.who(place.patient_id or booking.owner_id) == who
        ),
        key=lambda place: place.starts_at,
    )
    if not places:
        raise gone()
    limits = desk.televisits.limits
    ahead = [place for place in places if closes_at(place.starts_at, limits) > now]
    past = places[: len(places) - len(ahead)]
    if past and ahead:
        kept = await desk.televisits.load(past[-1].id)
        if kept is not None and kept.visit.status == "admitted":
            return past[-1]
    return ahead[0] if ahead else places[-1]


def _to_come(place: Place) -> Visit:
    """Its window has not opened: there is nothing but the place."""
    return Visit(id=place.id, starts_at=place.starts_at, ends_at=place.ends_at)


def _outside(desk: Desk, place: Place) -> No:
    opens = opens_at(place.starts_at, desk.televisits.limits)
    return No("not_open", opens) if desk.clock.now() < opens else No("over")


async def _shown(desk: Desk, place: Place, visit: Visit) -> web.Response:
    limits, now = desk.televisits.limits, desk.clock.now()
    opens, closes = opens_at(place.starts_at, limits), closes_at(place.starts_at, limits)
    window: Literal["early", "open", "over"] = "open"
    if now < opens:
        window = "early"
    elif now >= closes and visit.status != "admitted":
        window = "over"
    turn = None
    if window == "open" and visit.status in ("arrived", "waiting"):
        line = await desk.televisits.line(place.clinic_id, line_of(place), now)
        turn = turn_in(line, visit.id, now, desk)
    body = VisitLine(
        as_of=now,
        opens_at=opens,
        closes_at=closes,
        window=window,
        visit=LinkedVisit(
            starts_at=place.starts_at,
            ends_at=place.ends_at,
            time_zone=place.time_zone,
            clinic_name=place.clinic_name,
            clinic_address=place.clinic_address,
        ),
        status=visit.status,
        is_here=visit.presence == "here",
        by_phone=visit.presence == "phone",
        noshow_by=visit.noshow_by,
        turn=turn,
        again_seconds=AGAIN_SECONDS,
    )
    return json_response(body, headers=NOT_KEPT)


def line_of(place: Place) -> UUID:
    """In whose line the place is."""
    return place.practitioner_id or place.clinic_id


VISIT = Touch("visit", ("status", "places"))
WINDOW: Sequence[str] = ("visit_not_open", "visit_over", "visit_off")

ROUTES = [
    Route(
        "GET",
        "/api/v1/links/{token}/visit",
        show_visit,
        tag="links",
        answers={200: Answer("How the visit stands.", VisitLine, headers=("Cache-Control",))},
        problems=("link_gone",),
        touches=VISIT,
    ),
    Route(
        "PUT",
        "/api/v1/links/{token}/visit",
        be_at_visit,
        tag="links",
        body=Being,
        answers={200: Answer("It is known.", VisitLine, headers=("Cache-Control",))},
        problems=("link_gone", *WINDOW),
        touches=VISIT,
    ),
]
