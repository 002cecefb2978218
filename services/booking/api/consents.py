"""To what does a person agree? Each kind in a version of its words, given and withdrawn."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from services.booking.api.desk import DESK, Desk
from services.booking.rules.consents import NEWEST, Kind, Standing, standings
from shared.access.entries import Touch
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem
from shared.web import json_response, read_body


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `PUT /me/consents`: agree to the words of this version, or do not any more."""

    kind: Kind
    version: Annotated[int, Meta(ge=1, le=1_000_000)]
    given: bool


class ConsentList(msgspec.Struct, frozen=True, kw_only=True):
    """How a person stands to each kind there is."""

    consents: list[Standing]


_decode_said = msgspec.json.Decoder(Said)


async def show_consents(request: web.Request) -> web.Response:
    """200 how the caller stands to each kind, as they said last."""
    desk, actor = request.app[DESK], allowed(request).actor
    desk.access.note(request, [actor.id])
    return await _shown(desk, desk.identities.ids(actor.id))


async def change_consent(request: web.Request) -> web.Response:
    """200 how the caller stands to each kind now; 422 where the words are no longer in force."""
    desk, actor = request.app[DESK], allowed(request).actor
    said = await read_body(request, _decode_said)
    ids = desk.identities.ids(actor.id)
    desk.access.note(request, [actor.id])
    if not said.given:
        await desk.consents.withdraw(ids, said.kind)
    elif said.version != NEWEST[said.kind]:
        raise Problem(
            422,
            "consent_outdated",
            f"The words in force are version {NEWEST[said.kind]}; agree to those, or to none.",
        )
    else:
        await desk.consents.give(ids, said.kind, said.version)
    return await _shown(desk, ids)


async def _shown(desk: Desk, ids: Sequence[UUID]) -> web.Response:
    history = await desk.consents.history(ids)
    return json_response(
        ConsentList(consents=standings(history)), headers={"Cache-Control": "no-store"}
    )


TOUCH = Touch("consents", ("kind", "version", "given"))

ROUTES = [
    Route(
        "GET",
        "/api/v1/me/consents",
        show_consents,
        tag="persons",
        answers={200: Answer("Each kind.", ConsentList, headers=("Cache-Control",))},
        touches=TOUCH,
    ),
    Route(
        "PUT",
        "/api/v1/me/consents",
        change_consent,
        tag="persons",
        body=Said,
        answers={200: Answer("It is so.", ConsentList, headers=("Cache-Control",))},
        problems=("consent_outdated",),
        touches=TOUCH,
    ),
]
