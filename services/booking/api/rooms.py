"""How is a campaign's waiting room opened and closed, and how far is its line?"""

import secrets
from datetime import datetime
from random import SystemRandom
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from services.booking.api.answers import shown_to_all
from services.booking.api.desk import DESK, Desk, Nothing, problem_of, wish_id
from services.booking.rules.line import (
    SEED_BYTES,
    PerSecond,
    Room,
    State,
    hash_of,
    look_seconds,
    state_of,
)
from services.booking.rules.refusals import TOLD
from services.booking.rules.staff_door import SHARE, Share
from shared.messages import Instant
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem, not_found
from shared.web import body_hash, json_response, path_id, read_body

_chance = SystemRandom()


class NewRoom(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /campaigns/{id}/waiting-room`. Speeds are people a second: how many come in
    at least, whatever those inside have to bear, and at most. `staff_share` of them staff may bring
    in by their own door.
    """

    opens_at: Instant
    speed_min: PerSecond = 1.0
    speed_max: PerSecond = 100.0
    staff_share: Share | UnsetType = UNSET


class Speeds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `PATCH /campaigns/{id}/waiting-room`: people a second, at least and at most; of

    them staff keep their share where none is given.
    """

    speed_min: PerSecond
    speed_max: PerSecond
    staff_share: Share | UnsetType = UNSET


class RoomBody(msgspec.Struct, frozen=True, kw_only=True):
    """How far a line is: the same for everybody. Whose place is at most `serving` may come in.

    `seed_hash` is the SHA-256 of the seed, in hex; the seed itself is told after the draw.
    Speeds are people a second: `speed` now, `speed_min` and `speed_max` what a person has allowed;
    between `slow` and `fast` it is expected to move, so far as that is known. `places_left` is how
    many places are free, a second or two ago; null where nobody knows. `staff_share` of the speed
    is for staff who book for patients; what they do not use is the line's.
    """

    campaign_id: UUID
    service: str
    state: State
    opens_at: datetime
    draws_at: datetime
    seed_hash: str
    seed: str | None
    people: int
    early: int | None
    serving: int
    speed: float
    speed_min: float
    speed_max: float
    slow: float | None
    fast: float
    staff_share: float
    places_left: int | None
    as_of: datetime


_decode_new = msgspec.json.Decoder(NewRoom)
_decode_speeds = msgspec.json.Decoder(Speeds)
_decode_nothing = msgspec.json.Decoder(Nothing)


async def open_room(request: web.Request) -> web.Response:
    """201 the room, with the hash of its seed; 409 where there is one, or the campaign is open."""
    desk = request.app[DESK]
    campaign_id = path_id(request, "campaign")
    body = await read_body(request, _decode_new)
    wish, asked = wish_id(request), body_hash(request.path, body)
    before = await desk.waiting.rooms.made_by(wish)
    if before is None:
        allowed(request).anybody_s("campaign", await desk.memory.campaign(campaign_id))
        room = await _room_from(desk, campaign_id, body)
        if not await desk.waiting.rooms.make(room, wish, asked):
            before = await desk.waiting.rooms.made_by(wish)
            if before is None:
                raise Problem(409, "room_exists", "The campaign has a waiting room already.")
    if before is not None:
        allowed(request).anybody_s("campaign", before[0])
        if before[1] != asked:
            raise problem_of(TOLD["key_reused"])
    await desk.waiting.lines.look()
    return json_response(_room_body(desk, known_room(desk, campaign_id)), status=201)


async def change_room(request: web.Request) -> web.Response:
    """200 between these many people a second come in from now on."""
    desk = request.app[DESK]
    campaign_id = path_id(request, "campaign")
    body = await read_body(request, _decode_speeds)
    _need_order(body.speed_min, body.speed_max)
    share = None if body.staff_share is UNSET else body.staff_share
    speeds = (body.speed_min, body.speed_max)
    found = await desk.waiting.rooms.change_speed(campaign_id, *speeds, share)
    allowed(request).anybody_s("waiting room", found or None)
    await desk.waiting.lines.look()
    return json_response(_room_body(desk, known_room(desk, campaign_id)))


async def close_room(request: web.Request) -> web.Response:
    """200 nobody needs a pass there any more; asked again it is as it was."""
    desk = request.app[DESK]
    campaign_id = path_id(request, "campaign")
    await read_body(request, _decode_nothing)
    found = await desk.waiting.rooms.close(campaign_id)
    allowed(request).anybody_s("waiting room", found or None)
    await desk.waiting.lines.look()
    return json_response(_room_body(desk, known_room(desk, campaign_id)))


async def show_room(request: web.Request) -> web.Response:
    """200 how far the line is, as this process last saw it; the same for everybody.

    `Retry-After` is by chance, so that those who have looked together do not look together again.
    """
    desk = request.app[DESK]
    room = known_room(desk, path_id(request, "campaign"))
    least = look_seconds(room)
    again = {"Retry-After": str(_chance.randint(least, 2 * least))}
    body = _room_body(desk, room)
    return shown_to_all(request, body, but=replace(body, as_of=body.draws_at), more=again)


async def _room_from(desk: Desk, campaign_id: UUID, body: NewRoom) -> Room:
    campaign = await desk.memory.campaign(campaign_id)
    assert campaign is not None
    _need_order(body.speed_min, body.speed_max)
    if body.opens_at >= campaign.opens_at:
        raise Problem(422, "invalid_body", "A waiting room opens before its campaign does.")
    if campaign.opens_at <= desk.clock.now():
        raise Problem(409, "campaign_open", "The campaign is open; a room is made before that.")
    seed = secrets.token_bytes(SEED_BYTES)
    return Room(
        campaign_id=campaign_id,
        service=campaign.service,
        opens_at=body.opens_at,
        draws_at=campaign.opens_at,
        seed=seed,
        seed_hash=hash_of(seed),
        speed_min=body.speed_min,
        speed_max=body.speed_max,
        speed=body.speed_min,
        arrivals=0,
        early=None,
        drawn_at=None,
        serving=0.0,
        moved_at=None,
        staff_share=SHARE if body.staff_share is UNSET else body.staff_share,
    )


def _need_order(least: float, most: float) -> None:
    if least > most:
        raise Problem(422, "invalid_body", "speed_min is at most speed_max.")


def known_room(desk: Desk, campaign_id: UUID) -> Room:
    """The campaign's room, for a route that is for everybody."""
    room = desk.waiting.lines.room(campaign_id)
    if room is None:
        raise not_found("waiting room")
    return room


def _room_body(desk: Desk, room: Room) -> RoomBody:
    pace = desk.waiting.lines.pace(room)
    is_drawn = room.drawn_at is not None
    return RoomBody(
        campaign_id=room.campaign_id,
        service=room.service,
        state=state_of(room, desk.clock.now()),
        opens_at=room.opens_at,
        draws_at=room.draws_at,
        seed_hash=room.seed_hash.hex(),
        seed=room.seed.hex() if is_drawn else None,
        people=room.arrivals,
        early=room.early if is_drawn else None,
        serving=int(room.serving),
        speed=round(room.speed, 2),
        speed_min=room.speed_min,
        speed_max=room.speed_max,
        slow=None if pace.slow is None else round(pace.slow, 3),
        fast=round(pace.fast, 3),
        staff_share=room.staff_share,
        places_left=desk.waiting.left.of(room.service),
        as_of=desk.clock.now(),
    )


ROOM = "/api/v1/campaigns/{id}/waiting-room"
HEADERS = ("ETag", "Cache-Control")

ROUTES = [
    Route(
        "POST",
        ROOM,
        open_room,
        tag="waiting rooms",
        body=NewRoom,
        needs_key=True,
        answers={201: Answer("The room will open.", RoomBody)},
        problems=("room_exists", "campaign_open"),
    ),
    Route(
        "PATCH",
        ROOM,
        change_room,
        tag="waiting rooms",
        body=Speeds,
        answers={200: Answer("The line moves so fast from now on.", RoomBody)},
    ),
    Route(
        "DELETE",
        ROOM,
        close_room,
        tag="waiting rooms",
        body=Nothing,
        answers={200: Answer("Nobody needs a pass any more.", RoomBody)},
    ),
    Route(
        "GET",
        ROOM,
        show_room,
        tag="waiting rooms",
        answers={
            200: Answer("How far the line is.", RoomBody, headers=(*HEADERS, "Retry-After")),
            304: Answer(
                "Nothing but `as_of` is other than it was.", headers=(*HEADERS, "Retry-After")
            ),
        },
    ),
]
