"""How does somebody who is not signed in cancel the booking that a message told them of?

Whoever looks changes nothing: programs that guard a mailbox follow every address in it. Only a POST
acts, once. A link that is forged, over, used, or for a booking that is none any more is gone, and
nothing tells these apart.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from aiohttp import web

from services.booking.api.desk import DESK, Desk, Nothing, persons_in, problem_of
from services.booking.api.problems import BOOKING, REFEREE
from services.booking.pending import as_pending
from services.booking.replies import Answer as Decided
from services.booking.replies import Undecided
from services.booking.rules.life import Booking, Place
from services.booking.rules.linked import cancellation_by, hash_of, is_theirs, version_meant
from services.booking.rules.refusals import told
from shared.access.entries import Touch
from shared.links.rules import Link, Purpose, link_of
from shared.messages import CancelBooking, Refused
from shared.openapi import Answer, Route
from shared.problems import Problem
from shared.web import idempotency_key, json_response, read_body

NOT_KEPT = {"Cache-Control": "no-store"}
"""Who gets hold of a computer afterwards is not to find it there."""


class LinkedVisit(msgspec.Struct, frozen=True, kw_only=True):
    """When and where; for whom is nobody's business who finds a mail."""

    starts_at: datetime
    ends_at: datetime
    time_zone: str
    clinic_name: str
    clinic_address: str


class LinkBody(msgspec.Struct, frozen=True, kw_only=True):
    """What the link is for, until when, and how that stands; `cancelling` will be `cancelled`."""

    purpose: Literal["cancel_booking"]
    status: Literal["booked", "cancelling", "cancelled"]
    until: datetime
    visits: tuple[LinkedVisit, ...]


_decode_nothing = msgspec.json.Decoder(Nothing)


async def show_link(request: web.Request) -> web.Response:
    """200 what a POST here would do; nothing is changed by looking."""
    desk = request.app[DESK]
    link, booking = await linked_booking(desk, request, "cancel_booking")
    desk.access.note(request, persons_in(booking), about=booking.id, holder=link.person_id)
    if booking.status != "booked" or await desk.links.used_by(link) is not None:
        raise gone()
    return json_response(_body(link, booking, "booked"), headers=NOT_KEPT)


async def use_link(request: web.Request) -> web.Response:
    """200 cancelled, 202 it will be. The same key again gets the same answer, another none."""
    began = asyncio.get_running_loop().time()
    desk = request.app[DESK]
    await read_body(request, _decode_nothing)
    key_hash = hash_of(idempotency_key(request).encode())
    link, booking = await linked_booking(desk, request, "cancel_booking")
    desk.access.note(request, persons_in(booking), about=booking.id, holder=link.person_id)
    command = cancellation_by(
        link,
        booking,
        desk.clock.now(),
        reply_to=desk.answers.reply_to,
        version=version_meant(booking),
    )
    used_by = await desk.links.used_by(link)
    if used_by is None and booking.status == "booked":
        if not await desk.links.use(link, key_hash, as_pending(command, booking.home)):
            # Twice at once: whoever was quicker has it, unless both are one request.
            used_by = await desk.links.used_by(link)
        else:
            used_by = key_hash
    if used_by != key_hash:
        raise gone()
    answer = await _asked(desk, command, booking, began)
    if isinstance(answer, Refused):
        raise problem_of(told(answer, command, booking))
    if isinstance(answer, Undecided):
        return json_response(_body(link, booking, "cancelling"), status=202, headers=NOT_KEPT)
    return json_response(_body(link, booking, "cancelled"), headers=NOT_KEPT)


def link_in(desk: Desk, request: web.Request, *purposes: Purpose) -> Link:
    """What the token in the path allows, if it is for one of these purposes."""
    if desk.link_keys is None:
        raise gone()
    link = link_of(request.match_info["token"], desk.link_keys, desk.clock.now())
    if link is None or link.purpose not in purposes:
        raise gone()
    return link


async def linked_booking(
    desk: Desk, request: web.Request, purpose: Purpose
) -> tuple[Link, Booking]:
    """What the token allows, if it is for that, and the booking that it is about: all of it."""
    link = link_in(desk, request, purpose)
    booking = await desk.bookings.own([link.person_id], link.object_id)
    if booking is None or not is_theirs(link, booking):
        raise gone()
    eyes = await desk.families.eyes(link.person_id, [booking], desk.clock.now())
    if eyes.others(booking):
        # Somebody in it has taken it back that another acts for them: it takes more than a link.
        raise gone()
    return link, booking


async def _asked(desk: Desk, command: CancelBooking, booking: Booking, began: float) -> Decided:
    """The referee's answer. The wish is written down: where there is none yet, there will be."""
    try:
        return await desk.answers.ask(command, booking.home, began)
    except Problem as problem:
        if problem.status < 500:
            raise
        return Undecided(booking)


def _body(
    link: Link, booking: Booking, status: Literal["booked", "cancelling", "cancelled"]
) -> LinkBody:
    return LinkBody(
        purpose="cancel_booking",
        status=status,
        until=link.until,
        visits=visits_of(booking.places),
    )


def visits_of(places: Sequence[Place]) -> tuple[LinkedVisit, ...]:
    """When and where; two people at the same time and place are one line."""
    visits = (
        LinkedVisit(
            starts_at=place.starts_at,
            ends_at=place.ends_at,
            time_zone=place.time_zone,
            clinic_name=place.clinic_name,
            clinic_address=place.clinic_address,
        )
        for place in places
    )
    return tuple(dict.fromkeys(visits))


def gone() -> Problem:
    """One answer for all that is wrong with a link."""
    return Problem(
        404,
        "link_gone",
        "This link is not valid, its time is over, or it was used.",
        headers=NOT_KEPT,
    )


VISIT = Touch("booking", ("status", "places"))

ROUTES = [
    Route(
        "GET",
        "/api/v1/links/{token}",
        show_link,
        tag="links",
        answers={200: Answer("What the link is for.", LinkBody, headers=("Cache-Control",))},
        problems=("link_gone",),
        touches=VISIT,
    ),
    Route(
        "POST",
        "/api/v1/links/{token}",
        use_link,
        tag="links",
        body=Nothing,
        needs_key=True,
        answers={
            200: Answer("It is done.", LinkBody, headers=("Cache-Control",)),
            202: Answer(
                "It is written down and will be done.", LinkBody, headers=("Cache-Control",)
            ),
        },
        problems=("link_gone", "slot_started", *BOOKING, *REFEREE),
        touches=VISIT,
    ),
]
