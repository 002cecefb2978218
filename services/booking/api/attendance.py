"""How does a clinic say who has come and whose visit is done, and take back what was a mistake?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

import msgspec
from aiohttp import web
from msgspec import Meta

from services.booking import metrics
from services.booking.api.desk import DESK, Desk, wish_id
from services.booking.api.televisits import problem_with
from services.booking.rules.attendance import Said, missed, not_missed, step_of
from services.booking.rules.life import Booking, Place
from services.booking.rules.televisits import FHIR, No, Visit
from services.booking.store.televisits import Kept, Taken, Wish
from shared.access.entries import CARE, Touch
from shared.messages import PLACES_MAX
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import not_found
from shared.web import body_hash, json_response, path_id, read_body


class AttendanceWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of these places of a booking, all at once: a family comes together.

    `arrive` and `fulfil` say that somebody has come and that the visit is done; `not_arrived` and
    `not_fulfilled` that it was a mistake.
    """

    step: Said
    places: Annotated[tuple[UUID, ...], Meta(min_length=1, max_length=PLACES_MAX)]


class AttendedPlace(msgspec.Struct, frozen=True, kw_only=True):
    """One place after the step; `appointment` is FHIR's name for how it stands."""

    place_id: UUID
    appointment: str
    version: int
    at: datetime


class Attended(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, by place."""

    step: Said
    places: list[AttendedPlace]


_decode = msgspec.json.Decoder(AttendanceWish)


async def attend_booking(request: web.Request) -> web.Response:
    """200 it is written of all of these places, or of none; the same key gets the same answer."""
    desk, clinic_id = request.app[DESK], path_id(request, "clinic")
    wanted = await read_body(request, _decode)
    wish = Wish(
        id=wish_id(request),
        body_hash=body_hash(request.path, wanted),
        by_id=allowed(request).actor.id,
    )
    booking = await desk.bookings.load(path_id(request, "booking", "booking"))
    places = [] if booking is None else _at(booking, clinic_id)
    if booking is None or not places:
        raise not_found("booking")
    here = {place.id: place for place in places}
    ids = list(dict.fromkeys(wanted.places))
    if not here.keys() >= set(ids):
        raise not_found("visit")
    persons = {here[one].patient_id or booking.owner_id for one in ids}
    desk.access.note(request, persons, about=booking.id, reason=CARE)

    def decided(kept: Kept) -> Visit | No:
        if not kept.is_booked:
            return No("off")
        return step_of(kept.visit, wanted.step, kept.at, desk.attendance.before_seconds)

    said = await desk.attendance.take(booking.id, ids, wanted.step, decided, wish)
    if isinstance(said, No):
        raise problem_with(said)
    metrics.visit_steps["staff", wanted.step].inc(len(said))
    return json_response(Attended(step=wanted.step, places=[_shown(one) for one in said]))


async def mark_missed(
    desk: Desk, booking: Booking, by_id: UUID, absent: Sequence[UUID] = ()
) -> None:
    """Nobody came, or those did not who are named: whoever has come is in the way, and a visit that

    is not over.
    """
    if booking.status != "booked":
        return
    places = [place for place in booking.places if not absent or place.id in absent]
    for place in places:
        if place.modality == "virtual":
            kept = await desk.televisits.load(place.id)
            said_no = None if kept is None else missed(kept.visit, kept.at)
            if isinstance(said_no, No):
                raise problem_with(said_no)
    said = await _mark(desk, booking, places, by_id, is_missed=True)
    if isinstance(said, No):
        raise problem_with(said)


async def settle(desk: Desk, booking_id: UUID, by_id: UUID) -> Booking | None:
    """A booking that stands was not missed, whatever was written of its visits; it, if some was.

    That nobody came is written first, so that nobody comes meanwhile; then the referee is asked.
    """
    booking = await desk.bookings.load(booking_id)
    if booking is None or booking.status != "booked":
        return None
    said = await _mark(desk, booking, booking.places, by_id, is_missed=False)
    return None if isinstance(said, No) or not said else booking


async def _mark(
    desk: Desk, booking: Booking, places: Sequence[Place], by_id: UUID, *, is_missed: bool
) -> Sequence[Taken] | No:
    ids = [place.id for place in places if place.modality == "physical"]
    if not ids:
        return []
    # Said again it does nothing more, so it needs no name that is the same again.
    named = uuid4()
    wish = Wish(id=named, body_hash=named.bytes, by_id=by_id)
    if is_missed:
        return await desk.attendance.take(
            booking.id, ids, "miss", lambda kept: missed(kept.visit, kept.at), wish
        )
    return await desk.attendance.take(
        booking.id, ids, "not_missed", lambda kept: not_missed(kept.visit), wish
    )


def _at(booking: Booking, clinic_id: UUID) -> list[Place]:
    """The places of it that are at this clinic, to which one comes."""
    return [
        place
        for place in booking.places
        if place.clinic_id == clinic_id and place.modality == "physical"
    ]


def _shown(one: Taken) -> AttendedPlace:
    appointment, _ = FHIR[one.status]
    return AttendedPlace(
        place_id=one.visit_id, appointment=appointment, version=one.version, at=one.at
    )


ROUTES = [
    Route(
        "POST",
        "/api/v1/clinics/{id}/bookings/{booking}/attendance",
        attend_booking,
        tag="visits",
        body=AttendanceWish,
        needs_key=True,
        answers={200: Answer("It is written.", Attended)},
        problems=("visit_not_open", "visit_step_impossible", "visit_off", "key_reused"),
        touches=Touch("visit", ("status",)),
    ),
]
