"""What was somebody told, when, by what, and with which fate? And what nobody knows is settled."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from aiohttp import web

from services.notify.api.desk import DESK
from services.notify.rules import Channel, State, Told, freed_by, places_of
from services.notify.rules.messages import ReplyAnswer
from services.notify.rules.preferences import Kind, kind_of
from services.notify.store import TellingSeen
from services.notify.texts import FALLBACK, wording
from shared.access.entries import CARE, Touch
from shared.messages import BookedPlace, VisitTold
from shared.messages.words import ONE_LINE
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem
from shared.web import (
    Page,
    cursor_after,
    cursor_of,
    json_response,
    path_id,
    read_body,
    read_query,
)

NO_STORE = {"Cache-Control": "no-store"}
NOTE_LENGTH_MAX = 200

Note = Annotated[str, msgspec.Meta(min_length=1, max_length=NOTE_LENGTH_MAX, pattern=ONE_LINE)]


class ToldVisit(msgspec.Struct, frozen=True, kw_only=True):
    """A visit of which a message speaks; `freed`: as of one that the booking no longer has."""

    starts_at: datetime
    time_zone: str
    clinic_name: str
    freed: bool


class MessageBody(msgspec.Struct, frozen=True, kw_only=True):
    """One message to the person whose page it is. No address is in it.

    `tells` is the event's name, `kind` what it is about (`change` is the clinic's doing, and cannot
    be declined), `said` how the message began; of a `fate` that is settled, `settled_at` says since
    when.
    """

    event_id: UUID
    tells: str
    kind: Kind
    said: str
    visits: list[ToldVisit]
    channel: Channel
    fate: State
    perhaps_again: bool
    written_at: datetime
    settled_at: datetime | None


class MessageList(msgspec.Struct, frozen=True, kw_only=True):
    """Messages, the newest first; with a cursor where there may be more."""

    messages: list[MessageBody]
    cursor: str | None


class UnknownBody(MessageBody, frozen=True, kw_only=True):
    """A message of which nobody knows whether it was told."""

    person_id: UUID
    provider: str | None
    note: str


class UnknownList(msgspec.Struct, frozen=True, kw_only=True):
    """Such messages, the oldest first; with a cursor where there may be more."""

    messages: list[UnknownBody]
    cursor: str | None


class Settling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody found out, and how. `failed` lets the person's next channel tell it."""

    fate: Literal["delivered", "failed"]
    note: Note


_decode_settling = msgspec.json.Decoder(Settling)


async def list_own_messages(request: web.Request) -> web.Response:
    """200 what the caller was told, the newest first."""
    actor = allowed(request).actor
    request.app[DESK].access.note(request, [actor.id])
    return await _listed(request, actor.id)


async def list_patient_messages(request: web.Request) -> web.Response:
    """200 what the person of this id was told, the newest first; none is an answer."""
    # The messenger knows no patients, only who was told something: of anybody else it is nothing.
    person_id = allowed(request).anybody_s("patient", path_id(request, "patient"))
    request.app[DESK].access.note(request, [person_id], about=person_id, reason=CARE)
    return await _listed(request, person_id)


async def list_unknown_messages(request: web.Request) -> web.Response:
    """200 of which nobody knows whether they were told, the oldest first."""
    desk, page = request.app[DESK], read_query(request, Page)
    cursor = cursor_of(request, (int,))
    found = await desk.tellings.unknown(cursor[0] if cursor else None, page.limit)
    desk.access.note(request, [_owner_of(seen) for seen in found], reason=CARE)
    after = cursor_after(str(found[-1].id)) if len(found) == page.limit else None
    return json_response(
        UnknownList(messages=[_unknown(seen) for seen in found], cursor=after), headers=NO_STORE
    )


