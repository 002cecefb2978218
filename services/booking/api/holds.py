"""How are places held for a while, kept longer, and given back?"""

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from services.booking.api.answers import HoldBody, ask_or_offer, hold_body, reply_to, shown
from services.booking.api.desk import (
    DESK,
    Asker,
    Desk,
    Nothing,
    WantedPlace,
    home_for,
    need,
    persons_in,
)
from services.booking.api.eligibility import need_admitted, need_campaign, where_admitted
from services.booking.api.pauses import need_pause
from services.booking.api.problems import CROWD, HELD_ENOUGH, HOLD, JUDGED, REFEREE, RENEWED, SLOT
from services.booking.api.problems_of_lines import LINE
from services.booking.api.turns import need_turn
from services.booking.rules.eligibility import Rule, SlotFacts, Wanted
from services.booking.rules.life import Booking
from services.booking.rules.refusals import hold_unready
from shared.access.entries import OWN, Touch
from shared.messages import (
    PLACES_MAX,
    Dose,
    HoldPlaces,
    PlaceWish,
    ReleaseHold,
    RenewHold,
    TtlSeconds,
)
from shared.openapi import UNCHANGED, Answer, Route
from shared.policy import allowed
from shared.web import json_response, path_id, read_body

TTL_SECONDS = 300
LATER: tuple[Rule, ...] = ("dose", "interval")
"""What is looked at when the places are booked."""


class HeldPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place of a hold: nobody's yet. `patient_id` is whom a campaign's rules are asked about.

    Without one it is whoever holds.
    """

    slot_id: UUID
    patient_id: UUID | UnsetType = UNSET
    dose: Dose | UnsetType = UNSET


class NewHold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /holds`; with the campaign under which the places are to be booked."""

    places: Annotated[tuple[HeldPlace, ...], Meta(min_length=1, max_length=PLACES_MAX)]
    ttl_seconds: TtlSeconds = TTL_SECONDS
    campaign_id: UUID | UnsetType = UNSET


class HoldList(msgspec.Struct, frozen=True, kw_only=True):
    """What is held for somebody, as of when: of each how long, by the same clock."""

    holds: list[HoldBody]
    as_of: datetime


