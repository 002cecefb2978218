"""How does a clinic say that somebody did not come, so that they may book the same again?"""

from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from services.booking.api.answers import BookingBody, reply_to
from services.booking.api.desk import DESK, Nothing, need, persons_in
from services.booking.api.problems import BOOKING, REFEREE
from services.booking.rules.life import Booking
from services.booking.rules.refusals import booking_unready
from shared.access.entries import CARE, Touch
from shared.messages import CancelBooking
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import not_found
from shared.web import path_id, read_body

_decode_nothing = msgspec.json.Decoder(Nothing)


async def miss_booking(request: web.Request) -> web.Response:
    """200 it was missed, and its doses may be booked again; 409 while any of it is not over."""
    desk, who = request.app[DESK], allowed(request)
    clinic_id = path_id(request, "clinic")
    body = await read_body(request, _decode_nothing)
    head: dict[str, Any] = desk.head(request, body)
    booking = await desk.bookings.load(path_id(request, "booking", "booking"))
    if booking is None or not _is_at(booking, clinic_id):
        raise not_found("booking")
    desk.access.note(request, persons_in(booking), about=booking.id, reason=CARE)
    need(booking_unready(booking))
    command = CancelBooking(booking_id=booking.id, reason="clinic", missed=True, **head)
    return reply_to(await desk.answers.ask(command, booking.home, who.began), command, booking)


def _is_at(booking: Booking, clinic_id: UUID) -> bool:
    """All of it is at this clinic: of a part that is at another, that one knows who came."""
    places = booking.places
    return bool(places) and all(place.clinic_id == clinic_id for place in places)


ROUTES = [
    Route(
        "POST",
        "/api/v1/clinics/{id}/bookings/{booking}/noshow",
        miss_booking,
        tag="bookings",
        body=Nothing,
        needs_key=True,
        answers={
            200: Answer("It was missed.", BookingBody),
            202: Answer("It is not decided yet: ask again with the same key.", BookingBody),
        },
        problems=("visit_not_over", *BOOKING, "not_found", *REFEREE),
        touches=Touch("booking", ("status", "places")),
    ),
]