async def settle_message(request: web.Request) -> web.Response:
    """200 what became of it, which holds from now on; 409 where it is known to be otherwise."""
    desk, actor = request.app[DESK], allowed(request).actor
    event_id = path_id(request, "message")
    wish = await read_body(request, _decode_settling)
    seen = allowed(request).anybody_s("message", await desk.tellings.find(event_id))
    owner_id = _owner_of(seen)
    desk.access.note(request, [owner_id], about=seen.event.booking_id, reason=CARE)
    is_settled = await desk.receipts.settle(seen.id, wish.fate, actor.id, wish.note)
    # Said twice it is one word, and so it is where a receipt has said the same meanwhile.
    if not is_settled and seen.state != wish.fate:
        raise Problem(409, "message_settled", "What became of this message is known.")
    settled = msgspec.structs.replace(seen, state=wish.fate)
    return json_response(_shown(settled), headers=NO_STORE)


async def _listed(request: web.Request, person_id: UUID) -> web.Response:
    page, cursor = read_query(request, Page), cursor_of(request, (int,))
    before = cursor[0] if cursor else None
    found = await request.app[DESK].tellings.of_person(person_id, before, page.limit)
    after = cursor_after(str(found[-1].id)) if len(found) == page.limit else None
    body = MessageList(messages=[_shown(seen) for seen in found], cursor=after)
    return json_response(body, headers=NO_STORE)


def _shown(seen: TellingSeen) -> MessageBody:
    return MessageBody(**_parts(seen))


def _unknown(seen: TellingSeen) -> UnknownBody:
    return UnknownBody(
        **_parts(seen),
        person_id=_owner_of(seen),
        provider=seen.provider,
        note=seen.note,
    )


def _parts(seen: TellingSeen) -> dict[str, Any]:
    return {
        "event_id": seen.event.id,
        "tells": type(seen.event).__name__,
        "kind": kind_of(seen.event),
        "said": wording(seen.event, seen.language or FALLBACK).subject,
        "visits": _visits(seen.event),
        "channel": seen.channel,
        "fate": seen.state,
        "perhaps_again": seen.perhaps_again,
        "written_at": seen.written_at,
        "settled_at": seen.settled_at,
    }


def _visits(event: Told) -> list[ToldVisit]:
    """Those that the booking has after it, and those that it has no more; each by its time."""
    match event:
        # What changes no booking is of the visit that it speaks of.
        case VisitTold():
            places: Sequence[BookedPlace] = (event.place,)
        case ReplyAnswer():
            places = event.places
        case _:
            places = places_of(event)
    told = [*((place, False) for place in places), *((place, True) for place in freed_by(event))]
    return [
        ToldVisit(
            starts_at=place.starts_at,
            time_zone=place.time_zone,
            clinic_name=place.clinic_name,
            freed=freed,
        )
        for place, freed in sorted(told, key=lambda one: one[0].starts_at)
    ]


def _owner_of(seen: TellingSeen) -> UUID:
    return seen.event.owner_id


TOUCH = Touch("messages", ("messages",))
LISTED = Answer("The messages, the newest first.", MessageList, headers=("Cache-Control",))

ROUTES = [
    Route(
        "GET",
        "/api/v1/me/messages",
        list_own_messages,
        tag="messages",
        query=Page,
        answers={200: LISTED},
        touches=TOUCH,
    ),
    Route(
        "GET",
        "/api/v1/patients/{id}/messages",
        list_patient_messages,
        tag="messages",
        query=Page,
        answers={200: LISTED},
        touches=TOUCH,
    ),
    Route(
        "GET",
        "/api/v1/messages/unknown",
        list_unknown_messages,
        tag="messages",
        query=Page,
        answers={200: Answer("Those, the oldest first.", UnknownList, headers=("Cache-Control",))},
        touches=TOUCH,
    ),
    Route(
        "POST",
        "/api/v1/messages/{id}/settle",
        settle_message,
        tag="messages",
        body=Settling,
        answers={200: Answer("It holds.", MessageBody, headers=("Cache-Control",))},
        problems=("message_settled",),
        touches=TOUCH,
    ),
]
