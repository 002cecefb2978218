"""How does somebody wait in a campaign's line, and when is it their turn?"""

from datetime import datetime, timedelta
from random import Random
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from services.booking.admission.joining import NotOpenError, TooManyComeError
from services.booking.api.desk import DESK, Desk, Nothing
from services.booking.api.me import NO_STORE
from services.booking.api.rooms import ROOM, known_room
from services.booking.rules.line import Room, State, Wait, is_turn, state_of, wait_of
from services.booking.rules.tickets import Slip, slip_of, text_of
from shared.access.entries import Touch
from shared.links.rules import Keys
from shared.messages import Instant
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem, unavailable
from shared.web import json_response, path_id, read_body

SOON_SECONDS = 2
LATER_SECONDS = 30
"""Between these, by chance, people are asked to look again: all at once would be a rush."""

ASK_PER_SECOND = 2_000
"""So many a second come for their places once these are drawn; the more wait, the longer."""

_chance = Random()  # of this process alone: a pause is no secret


class TicketBody(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's place in line, which is nobody else's; before the draw it has no number.

    `look_again_seconds` is when to ask how far the line is. `places_left` is how many places are
    free; `is_scarce`, that no more are than people ahead, so that there may be none at one's turn.
    """

    campaign_id: UUID
    state: State
    place: int | None
    ahead: int | None
    wait: Wait | None
    places_left: int | None
    is_scarce: bool | None
    ticket: str
    look_again_seconds: int


class Turn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /campaigns/{id}/waiting-room/passes`: the ticket says who asks."""

    ticket: Annotated[str, Meta(max_length=200)]

    def __repr__(self) -> str:
        return "Turn(...)"


class PassBody(msgspec.Struct, frozen=True, kw_only=True):
    """It is their turn: `Authorization: Pass ...` books and holds until then."""

    admission_pass: str
    until: Instant


_decode_turn = msgspec.json.Decoder(Turn)
_decode_nothing = msgspec.json.Decoder(Nothing)


async def join_room(request: web.Request) -> web.Response:
    """200 one's ticket: the same place however often it is asked for, from wherever."""
    desk, actor = request.app[DESK], allowed(request).actor
    campaign_id = path_id(request, "campaign")
    await read_body(request, _decode_nothing)
    room = allowed(request).anybody_s("waiting room", desk.waiting.lines.room(campaign_id))
    keys = _keys(desk)
    desk.access.note(request, [actor.id])
    try:
        place = await desk.waiting.joining.join(campaign_id, actor.id)
    except NotOpenError as error:
        raise Problem(
            409, "room_not_open", "The waiting room is not open now.", opens_at=room.opens_at
        ) from error
    except TooManyComeError as error:
        raise unavailable("Too many come at this moment.") from error
    now = desk.clock.now()
    slip = Slip(
        kind="ticket",
        person_id=actor.id,
        campaign_id=campaign_id,
        place=place or 0,
        until=now + timedelta(seconds=desk.waiting.ticket_seconds),
    )
    body = _ticket_body(desk, room, slip, text_of(slip, keys), now)
    return json_response(body, headers=NO_STORE)


async def come_in(request: web.Request) -> web.Response:
    """200 a pass, if it is their turn; 409 with how long it may take. The ticket says who asks."""
    desk = request.app[DESK]
    body = await read_body(request, _decode_turn)
    room = known_room(desk, path_id(request, "campaign"))
    keys = _keys(desk)
    ticket = slip_of(body.ticket, "ticket", keys, desk.clock.now())
    if ticket is None or ticket.campaign_id != room.campaign_id:
        raise Problem(422, "ticket_invalid", "This ticket is not valid here; ask for it again.")
    desk.access.note(request, [ticket.person_id], holder=ticket.person_id)
    if ticket.place == 0 or not is_turn(room, ticket.place):
        wait = wait_of(max(ticket.place - int(room.serving), 1), desk.waiting.lines.pace(room))
        raise Problem(
            409,
            "not_your_turn",
            "It is not your turn yet; nobody comes in before those who are ahead.",
            headers={"Retry-After": str(_look_again(wait))},
        )
    until = desk.clock.after(desk.waiting.pass_seconds)
    slip = msgspec.structs.replace(ticket, kind="pass", until=until)
    return json_response(
        PassBody(admission_pass=text_of(slip, keys), until=slip.until), headers=NO_STORE
    )


def _keys(desk: Desk) -> Keys:
    if desk.link_keys is None:
        raise unavailable("This front desk has no keys to sign tickets with.")
    return desk.link_keys


def _ticket_body(desk: Desk, room: Room, slip: Slip, ticket: str, now: datetime) -> TicketBody:
    state = state_of(room, now)
    ahead = max(0, slip.place - 1 - int(room.serving)) if slip.place else None
    wait = None if ahead is None else desk.waiting.lines.wait_for(room, slip.place)
    left = desk.waiting.left.of(room.service)
    seconds = _look_again(wait) if slip.place else _once_it_is_drawn(room, now)
    return TicketBody(
        campaign_id=room.campaign_id,
        state=state,
        place=slip.place or None,
        ahead=ahead,
        wait=wait,
        places_left=left,
        is_scarce=None if left is None or ahead is None else left <= ahead,
        ticket=ticket,
        look_again_seconds=seconds,
    )


def _once_it_is_drawn(room: Room, now: datetime) -> int:
    """Not all at once: everybody who came early wants to know their place then."""
    until = max(0, round((room.draws_at - now).total_seconds()))
    return until + _chance.randint(SOON_SECONDS, SOON_SECONDS + room.arrivals // ASK_PER_SECOND)


def _look_again(wait: Wait | None) -> int:
    """By chance, and not before it could be time."""
    if wait is None:
        return _chance.randint(SOON_SECONDS, LATER_SECONDS)
    least = max(SOON_SECONDS, min(wait.low_seconds // 2, LATER_SECONDS))
    return _chance.randint(least, max(least, min(2 * least, LATER_SECONDS)))


PLACE = Touch("place in line", ("place",))

ROUTES = [
    Route(
        "POST",
        f"{ROOM}/tickets",
        join_room,
        tag="waiting rooms",
        body=Nothing,
        answers={200: Answer("One's place.", TicketBody, headers=("Cache-Control",))},
        problems=("room_not_open",),
        touches=PLACE,
    ),
    Route(
        "POST",
        f"{ROOM}/passes",
        come_in,
        tag="waiting rooms",
        body=Turn,
        answers={200: Answer("It is their turn.", PassBody, headers=("Cache-Control",))},
        problems=("ticket_invalid", "not_your_turn"),
        touches=PLACE,
    ),
]
