"""Whom does a clinic have to tell by itself, since no address leads to them? A list to call from.

It has ids alone: who somebody is, and their telephone, the front desk knows, as of who is in the
clinic's day. Each call is noted by who made it, once.
"""

import csv
import io
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from services.notify.api.desk import DESK
from services.notify.rules import Language, State
from services.notify.rules.calls import Called
from services.notify.store import Call
from services.notify.texts import short
from shared.access.entries import CARE, Touch
from shared.openapi import Answer, Route
from shared.openapi.routes import CSV
from shared.policy import allowed
from shared.problems import Problem, not_found
from shared.web import Page, cursor_after, cursor_of, json_response, path_id, read_body, read_query

NOTE_LENGTH_MAX = 200
DIGITS_MAX = 18
DEFAULT_LANGUAGE: Language = "ru"
"""In which somebody is spoken to of whom nobody knows better."""

STATES: dict[str, tuple[State, ...]] = {"open": ("sent",), "done": ("delivered", "failed")}
PRIVATE = {"Cache-Control": "private, no-store"}
COLUMNS = ("id", "booking_id", "patient_id", "until", "text", "perhaps_again")


class CallQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which calls are asked for."""

    status: Annotated[
        Literal["open", "done"], Meta(description="Whom to call, or what became of it.")
    ] = "open"


class CallBody(msgspec.Struct, frozen=True, kw_only=True):
    """One call. `text` is what to say, in the patient's language; `until` when it is too late to.

    `perhaps_again`: they were written to, and nobody knows whether it arrived. Who a patient is,
    and where they can be called, the front desk knows by `patient_id`.
    """

    id: UUID
    booking_id: UUID
    patient_id: UUID
    about: str
    language: Language
    text: str
    perhaps_again: bool
    written_at: datetime
    until: datetime
    fate: Called | None
    settled_at: datetime | None
    settled_by: UUID | None
    note: str | None


class CallsBody(msgspec.Struct, frozen=True, kw_only=True):
    """A clinic's calls, the oldest first; with a cursor where there may be more."""

    calls: list[CallBody]
    cursor: str | None


class CallWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of a call: they know of it, or nobody could tell them."""

    fate: Called
    note: Annotated[str, Meta(max_length=NOTE_LENGTH_MAX)] = ""


_decode_wish = msgspec.json.Decoder(CallWish)


async def list_calls(request: web.Request) -> web.Response:
    """200 whom to call; an empty list is an answer."""
    found, cursor = await _listed(request)
    body = CallsBody(calls=[_shown(call) for call in found], cursor=cursor)
    return json_response(body, headers=PRIVATE)


async def print_calls(request: web.Request) -> web.Response:
    """200 the same as a table to print: CSV in UTF-8. A `Link` says where to go on, if anywhere."""
    found, cursor = await _listed(request)
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(COLUMNS)
    for call in map(_shown, found):
        cells = [getattr(call, column) for column in COLUMNS]
        rows.writerow([_cell(cell) for cell in cells])
    headers = dict(PRIVATE)
    if cursor is not None:
        following = request.rel_url.update_query(cursor=cursor)
        headers["Link"] = f'<{following}>; rel="next"'
    return web.Response(text=table.getvalue(), content_type=CSV, charset="utf-8", headers=headers)


async def settle_call(request: web.Request) -> web.Response:
    """200 it is noted, by whom and when; said again it is the same. 409 another said otherwise."""
    desk, actor = request.app[DESK], allowed(request).actor
    clinic_id, event_id = path_id(request, "clinic"), path_id(request, "call", "call")
    wish = await read_body(request, _decode_wish)
    call = await desk.calls.settle(clinic_id, event_id, wish.fate, by=actor.id, note=wish.note)
    if call is None:
        raise not_found("call")
    desk.access.note(request, [call.owner_id], about=call.booking_id, reason=CARE)
    if (call.state, call.settled_by) != (wish.fate, actor.id):
        raise Problem(409, "call_settled", f"It was noted already that this call is {call.state}.")
    return json_response(_shown(call), headers=PRIVATE)


async def _listed(request: web.Request) -> tuple[list[Call], str | None]:
    desk, clinic_id = request.app[DESK], path_id(request, "clinic")
    asked = read_query(request, CallQuery)
    after = cursor_of(request, (str,))
    found = await desk.calls.of_clinic(
        clinic_id,
        STATES[asked.status],
        after=_number(after[0]) if after else 0,
        limit=asked.limit,
    )
    persons = {call.owner_id for call in found}
    desk.access.note(request, persons, about=clinic_id, reason=CARE)
    is_full = len(found) == asked.limit
    return found, cursor_after(str(found[-1].place)) if is_full else None


def _number(text: str) -> int:
    if not text.isdigit() or len(text) > DIGITS_MAX:
        raise Problem(422, "invalid_query", "The cursor is not one that was given out.")
    return int(text)


def _shown(call: Call) -> CallBody:
    language = call.language or DEFAULT_LANGUAGE
    fate: Called | None = call.state if call.state in ("delivered", "failed") else None
    return CallBody(
        id=call.event.id,
        booking_id=call.booking_id,
        patient_id=call.owner_id,
        about=type(call.event).__name__,
        language=language,
        text=short(call.event, language, perhaps_again=call.perhaps_again),
        perhaps_again=call.perhaps_again,
        written_at=call.written_at,
        until=call.expires_at,
        fate=fate,
        settled_at=call.settled_at if fate else None,
        settled_by=call.settled_by,
        note=call.note,
    )


def _cell(value: object) -> str:
    """A table is opened by programs that reckon with what begins like a formula."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


TOUCH = Touch("call", ("status", "places"))
LISTED = ("Cache-Control",)

ROUTES = [
    Route(
        "GET",
        "/api/v1/clinics/{id}/call-list",
        list_calls,
        tag="calls",
        query=CallQuery,
        answers={200: Answer("The calls, the oldest first.", CallsBody, headers=LISTED)},
        touches=TOUCH,
    ),
    Route(
        "GET",
        "/api/v1/clinics/{id}/call-list.csv",
        print_calls,
        tag="calls",
        query=CallQuery,
        answers={200: Answer("The calls as a table.", str, headers=LISTED, media=CSV)},
        touches=TOUCH,
    ),
    Route(
        "POST",
        "/api/v1/clinics/{id}/call-list/{call}",
        settle_call,
        tag="calls",
        body=CallWish,
        answers={200: Answer("It is noted.", CallBody, headers=LISTED)},
        problems=("call_settled",),
        touches=TOUCH,
    ),
]
