"""How does somebody who is not signed in say that they come to the visit they were reminded of?

Looking changes nothing: programs that guard a mailbox follow every address in it. Said once or
often, it is said. The link is of the time of which its reader was reminded: once the visit is at
another, it is gone.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from aiohttp import web

from services.booking import metrics
from services.booking.api.desk import DESK, Desk, Nothing, persons_in
from services.booking.api.links import NOT_KEPT, LinkedVisit, gone, linked_booking, visits_of
from services.booking.rules.coming import reminded_of
from services.booking.rules.life import Booking, Place
from shared.access.entries import Touch
from shared.links.rules import Link
from shared.openapi import Answer, Route
from shared.web import json_response, read_body


class ComingBody(msgspec.Struct, frozen=True, kw_only=True):
    """Of which visits it is asked or said; `until` when the link is good."""

    status: Literal["booked", "coming"]
    until: datetime
    visits: tuple[LinkedVisit, ...]


_decode_nothing = msgspec.json.Decoder(Nothing)


async def show_coming(request: web.Request) -> web.Response:
    """200 of which visits a PUT here would say that somebody comes, and whether it was said."""
    desk = request.app[DESK]
    link, booking, places = await _meant(desk, request)
    is_said = await desk.coming.all_of(booking.id, places)
    return _shown(link, places, is_said=is_said)


async def say_coming(request: web.Request) -> web.Response:
    """200 the clinic sees that they come; said again, nothing more."""
    desk = request.app[DESK]
    await read_body(request, _decode_nothing)
    link, booking, places = await _meant(desk, request)
    await desk.coming.say(booking.id, places)
    if not await desk.coming.all_of(booking.id, places):
        # It was given up or moved in between.
        raise gone()
    metrics.visit_steps["patient", "coming"].inc()
    return _shown(link, places, is_said=True)


async def _meant(desk: Desk, request: web.Request) -> tuple[Link, Booking, Sequence[Place]]:
    """What the token is for, and the visits of which its reader was reminded."""
    link, booking = await linked_booking(desk, request, "confirm_visit")
    places = reminded_of(booking.places, link.until)
    if booking.status != "booked" or not places:
        raise gone()
    desk.access.note(request, persons_in(booking), about=booking.id, holder=link.person_id)
    return link, booking, places


def _shown(link: Link, places: Sequence[Place], *, is_said: bool) -> web.Response:
    body = ComingBody(
        status="coming" if is_said else "booked", until=link.until, visits=visits_of(places)
    )
    return json_response(body, headers=NOT_KEPT)


VISIT = Touch("booking", ("status", "places"))

ROUTES = [
    Route(
        "GET",
        "/api/v1/links/{token}/coming",
        show_coming,
        tag="links",
        answers={200: Answer("What is asked.", ComingBody, headers=("Cache-Control",))},
        problems=("link_gone",),
        touches=VISIT,
    ),
    Route(
        "PUT",
        "/api/v1/links/{token}/coming",
        say_coming,
        tag="links",
        body=Nothing,
        answers={200: Answer("It is known.", ComingBody, headers=("Cache-Control",))},
        problems=("link_gone",),
        touches=VISIT,
    ),
]
