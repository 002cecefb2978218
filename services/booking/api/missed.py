"""How does a clinic say that nobody came, so that the same is booked again, or take that back?"""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta

from services.booking.api.answers import BookingBody, booking_body, reply_to
from services.booking.api.attendance import mark_missed, settle
from services.booking.api.desk import DESK, Desk, Nothing, need, persons_in
from services.booking.api.problems import BOOKING, REFEREE
from services.booking.api.shares import as_they_are
from services.booking.replies import Answer as ReplyAnswer
from services.booking.replies import Undecided
from services.booking.rules.eligibility import Wanted, wishes
from services.booking.rules.life import Booking, Place
from services.booking.rules.refusals import booking_unready
from shared.access.entries import CARE, Touch
from shared.messages import (
    PLACES_MAX,
    CancelBooking,
    MovePlaces,
    PlaceWish,
    Refused,
    RestoreBooking,
)
from shared.openapi import Answer, Route
from shared.policy import Allowed, allowed
from shared.problems import Problem, not_found
from shared.web import json_response, path_id, read_body

GATEWAY_TIMEOUT = 504


class Missed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who did not come, by their places; nobody at all where none is named."""

    places: Annotated[tuple[UUID, ...], Meta(max_length=PLACES_MAX)] = ()


_decode_missed = msgspec.json.Decoder(Missed)
_decode_nothing = msgspec.json.Decoder(Nothing)


async def miss_booking(request: web.Request) -> web.Response:
    """200 it was missed, and its doses may be booked again; 409 while any of it is not over."""
    desk, who = request.app[DESK], allowed(request)
    body = await read_body(request, _decode_missed)
    booking, head = await _asked(request, desk, body)
    command = _missing(booking, body, head)
    await mark_missed(desk, booking, who.actor.id, body.places)
    answer, _ = await _decided(desk, who, booking, command)
    return reply_to(answer, command, booking)


async def restore_booking(request: web.Request) -> web.Response:
    """200 it was not missed, and its doses are its own; 409 where they were booked again since."""
    desk, who = request.app[DESK], allowed(request)
    nothing: Nothing = await read_body(request, _decode_nothing)
    booking, head = await _asked(request, desk, nothing)
    places = await _wishes(desk, booking)
    command = RestoreBooking(booking_id=booking.id, places=places, **head)
    answer, standing = await _decided(desk, who, booking, command)
    if standing is not None and isinstance(answer, Refused):
        # It was written of its visits alone that nobody came, and is not any more.
        return json_response(booking_body(standing, desk.clock.now()))
    return reply_to(answer, command, booking)


async def _decided(
    desk: Desk, who: Allowed, booking: Booking, command: CancelBooking | MovePlaces | RestoreBooking
) -> tuple[ReplyAnswer, Booking | None]:
    """The referee's answer; what is written of the visits follows what the booking is by then,

    which is told where that was not so.

    What became of a wish may be unknown: then it is as it was, until somebody asks again.
    """
    try:
        answer = await desk.answers.ask(command, booking.home, who.began)
    except Problem as problem:
        if problem.status != GATEWAY_TIMEOUT:
            await settle(desk, booking.id, who.actor.id)
        raise
    if isinstance(answer, Undecided):
        return answer, None
    return answer, await settle(desk, booking.id, who.actor.id)


def _missing(booking: Booking, body: Missed, head: dict[str, Any]) -> CancelBooking | MovePlaces:
    """The whole of it, or those who are named: the others came, and stay as they are."""
    came = tuple(place for place in booking.places if place.id not in body.places)
    if not body.places or not came:
        return CancelBooking(booking_id=booking.id, reason="clinic", missed=True, **head)
    return MovePlaces(
        booking_id=booking.id,
        places=as_they_are(booking, came),
        version=max(booking.version, 1),
        missed=True,
        **head,
    )


async def _asked(
    request: web.Request, desk: Desk, body: Missed | Nothing
) -> tuple[Booking, dict[str, Any]]:
    """The booking that staff of its clinic speak of, and the head of what they ask."""
    clinic_id = path_id(request, "clinic")
    head = desk.head(request, body)
    booking = await desk.bookings.load(path_id(request, "booking", "booking"))
    if booking is None or not _is_at(booking, clinic_id):
        raise not_found("booking")
    desk.access.note(request, persons_in(booking), about=booking.id, reason=CARE)
    need(booking_unready(booking))
    return booking, head


async def _wishes(desk: Desk, booking: Booking) -> tuple[PlaceWish, ...]:
    """Its places with their claims, as they were asked for once."""
    wanted = [await _wanted(desk, booking, place) for place in booking.places]
    return wishes(booking.campaign_id, wanted)


async def _wanted(desk: Desk, booking: Booking, place: Place) -> Wanted:
    patient_id = desk.identities.who(place.patient_id or booking.owner_id)
    based_on = None if place.based_on is UNSET else place.based_on
    uses_up = False
    if based_on is not None:
        ids = desk.identities.ids
        papers = await desk.papers.referrals_of(ids(patient_id), ids(booking.owner_id))
        uses_up = any(paper.id == based_on and paper.once for paper in papers)
    return Wanted(
        slot_id=place.slot_id,
        patient_id=patient_id,
        dose=place.dose,
        follows=None if place.follows is UNSET else place.follows,
        based_on=based_on,
        uses_up=uses_up,
    )


def _is_at(booking: Booking, clinic_id: UUID) -> bool:
    """All of it is at this clinic: of a part that is at another, that one knows who came."""
    places = booking.places
    return bool(places) and all(place.clinic_id == clinic_id for place in places)


UNDECIDED = Answer(
    "It is not decided yet: ask again with the same key.", BookingBody, headers=("Location",)
)

ROUTES = [
    Route(
        "POST",
        "/api/v1/clinics/{id}/bookings/{booking}/noshow",
        miss_booking,
        tag="bookings",
        body=Missed,
        needs_key=True,
        answers={
            200: Answer("It was missed.", BookingBody),
            202: UNDECIDED,
        },
        problems=("visit_not_over", "visit_attended", "visit_off", *BOOKING, "not_found", *REFEREE),
        touches=Touch("booking", ("status", "places")),
    ),
    Route(
        "DELETE",
        "/api/v1/clinics/{id}/bookings/{booking}/noshow",
        restore_booking,
        tag="bookings",
        body=Nothing,
        needs_key=True,
        answers={
            200: Answer("It was not missed.", BookingBody),
            202: UNDECIDED,
        },
        problems=(
            "booking_not_missed",
            "already_booked",
            "slot_full",
            "slot_unknown",
            *BOOKING,
            "not_found",
            *REFEREE,
        ),
        touches=Touch("booking", ("status", "places")),
    ),
]
