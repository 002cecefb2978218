"""How is a booking made, shown, changed and cancelled?"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from services.booking.api.answers import (
    BookingBody,
    ask_or_offer,
    booking_body,
    reply_to,
    shown,
)
from services.booking.api.apart import need_apart
from services.booking.api.crowd import need_said_hold
from services.booking.api.desk import (
    DESK,
    Asker,
    Desk,
    Nothing,
    WantedPlace,
    WantedPlaces,
    home_for,
    need,
)
from services.booking.api.eligibility import need_admitted, need_campaign, where_admitted
from services.booking.api.limits import within_limits
from services.booking.api.problems import BOOKING, CROWD, HOLD, PERSON, REFEREE, SLOT, VISIT
from services.booking.api.problems_of_lines import LINE
from services.booking.api.shares import booking_of, giving_up, whose
from services.booking.api.turns import need_turn
from services.booking.api.visits import as_visits
from services.booking.rules.eligibility import Campaign, SlotFacts, wishes
from services.booking.rules.life import Booking
from services.booking.rules.refusals import HOLD_PENDING, booking_unready
from shared.access.entries import OWN, Touch
from shared.messages import (
    BookPlaces,
    ConfirmHold,
    PlacesBooked,
    Refused,
)
from shared.openapi import UNCHANGED, Answer, Route
from shared.policy import allowed
from shared.problems import Problem, not_found
from shared.web import (
    Page,
    cursor_after,
    cursor_of,
    json_response,
    read_body,
    read_query,
)


class NewBooking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /bookings`."""

    places: WantedPlaces
    campaign_id: UUID | None = None
    hold_id: UUID | None = None


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to book, with what is known of it: whose, in which campaign, which slots."""

    asker: Asker
    body: NewBooking
    head: dict[str, Any]
    campaign: Campaign | None
    slots: dict[UUID, SlotFacts]


class BookingList(msgspec.Struct, frozen=True, kw_only=True):
    """One's own bookings; with a cursor where there may be more."""

    bookings: list[BookingBody]
    cursor: str | None


_decode_new = msgspec.json.Decoder(NewBooking)
_decode_nothing = msgspec.json.Decoder(Nothing)


async def request_booking(request: web.Request) -> web.Response:
    """201 booked, 202 not decided yet: look at Location; 409 refused, 422 not eligible."""
    desk, who = request.app[DESK], allowed(request)
    body = await read_body(request, _decode_new)
    need_said_hold(request, body.hold_id)
    if body.hold_id is None:
        desk.crowd.need_pace(who.actor.id, who.actor.roles)
    head = desk.head(request, body)
    campaign = await desk.campaign(body.campaign_id)
    slots = await desk.slots_of(body.places)
    need_turn(request, desk, who, body.campaign_id, body.places, slots=slots)
    wish = Wish(asker=Asker.themselves(who), body=body, head=head, campaign=campaign, slots=slots)
    return await booked(request, desk, wish)


async def booked(
    request: web.Request, desk: Desk, wish: Wish, *, reason: str = OWN
) -> web.Response:
    """What becomes of a wish to book, whoever says it for whom: judged for whom it is."""
    asker, body, head, slots = wish.asker, wish.body, wish.head, wish.slots
    wanted = await desk.wanted(asker, body.places, wish.campaign, slots)
    made_as = {"wish_id": head["id"], "booking_id": body.hold_id or head["id"]}
    wanted = await as_visits(
        desk,
        wanted,
        slots,
        booking_id=made_as["booking_id"],
        campaign_id=body.campaign_id,
        asked_by=asker.owner_id,
    )
    await desk.need_unbooked(asker.owner_id, body.campaign_id, wanted)
    await need_campaign(desk, body.campaign_id, wanted, slots, made_as=made_as["booking_id"])
    await need_admitted(desk, body.campaign_id, wanted, slots, **made_as)
    await need_apart(desk, wish.campaign, wanted, slots, booking_id=made_as["booking_id"])
    asks: dict[str, Any] = head | {
        "not_before": None if wish.campaign is None else wish.campaign.opens_at,
        "owner_id": asker.owner_id,
        "campaign_id": body.campaign_id,
        "places": wishes(body.campaign_id, wanted),
        "by": asker.by,
    }
    persons = {asker.owner_id, *(place.patient_id for place in wanted)}
    services = await desk.services.known()
    async with within_limits(desk, services, wanted, slots, made_as["booking_id"]):
        if body.hold_id is None:
            command = BookPlaces(**asks)
            home = home_for(body.places[0].slot_id, slots)
            desk.access.note(request, persons, about=command.id, reason=reason)
            admitted = partial(where_admitted, desk, body.campaign_id, wanted)
            return await ask_or_offer(desk, command, home, asker.began, admitted)
        hold = await own_hold(desk, asker.owner_id, body.hold_id)
        desk.access.note(request, persons, about=hold.id, reason=reason)
        return await _confirmed(desk, asker, hold, body.places, asks)


