"""How does somebody at a clinic, or on its phone, book, hold, move and cancel for a patient?

It is the patient's, who is judged as if they had asked themselves, sees it as theirs and is told of
it. Each look and each wish is in their access log.
"""

from collections.abc import Iterable
from uuid import UUID

import msgspec
from aiohttp import web

from services.booking.api.answers import BookingBody, HoldBody, booking_body, reply_to
from services.booking.api.bookings import NewBooking, Wish, booked
from services.booking.api.desk import DESK, Asker, Desk, need
from services.booking.api.holds import HoldWish, NewHold, campaign_of, held
from services.booking.api.me import NO_STORE
from services.booking.api.moves import Move, OtherPlaces, moved
from services.booking.api.problems import (
    BOOKING,
    HELD_ENOUGH,
    HOLD,
    JUDGED,
    PERSON,
    REFEREE,
    SLOT,
    VISIT,
)
from services.booking.api.problems_of_lines import STAFF_LINE
from services.booking.api.shares import Shared, giving_up, whose
from services.booking.api.turns import need_staff_turn
from services.booking.rules.eligibility import SlotFacts
from services.booking.rules.life import Booking
from services.booking.rules.refusals import booking_unready
from shared.access.entries import CARE, Touch
from shared.messages import CancelReason
from shared.openapi import Answer, Route
from shared.policy import Allowed, allowed
from shared.problems import not_found
from shared.web import json_response, path_id, read_body


