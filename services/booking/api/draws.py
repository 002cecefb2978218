"""Was the draw of a waiting room a fair one? Anybody can check: without names, lots in order."""

from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from services.booking.api.answers import shown_to_all
from services.booking.api.desk import DESK
from services.booking.api.rooms import HEADERS, ROOM, known_room
from services.booking.rules.line import lot_of
from shared.openapi import Answer, Route
from shared.problems import Problem
from shared.web import path_id, read_query

LOTS_MAX = 1_000
"""How many lots of a draw are told at once."""


class FromPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of a draw is asked for."""

    place: Annotated[int, Meta(ge=1, description="The first place to tell of.")] = 1


class Lot(msgspec.Struct, frozen=True, kw_only=True):
    """One place of a draw and the lot that has it: the first 16 bytes of HMAC-SHA256, in hex."""

    place: int
    lot: str


class DrawBody(msgspec.Struct, frozen=True, kw_only=True):
    """A draw as anybody can check it, without names: lots in order. `next` is where it goes on."""

    campaign_id: UUID
    seed: str
    seed_hash: str
    people: int
    lots: list[Lot]
    next: int | None


async def show_draw(request: web.Request) -> web.Response:
    """200 the draw, for anybody to check; 409 before it has been made."""
    desk = request.app[DESK]
    first = read_query(request, FromPlace).place
    room = known_room(desk, path_id(request, "campaign"))
    if room.drawn_at is None or room.early is None:
        raise Problem(409, "not_drawn_yet", "The draw has not been made yet.")
    found = await desk.waiting.rooms.drawn(room.campaign_id, first, LOTS_MAX)
    more = len(found) == LOTS_MAX and found[-1][0] < room.early
    return shown_to_all(
        request,
        DrawBody(
            campaign_id=room.campaign_id,
            seed=room.seed.hex(),
            seed_hash=room.seed_hash.hex(),
            people=room.early,
            lots=[Lot(place=at, lot=lot_of(room.seed, one).hex()) for at, one in found],
            next=found[-1][0] + 1 if more else None,
        ),
    )


ROUTES = [
    Route(
        "GET",
        f"{ROOM}/draw",
        show_draw,
        tag="waiting rooms",
        query=FromPlace,
        answers={
            200: Answer("The draw.", DrawBody, headers=HEADERS),
            304: Answer("It is as the ETag in If-None-Match says.", headers=HEADERS),
        },
        problems=("not_drawn_yet",),
    ),
]