async def _confirmed(
    desk: Desk, asker: Asker, hold: Booking, places: WantedPlaces, asks: dict[str, Any]
) -> web.Response:
    """What is held is booked, and what else was held for them is let go."""
    _need_same_slots(hold, places)
    confirm = ConfirmHold(booking_id=hold.id, **asks)
    answer = await desk.answers.ask(confirm, hold.home, asker.began)
    if isinstance(answer, PlacesBooked):
        await desk.offers.let_go(hold, asker.began)
    return reply_to(answer, confirm, hold)


async def cancel_booking(request: web.Request) -> web.Response:
    """200 cancelled, its places are free again; of what has begun, what is to come is given up.

    What is another's is not given back with one's own.
    """
    desk, who = request.app[DESK], allowed(request)
    body = await read_body(request, _decode_nothing)
    head = desk.head(request, body)
    shared = await booking_of(request, desk, leaves=True)
    booking = shared.booking
    desk.access.note(request, shared.persons(who.actor.id), about=booking.id)
    need(booking_unready(booking))
    command = giving_up(shared, head)
    answer = await desk.answers.ask(command, booking.home, who.began)
    if shared.is_left and isinstance(answer, Refused):
        who.own("booking", None)
    return reply_to(answer, command, booking, eyes=shared.eyes)


async def show_booking(request: web.Request) -> web.Response:
    """200 the booking; another's is as unknown as one that is not there."""
    desk = request.app[DESK]
    shared = await booking_of(request, desk)
    desk.access.note(request, shared.persons(allowed(request).actor.id), about=shared.booking.id)
    return shown(request, booking_body(shared.seen, desk.clock.now()))


async def list_bookings(request: web.Request) -> web.Response:
    """200 one's own bookings and one's place in others', newest first; an empty list will do."""
    desk, owner_id = request.app[DESK], allowed(request).actor.id
    limit = read_query(request, Page).limit
    cursor = cursor_of(request, (datetime, UUID))
    after = None if cursor is None else (cursor[0], cursor[1])
    ids = desk.identities.ids(owner_id)
    bookings = await desk.bookings.of_person(ids, after, limit)
    more, now = len(bookings) == limit, desk.clock.now()
    eyes = await desk.families.eyes(owner_id, bookings, now)
    seen = [one for booking in bookings if (one := eyes.seen(booking)) is not None]
    desk.access.note(request, whose(*seen) | {owner_id})
    return json_response(
        BookingList(
            bookings=[booking_body(booking, now) for booking in seen],
            cursor=cursor_after(bookings[-1].made_at, bookings[-1].id) if more else None,
        )
    )


async def own_hold(desk: Desk, owner_id: UUID, hold_id: UUID) -> Booking:
    """The hold that a body names, if it is theirs to have; 404 otherwise."""
    hold = await desk.bookings.own(desk.identities.ids(owner_id), hold_id)
    if hold is None or desk.identities.who(hold.owner_id) != owner_id:
        raise not_found("hold")
    need(HOLD_PENDING if hold.status == "pending" else None)
    return hold


def _need_same_slots(hold: Booking, places: Sequence[WantedPlace]) -> None:
    """What is held is what is booked. What is no hold any more is the referee's to answer for."""
    held = Counter(place.slot_id for place in hold.places)
    if hold.status == "held" and held != Counter(place.slot_id for place in places):
        raise Problem(422, "hold_mismatch", "These are not the slots that the hold keeps.")


UNDECIDED = Answer(
    "It is not decided yet: look at Location until it is.", BookingBody, headers=("Location",)
)
WHOLE = Touch("booking", ("status", "places", "campaign"))
PLACES = Touch("booking", ("status", "places"))

ROUTES = [
    Route(
        "POST",
        "/api/v1/bookings",
        request_booking,
        tag="bookings",
        body=NewBooking,
        needs_key=True,
        answers={
            201: Answer("It is booked.", BookingBody, headers=("Location",)),
            202: UNDECIDED,
        },
        problems=(
            *LINE,
            *SLOT,
            *PERSON,
            *VISIT,
            *HOLD,
            "hold_mismatch",
            "not_found",
            *CROWD,
            *REFEREE,
        ),
        touches=WHOLE,
    ),
    Route(
        "GET",
        "/api/v1/bookings",
        list_bookings,
        tag="bookings",
        query=Page,
        answers={200: Answer("The bookings, newest first.", BookingList)},
        touches=WHOLE,
    ),
    Route(
        "GET",
        "/api/v1/bookings/{id}",
        show_booking,
        tag="bookings",
        answers={
            200: Answer("The booking.", BookingBody, headers=("ETag", "Cache-Control")),
            304: UNCHANGED,
        },
        touches=WHOLE,
    ),
    Route(
        "POST",
        "/api/v1/bookings/{id}/cancel",
        cancel_booking,
        tag="bookings",
        body=Nothing,
        needs_key=True,
        answers={200: Answer("It is cancelled.", BookingBody), 202: UNDECIDED},
        problems=(*BOOKING, *REFEREE),
        touches=PLACES,
    ),
]