class Cancelling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /patients/{id}/bookings/{booking}/cancel`: at whose wish."""

    reason: CancelReason = "patient"


class BookingAhead(BookingBody, frozen=True, kw_only=True):
    """A booking as staff see it: `booked_by_id` is who at a clinic made it for its owner."""

    booked_by_id: UUID | None


class BookingsAhead(msgspec.Struct, frozen=True, kw_only=True):
    """What a patient has ahead, or is waiting for; there are few."""

    bookings: list[BookingAhead]


_decode_new = msgspec.json.Decoder(NewBooking)
_decode_hold = msgspec.json.Decoder(NewHold)
_decode_other = msgspec.json.Decoder(OtherPlaces)
_decode_cancelling = msgspec.json.Decoder(Cancelling)


async def book_for_patient(request: web.Request) -> web.Response:
    """201 it is the patient's; 202, 409 and 422 as for themselves."""
    desk, who = request.app[DESK], allowed(request)
    body = await read_body(request, _decode_new)
    head = desk.head(request, body)
    slots = await desk.slots_of(body.places)
    _need_at(who, "slot", _clinics(slots, (place.slot_id for place in body.places)))
    asker = await _asker(request, desk, who)
    campaign = await desk.campaign(body.campaign_id)
    await need_staff_turn(desk, head["id"], body.campaign_id, body.places, slots=slots)
    wish = Wish(asker=asker, body=body, head=head, campaign=campaign, slots=slots)
    return await booked(request, desk, wish, reason=CARE)


async def hold_for_patient(request: web.Request) -> web.Response:
    """201 held for the patient until `expires_at`, while they are asked; 202, 409 as for them."""
    desk, who = request.app[DESK], allowed(request)
    body = await read_body(request, _decode_hold)
    head = desk.head(request, body)
    slots = await desk.memory.slots({place.slot_id for place in body.places})
    _need_at(who, "slot", _clinics(slots, (place.slot_id for place in body.places)))
    asker = await _asker(request, desk, who)
    await need_staff_turn(desk, head["id"], campaign_of(body), body.places, slots=slots)
    wish = HoldWish(asker=asker, body=body, head=head, slots=slots)
    return await held(request, desk, wish, reason=CARE)


async def list_bookings_of_patient(request: web.Request) -> web.Response:
    """200 what the patient has ahead, and of a child what is booked for it; never what was."""
    desk, who = request.app[DESK], allowed(request)
    asker = await _asker(request, desk, who)
    who.anybody_s("patient", asker)
    found = await desk.bookings.ahead(desk.identities.ids(asker.owner_id))
    now = desk.clock.now()
    eyes = await desk.families.eyes(asker.owner_id, found, now)
    seen = [one for booking in found if (one := eyes.seen(booking)) is not None]
    bookings = [one for one in seen if _concerns(desk, one, asker.person_id)]
    persons = whose(*bookings) | {asker.owner_id, asker.person_id}
    desk.access.note(request, persons, about=asker.person_id, reason=CARE)
    bodies = [
        BookingAhead(booked_by_id=one.booked_by, **msgspec.structs.asdict(booking_body(one, now)))
        for one in bookings
    ]
    return json_response(BookingsAhead(bookings=bodies), headers=NO_STORE)


async def cancel_for_patient(request: web.Request) -> web.Response:
    """200 cancelled, at the patient's wish or the clinic's, which they are told."""
    desk, who = request.app[DESK], allowed(request)
    body = await read_body(request, _decode_cancelling)
    head = desk.head(request, body)
    asker, shared = await _booking(request, desk, who)
    booking = shared.booking
    desk.access.note(request, shared.persons(asker.owner_id), about=booking.id, reason=CARE)
    need(booking_unready(booking))
    command = giving_up(shared, head, reason=body.reason)
    answer = await desk.answers.ask(command, booking.home, who.began)
    return reply_to(answer, command, booking, eyes=shared.eyes)


async def move_for_patient(request: web.Request) -> web.Response:
    """200 with its new places; until then, and if refused, it keeps those it has."""
    desk, who = request.app[DESK], allowed(request)
    body = await read_body(request, _decode_other)
    head = desk.head(request, body)
    asker, shared = await _booking(request, desk, who)
    slots = await desk.slots_of(body.places)
    _need_at(who, "slot", _clinics(slots, (place.slot_id for place in body.places)))
    need(booking_unready(shared.booking))
    has, campaign_id = shared.services, shared.booking.campaign_id
    await need_staff_turn(desk, head["id"], campaign_id, body.places, slots=slots, has=has)
    wish = Move(asker=asker, shared=shared, body=body, head=head, slots=slots)
    return await moved(request, desk, wish, reason=CARE)


def _clinics(slots: dict[UUID, SlotFacts], wanted: Iterable[UUID]) -> set[UUID | None]:
    """Of which clinics these slots are; of one that is not known here, of none."""
    return {slots[one].clinic_id if one in slots else None for one in wanted}


def _need_at(who: Allowed, what: str, clinics: Iterable[UUID | None]) -> None:
    """All of it is at clinics of theirs, or they may ask for any; else it is not there."""
    for clinic_id in clinics:
        who.at_clinic(what, clinic_id, is_there=True)


async def _asker(request: web.Request, desk: Desk, who: Allowed, *, what: str = "patient") -> Asker:
    """The patient of the path, and whose their bookings are: of a child its guardian's."""
    person_id = desk.identities.who(path_id(request, "patient"))
    if not await desk.people.is_known(person_id):
        raise not_found(what)
    guardian_id, owner_id = await desk.patients.guardian_of(person_id), person_id
    if guardian_id is not None:
        guardian_id = desk.identities.who(guardian_id)
        if await desk.families.wards(guardian_id, [person_id], desk.clock.now()):
            owner_id = guardian_id
    return Asker(
        owner_id=owner_id,
        person_id=person_id,
        began=who.began,
        has_dependants=True,
        by=who.actor.id,
    )


async def _booking(request: web.Request, desk: Desk, who: Allowed) -> tuple[Asker, Shared]:
    """Of the booking in the path what the patient may have, if it is at clinics of whoever asks."""
    booking = await desk.bookings.load(path_id(request, "booking", "booking"))
    if booking is None or booking.kind != "booking":
        raise not_found("booking")
    asker = await _asker(request, desk, who, what="booking")
    eyes = await desk.families.eyes(asker.owner_id, [booking], desk.clock.now())
    seen = eyes.seen(booking)
    if seen is None or not _concerns(desk, seen, asker.person_id):
        raise not_found("booking")
    _need_at(who, "booking", {place.clinic_id for place in seen.places} or {None})
    return asker, Shared(booking, eyes)


def _concerns(desk: Desk, seen: Booking, person_id: UUID) -> bool:
    """They have a place of it; or it is theirs, and has none yet."""
    persons = whose(seen) or {seen.owner_id}
    is_owner = desk.identities.who(seen.owner_id) == person_id
    return is_owner or person_id in {desk.identities.who(one) for one in persons}


BOOKINGS = "/api/v1/patients/{id}/bookings"
PLACES = Touch("booking", ("status", "places"))
AGAIN = "It is not decided yet: ask again with the same key."

ROUTES = [
    Route(
        "POST",
        BOOKINGS,
        book_for_patient,
        tag="bookings",
        body=NewBooking,
        needs_key=True,
        answers={
            201: Answer("It is booked for them.", BookingBody, headers=("Location",)),
            202: Answer(AGAIN, BookingBody, headers=("Location",)),
        },
        problems=(*STAFF_LINE, *SLOT, *PERSON, *VISIT, *HOLD, "hold_mismatch", *REFEREE),
        touches=Touch("booking", ("status", "places", "campaign")),
    ),
    Route(
        "GET",
        BOOKINGS,
        list_bookings_of_patient,
        tag="bookings",
        answers={200: Answer("What is ahead.", BookingsAhead, headers=("Cache-Control",))},
        touches=Touch("booking", ("status", "places", "campaign")),
    ),
    Route(
        "POST",
        f"{BOOKINGS}/{{booking}}/cancel",
        cancel_for_patient,
        tag="bookings",
        body=Cancelling,
        needs_key=True,
        answers={200: Answer("It is cancelled.", BookingBody), 202: Answer(AGAIN, BookingBody)},
        problems=(*BOOKING, *REFEREE),
        touches=PLACES,
    ),
    Route(
        "POST",
        f"{BOOKINGS}/{{booking}}/reschedule",
        move_for_patient,
        tag="bookings",
        body=OtherPlaces,
        needs_key=True,
        answers={
            200: Answer("It has its new places.", BookingBody),
            202: Answer(AGAIN, BookingBody),
        },
        problems=(
            *STAFF_LINE,
            *SLOT,
            *PERSON,
            *VISIT,
            *BOOKING,
            "interval_broken",
            "hold_pending",
            *REFEREE,
        ),
        touches=PLACES,
    ),
    Route(
        "POST",
        "/api/v1/patients/{id}/holds",
        hold_for_patient,
        tag="holds",
        body=NewHold,
        needs_key=True,
        answers={
            201: Answer("The places are held.", HoldBody, headers=("Location",)),
            202: Answer(AGAIN, HoldBody, headers=("Location",)),
        },
        problems=(*STAFF_LINE, *SLOT, *JUDGED, *HELD_ENOUGH, "held_lately", *REFEREE),
        touches=Touch("hold", ("status", "places")),
    ),
]