class Renewal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /holds/{id}/renew`."""

    ttl_seconds: TtlSeconds = TTL_SECONDS


_decode_new = msgspec.json.Decoder(NewHold)
_decode_renewal = msgspec.json.Decoder(Renewal)
_decode_nothing = msgspec.json.Decoder(Nothing)


async def hold_places(request: web.Request) -> web.Response:
    """201 held until `expires_at`, 202 not decided yet, 409 refused."""
    desk, who = request.app[DESK], allowed(request)
    body = await read_body(request, _decode_new)
    desk.crowd.need_pace(who.actor.id, who.actor.roles)
    head = desk.head(request, body)
    slots = await desk.memory.slots({place.slot_id for place in body.places})
    need_turn(request, desk, who, campaign_of(body), body.places, slots=slots)
    wish = HoldWish(asker=Asker.themselves(who), body=body, head=head, slots=slots)
    return await held(request, desk, wish)


class HoldWish(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to hold, with what is known of it."""

    asker: Asker
    body: NewHold
    head: dict[str, Any]
    slots: dict[UUID, SlotFacts]


async def held(
    request: web.Request, desk: Desk, wish: HoldWish, *, reason: str = OWN
) -> web.Response:
    """What becomes of a wish to hold, whoever says it for whom: judged before a place is held."""
    asker, body, slots, campaign_id = wish.asker, wish.body, wish.slots, campaign_of(wish.body)
    wanted = await _for_whom(desk, wish)
    made_as = wish.head["id"]
    await need_campaign(
        desk, campaign_id, wanted, slots, made_as=made_as, kinds=("hold", "booking")
    )
    await need_admitted(
        desk, campaign_id, wanted, slots, wish_id=made_as, booking_id=made_as, later=LATER
    )
    command = HoldPlaces(
        owner_id=asker.owner_id,
        places=tuple(PlaceWish(slot_id=place.slot_id) for place in body.places),
        ttl_seconds=body.ttl_seconds,
        **wish.head,
    )
    persons = {asker.owner_id, *(place.patient_id for place in wanted)}
    desk.access.note(request, persons, about=command.id, reason=reason)
    await need_pause(desk, command)
    home = home_for(body.places[0].slot_id, slots)
    admitted = partial(where_admitted, desk, campaign_id, wanted)
    return await ask_or_offer(desk, command, home, asker.began, admitted)


def campaign_of(body: NewHold) -> UUID | None:
    """Under which campaign the places are to be booked."""
    return None if body.campaign_id is UNSET else body.campaign_id


async def _for_whom(desk: Desk, wish: HoldWish) -> list[Wanted]:
    """For whom rules are asked: each person and dose once, though several places be held for them.

    Whether the doses are well apart is looked at when they are booked.
    """
    campaign = await desk.campaign(campaign_of(wish.body))
    wished = [
        WantedPlace(
            slot_id=place.slot_id,
            patient_id=None if place.patient_id is UNSET else place.patient_id,
            dose=None if place.dose is UNSET else place.dose,
        )
        for place in wish.body.places
    ]
    return await desk.wanted(wish.asker, wished, campaign, wish.slots, later=LATER)


async def list_holds(request: web.Request) -> web.Response:
    """200 what one holds now, on whichever device; what runs out first comes first."""
    desk, owner_id = request.app[DESK], allowed(request).actor.id
    holds = await desk.bookings.held_by(desk.identities.ids(owner_id))
    desk.access.note(request, persons_in(*holds) | {owner_id})
    now = desk.clock.now()
    body = HoldList(holds=[hold_body(hold, now) for hold in holds], as_of=now)
    return json_response(body, headers={"Cache-Control": "private, no-cache"})


async def show_hold(request: web.Request) -> web.Response:
    """200 the hold; another's is as unknown as one that is not there."""
    desk = request.app[DESK]
    hold = await _hold(request, desk)
    desk.access.note(request, persons_in(hold), about=hold.id)
    return shown(request, hold_body(hold, desk.clock.now()))


async def renew_hold(request: web.Request) -> web.Response:
    """200 kept longer, if all of it was still there."""
    desk, who = request.app[DESK], allowed(request)
    body = await read_body(request, _decode_renewal)
    head = desk.head(request, body)
    hold = await _hold(request, desk)
    desk.access.note(request, persons_in(hold), about=hold.id)
    need(hold_unready(hold))
    command = RenewHold(booking_id=hold.id, ttl_seconds=body.ttl_seconds, **head)
    return reply_to(await desk.answers.ask(command, hold.home, who.began), command, hold)


async def release_hold(request: web.Request) -> web.Response:
    """200 given back; its places are free again."""
    desk, who = request.app[DESK], allowed(request)
    body = await read_body(request, _decode_nothing)
    head = desk.head(request, body)
    hold = await _hold(request, desk)
    desk.access.note(request, persons_in(hold), about=hold.id)
    need(hold_unready(hold))
    command = ReleaseHold(booking_id=hold.id, **head)
    return reply_to(await desk.answers.ask(command, hold.home, who.began), command, hold)


async def _hold(request: web.Request, desk: Desk) -> Booking:
    """What was a hold once stays one here; what was booked at once never was."""
    who = allowed(request)
    found = await desk.found(who, path_id(request, "hold"))
    if found is None or (found.kind == "booking" and found.expires_at is None):
        return who.own("hold", None)
    hold = who.own("hold", found)
    if hold.kind == "hold" or desk.identities.who(hold.owner_id) != who.actor.id:
        return hold
    # Booked, it has people in it; who does not want to be seen there any more is not.
    eyes = await desk.families.eyes(hold.owner_id, [hold], desk.clock.now())
    return who.own("hold", eyes.seen(hold))


UNDECIDED = Answer(
    "It is not decided yet: look at Location until it is.", HoldBody, headers=("Location",)
)
HELD = Touch("hold", ("status", "places"))

ROUTES = [
    Route(
        "POST",
        "/api/v1/holds",
        hold_places,
        tag="holds",
        body=NewHold,
        needs_key=True,
        answers={
            201: Answer("The places are held.", HoldBody, headers=("Location",)),
            202: UNDECIDED,
        },
        problems=(*LINE, *SLOT, *JUDGED, *HELD_ENOUGH, "held_lately", *CROWD, *REFEREE),
        touches=HELD,
    ),
    Route(
        "GET",
        "/api/v1/holds",
        list_holds,
        tag="holds",
        answers={
            200: Answer(
                "What is held, the first to end first.", HoldList, headers=("Cache-Control",)
            )
        },
        touches=HELD,
    ),
    Route(
        "GET",
        "/api/v1/holds/{id}",
        show_hold,
        tag="holds",
        answers={
            200: Answer("The hold.", HoldBody, headers=("ETag", "Cache-Control")),
            304: UNCHANGED,
        },
        touches=HELD,
    ),
    Route(
        "POST",
        "/api/v1/holds/{id}/renew",
        renew_hold,
        tag="holds",
        body=Renewal,
        needs_key=True,
        answers={200: Answer("It is kept longer.", HoldBody), 202: UNDECIDED},
        problems=(*HOLD, *RENEWED, *REFEREE),
        touches=HELD,
    ),
    Route(
        "DELETE",
        "/api/v1/holds/{id}",
        release_hold,
        tag="holds",
        body=Nothing,
        needs_key=True,
        answers={200: Answer("It is given back.", HoldBody), 202: UNDECIDED},
        problems=(*HOLD, *REFEREE),
        touches=HELD,
    ),
]
