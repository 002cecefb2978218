"""How does somebody who is signed in come to a telemedicine visit that they booked?

By the same link that the mail has: who has no address, or has lost the mail, finds it here.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from aiohttp import web

from services.booking.api.desk import DESK, Desk
from services.booking.api.shares import booking_of, whose
from services.booking.rules.life import Booking
from services.booking.rules.televisits import FHIR, Side, Status, Visit, closes_at, opens_at
from shared.access.entries import Touch
from shared.links.rules import Link, Purpose, token_of
from shared.messages import Modality
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.web import json_response

LINK_LIVES = timedelta(days=1)
"""As the messenger has it: how long after its beginning a visit's link is signed for."""


class OwnVisit(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one person's visit; `booked` where its window has not opened yet.

    `appointment` is FHIR's name for its status.
    """

    modality: Modality
    appointment: str
    visit_id: UUID
    booking_id: UUID
    starts_at: datetime
    ends_at: datetime
    status: Status
    by_phone: bool
    noshow_by: Side | None
    arrived_at: datetime | None
    admitted_at: datetime | None
    ended_at: datetime | None


class WayIn(msgspec.Struct, frozen=True, kw_only=True):
    """Whose visit, in which window they are let in, and the token of the link that does so.

    It leads to the page `#/link/visit/TOKEN`, and `/api/v1/links/TOKEN/visit`; none without keys.
    """

    patient_id: UUID
    opens_at: datetime
    closes_at: datetime
    token: str | None
    visit: OwnVisit


class WaysIn(msgspec.Struct, frozen=True, kw_only=True):
    """The telemedicine visits of a booking, by their time; what the clinic has said of the others.

    In `attended` is who has come, and whose visit is done. A booking may have none of either.
    """

    visits: list[WayIn]
    attended: list[OwnVisit]


async def list_ways_in(request: web.Request) -> web.Response:
    """200 each telemedicine visit of one's own booking and the link to it; may be an empty list."""
    desk, who = request.app[DESK], allowed(request)
    shared = await booking_of(request, desk)
    booking = shared.seen
    desk.access.note(request, shared.persons(who.actor.id), about=booking.id)
    ids = desk.identities.ids(who.actor.id)
    of_whom = whose(booking)
    known = {one.id: one for _, one in await desk.televisits.own(ids, [booking.id], of_whom)}
    visits = sorted(_ways_in(desk, booking, known, ids), key=lambda one: one.visit.starts_at)
    attended = [_body(booking.id, one) for one in known.values() if one.modality == "physical"]
    return json_response(
        WaysIn(visits=visits, attended=attended), headers={"Cache-Control": "no-store"}
    )


async def visits_of(
    desk: Desk, ids: list[UUID], bookings: Iterable[UUID], wards: Iterable[UUID]
) -> list[OwnVisit]:
    """What became of one's own visits and theirs for whom one acts, as it may be taken away."""
    of_whom = [*ids, *(one for ward in wards for one in desk.identities.ids(ward))]
    visits = await desk.televisits.own(ids, list(bookings), of_whom)
    return [_body(booking_id, visit) for booking_id, visit in visits]


def _ways_in(
    desk: Desk, booking: Booking, known: dict[UUID, Visit], own: Sequence[UUID]
) -> Iterable[WayIn]:
    limits = desk.televisits.limits
    for place in booking.places:
        if place.modality != "virtual" or booking.status != "booked":
            continue
        to_come = Visit(id=place.id, starts_at=place.starts_at, ends_at=place.ends_at)
        person_id = place.patient_id or booking.owner_id
        token = None
        if desk.link_keys is not None:
            until = (place.starts_at + LINK_LIVES).replace(microsecond=0)
            purpose: Purpose = "visit" if person_id in own else "visit_for_another"
            link = Link(purpose=purpose, person_id=person_id, object_id=booking.id, until=until)
            token = token_of(link, desk.link_keys)
        yield WayIn(
            patient_id=person_id,
            opens_at=opens_at(place.starts_at, limits),
            closes_at=closes_at(place.starts_at, limits),
            token=token,
            visit=_body(booking.id, known.get(place.id, to_come)),
        )


def _body(booking_id: UUID, visit: Visit) -> OwnVisit:
    appointment, _ = FHIR[visit.status]
    return OwnVisit(
        modality=visit.modality,
        appointment=appointment,
        visit_id=visit.id,
        booking_id=booking_id,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        status=visit.status,
        by_phone=visit.presence == "phone",
        noshow_by=visit.noshow_by,
        arrived_at=visit.arrived_at,
        admitted_at=visit.admitted_at,
        ended_at=visit.ended_at,
    )


ROUTES = [
    Route(
        "GET",
        "/api/v1/bookings/{id}/visits",
        list_ways_in,
        tag="bookings",
        answers={200: Answer("The visits.", WaysIn, headers=("Cache-Control",))},
        touches=Touch("visit", ("status", "places")),
    ),
]
