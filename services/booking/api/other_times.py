"""How does somebody who was reminded of a visit take another time, without signing in?

At the same clinic, for the same service, by the link that they were sent; what else is in the
booking stays as it is. The link is of the time of which its reader was reminded: once the visit
is at another, it is gone.
"""

import asyncio
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid5

import msgspec
from aiohttp import web

from services.booking.api.answers import reply_to
from services.booking.api.desk import DESK, Asker, Desk, WantedPlace, persons_in, problem_of
from services.booking.api.links import NOT_KEPT, LinkedVisit, gone, linked_booking, visits_of
from services.booking.api.moves import Move, OtherPlaces, asked_to_move
from services.booking.api.problems import BOOKING, PERSON, REFEREE, SLOT, VISIT
from services.booking.api.shares import Shared
from services.booking.replies import Undecided
from services.booking.rules.coming import reminded_of
from services.booking.rules.life import Booking, Place, change_of, evolve
from services.booking.rules.refusals import TOLD
from shared.access.entries import Touch
from shared.links.rules import Link
from shared.messages import Refused
from shared.openapi import Answer, Route
from shared.web import body_hash, idempotency_key, json_response, read_body


class TimeBody(msgspec.Struct, frozen=True, kw_only=True):
    """Which visit it is, and among which slots another time may be chosen; until when."""

    until: datetime
    visits: tuple[LinkedVisit, ...]
    clinic_id: UUID
    service: str


class TimeWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The slot at the other time."""

    slot_id: UUID


class MovedBody(msgspec.Struct, frozen=True, kw_only=True):
    """When and where the visit is now; `moving`: that is not decided yet, and told by message."""

    status: Literal["moved", "moving"]
    visits: tuple[LinkedVisit, ...]


class Meant(NamedTuple):
    """What a token is for."""

    link: Link
    booking: Booking
    place: Place


_decode_wish = msgspec.json.Decoder(TimeWish)


async def show_other_time(request: web.Request) -> web.Response:
    """200 which visit a POST here would move; nothing is changed by looking."""
    desk = request.app[DESK]
    link, booking = await linked_booking(desk, request, "move_visit")
    meant = _meant(link, booking)
    desk.access.note(request, persons_in(booking), about=booking.id, holder=link.person_id)
    body = TimeBody(
        until=link.until,
        visits=visits_of([meant.place]),
        clinic_id=meant.place.clinic_id,
        service=meant.place.service,
    )
    return json_response(body, headers=NOT_KEPT)


async def take_other_time(request: web.Request) -> web.Response:
    """200 it is then, 202 it may become so. Refused it stays as it is, and the link is good.

    The same key again gets the same answer.
    """
    began = asyncio.get_running_loop().time()
    desk = request.app[DESK]
    wish = await read_body(request, _decode_wish)
    key = idempotency_key(request)
    link, booking = await linked_booking(desk, request, "move_visit")
    meant = _meant(link, booking, wish.slot_id)
    body = OtherPlaces(places=_places(booking, meant.place, wish.slot_id))
    slots = await desk.slots_of(body.places)
    slot = slots.get(wish.slot_id)
    if slot is None or (slot.service, slot.clinic_id) != _kind(meant.place):
        raise problem_of(TOLD["unknown"], slot_id=wish.slot_id)
    me = link.person_id
    move = Move(
        asker=Asker(owner_id=me, person_id=me, began=began, has_dependants=True),
        shared=Shared(booking, await desk.families.eyes(me, [booking], desk.clock.now())),
        body=body,
        head=_head(desk, request, link, wish, key),
        slots=slots,
    )
    answer, command, offers, eyes = await asked_to_move(request, desk, move, holder=me)
    if isinstance(answer, Refused):
        return reply_to(answer, command, booking, offers, eyes=eyes)
    if isinstance(answer, Undecided):
        visits = visits_of([meant.place])
        return json_response(
            MovedBody(status="moving", visits=visits), status=202, headers=NOT_KEPT
        )
    after = evolve(booking, change_of(answer))
    visits = visits_of([place for place in after.places if place.slot_id == wish.slot_id])
    return json_response(MovedBody(status="moved", visits=visits), headers=NOT_KEPT)


def _meant(link: Link, booking: Booking, asked: UUID | None = None) -> Meant:
    """The one visit of which its reader was reminded; or which is, since then, where they asked."""
    places = reminded_of(booking.places, link.until)
    if not places:
        places = [place for place in booking.places if place.slot_id == asked]
    if booking.status != "booked" or len(places) != 1:
        raise gone()
    return Meant(link, booking, places[0])


def _places(booking: Booking, moves: Place, slot_id: UUID) -> tuple[WantedPlace, ...]:
    """All of the booking, as it is but for the one that moves."""
    return tuple(
        WantedPlace(
            slot_id=slot_id if place.id == moves.id else place.slot_id,
            patient_id=place.patient_id,
            dose=place.dose,
            follows=place.follows,
        )
        for place in booking.places
    )


def _kind(place: Place) -> tuple[str, UUID]:
    return place.service, place.clinic_id


def _head(desk: Desk, request: web.Request, link: Link, wish: TimeWish, key: str) -> dict[str, Any]:
    """Of the command that this request is; named by the link, since nobody is signed in."""
    named = uuid5(link.id, f"move {key}")
    return {
        "id": named,
        "cause": named,
        "at": desk.clock.now(),
        "body_hash": body_hash(request.path, wish),
        "deadline": desk.clock.after(desk.deadline_seconds),
        "reply_to": desk.answers.reply_to,
    }


VISIT_TOUCHED = Touch("booking", ("status", "places"))

ROUTES = [
    Route(
        "GET",
        "/api/v1/links/{token}/time",
        show_other_time,
        tag="links",
        answers={200: Answer("Which visit it is.", TimeBody, headers=("Cache-Control",))},
        problems=("link_gone",),
        touches=VISIT_TOUCHED,
    ),
    Route(
        "POST",
        "/api/v1/links/{token}/time",
        take_other_time,
        tag="links",
        body=TimeWish,
        needs_key=True,
        answers={
            200: Answer("It is then.", MovedBody, headers=("Cache-Control",)),
            202: Answer("It may become so.", MovedBody, headers=("Cache-Control",)),
        },
        problems=(
            "link_gone",
            *SLOT,
            *PERSON,
            *VISIT,
            *BOOKING,
            "interval_broken",
            *REFEREE,
        ),
        touches=VISIT_TOUCHED,
    ),
]
