"""How are places held for a while, kept longer, and given back?"""

import asyncio
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from services.booking.api.answers import HoldBody, hold_body, reply_to, shown
from services.booking.api.desk import DESK, ROLES, Desk, Nothing, home_for, need, owned_by
from services.booking.api.problems import HOLD, REFEREE, SLOT
from services.booking.memory import Memory
from services.booking.rules.life import Booking
from services.booking.rules.refusals import hold_unready
from shared.auth import Actor
from shared.messages import (
    PLACES_MAX,
    HoldPlaces,
    PlaceWish,
    ReleaseHold,
    RenewHold,
    TtlSeconds,
)
from shared.openapi import UNCHANGED, Answer, Route
from shared.problems import not_found
from shared.web import path_id, read_body

TTL_SECONDS = 300


class HeldPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place of a hold: nobody's yet."""

    slot_id: UUID


class NewHold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /holds`."""

    places: Annotated[tuple[HeldPlace, ...], Meta(min_length=1, max_length=PLACES_MAX)]
    ttl_seconds: TtlSeconds = TTL_SECONDS


class Renewal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /holds/{id}/renew`."""

    ttl_seconds: TtlSeconds = TTL_SECONDS


_decode_new = msgspec.json.Decoder(NewHold)
_decode_renewal = msgspec.json.Decoder(Renewal)
_decode_nothing = msgspec.json.Decoder(Nothing)


async def hold_places(request: web.Request) -> web.Response:
    """201 held until `expires_at`, 202 not decided yet, 409 refused."""
    began = asyncio.get_running_loop().time()
    desk = request.app[DESK]
    actor = await desk.actor(request)
    body = await read_body(request, _decode_new)
    head = desk.head(request, actor, body)
    command = HoldPlaces(
        owner_id=actor.id,
        places=tuple(PlaceWish(slot_id=place.slot_id) for place in body.places),
        ttl_seconds=body.ttl_seconds,
        **head,
    )
    home = await _home(desk.memory, body)
    return reply_to(await desk.answers.ask(command, home, began), command)


async def show_hold(request: web.Request) -> web.Response:
    """200 the hold; another's is as unknown as one that is not there."""
    desk = request.app[DESK]
    actor = await desk.actor(request)
    return shown(request, hold_body(await _own_hold(request, desk, actor)))


async def renew_hold(request: web.Request) -> web.Response:
    """200 kept longer, if all of it was still there."""
    began = asyncio.get_running_loop().time()
    desk = request.app[DESK]
    actor = await desk.actor(request)
    body = await read_body(request, _decode_renewal)
    head = desk.head(request, actor, body)
    hold = await _own_hold(request, desk, actor)
    need(hold_unready(hold))
    command = RenewHold(booking_id=hold.id, ttl_seconds=body.ttl_seconds, **head)
    return reply_to(await desk.answers.ask(command, hold.home, began), command, hold)


async def release_hold(request: web.Request) -> web.Response:
    """200 given back; its places are free again."""
    began = asyncio.get_running_loop().time()
    desk = request.app[DESK]
    actor = await desk.actor(request)
    body = await read_body(request, _decode_nothing)
    head = desk.head(request, actor, body)
    hold = await _own_hold(request, desk, actor)
    need(hold_unready(hold))
    command = ReleaseHold(booking_id=hold.id, **head)
    return reply_to(await desk.answers.ask(command, hold.home, began), command, hold)


async def _home(memory: Memory, body: NewHold) -> int:
    slot_id = body.places[0].slot_id
    return home_for(slot_id, await memory.slots([slot_id]))


async def _own_hold(request: web.Request, desk: Desk, actor: Actor) -> Booking:
    """What was a hold once stays one here; what was booked at once never was."""
    hold = owned_by(actor, await desk.bookings.own(actor.id, path_id(request, "hold")))
    if hold is None or (hold.kind == "booking" and hold.expires_at is None):
        raise not_found("hold")
    return hold


UNDECIDED = Answer(
    "It is not decided yet: look at Location until it is.", HoldBody, headers=("Location",)
)

ROUTES = [
    Route(
        "POST",
        "/api/v1/holds",
        hold_places,
        tag="holds",
        roles=ROLES,
        body=NewHold,
        needs_key=True,
        answers={
            201: Answer("The places are held.", HoldBody, headers=("Location",)),
            202: UNDECIDED,
        },
        problems=(*SLOT, *REFEREE),
    ),
    Route(
        "GET",
        "/api/v1/holds/{id}",
        show_hold,
        tag="holds",
        roles=ROLES,
        answers={
            200: Answer("The hold.", HoldBody, headers=("ETag", "Cache-Control")),
            304: UNCHANGED,
        },
    ),
    Route(
        "POST",
        "/api/v1/holds/{id}/renew",
        renew_hold,
        tag="holds",
        roles=ROLES,
        body=Renewal,
        needs_key=True,
        answers={200: Answer("It is kept longer.", HoldBody), 202: UNDECIDED},
        problems=(*HOLD, *REFEREE),
    ),
    Route(
        "DELETE",
        "/api/v1/holds/{id}",
        release_hold,
        tag="holds",
        roles=ROLES,
        body=Nothing,
        needs_key=True,
        answers={200: Answer("It is given back.", HoldBody), 202: UNDECIDED},
        problems=(*HOLD, *REFEREE),
    ),
]
