"""Whom may an account book for besides its owner, and what is known of them?"""

from uuid import UUID

import msgspec
from aiohttp import web

from services.booking.api.desk import DESK, problem_of, wish_id
from services.booking.api.me import (
    NO_STORE,
    PROFILE,
    NewProfile,
    PersonBody,
    changed,
    person_body,
    read_profile,
)
from services.booking.rules.profiles import NOTHING_KNOWN
from services.booking.rules.refusals import TOLD
from shared.access.entries import Touch
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem
from shared.web import body_hash, json_response, path_id, read_body


class NewDependant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /me/dependants`: a dependant is an id, and what is known of it is said

    afterwards, under that id.
    """


class Dependant(msgspec.Struct, frozen=True):
    """A dependant as it is made."""

    id: UUID


class DependantList(msgspec.Struct, frozen=True, kw_only=True):
    """All of one's dependants: there are few."""

    dependants: list[PersonBody]


_decode_new = msgspec.json.Decoder(NewDependant)


async def add_dependant(request: web.Request) -> web.Response:
    """201 the id to book for; 409 where there are as many as there may be."""
    desk, actor = request.app[DESK], allowed(request).actor
    body = await read_body(request, _decode_new)
    dependant = Dependant(wish_id(request))
    desk.access.note(request, [actor.id, dependant.id], about=dependant.id)
    made = await desk.patients.make_dependant(
        actor.id,
        dependant.id,
        body_hash=body_hash(request.path, body),
        dependants_max=desk.dependants_max,
    )
    match made:
        case "made":
            return json_response(dependant, status=201)
        case "key_reused":
            raise problem_of(TOLD["key_reused"])
        case "too_many":
            raise Problem(
                409, "too_many_dependants", f"There may be {desk.dependants_max} of them at most."
            )


async def list_dependants(request: web.Request) -> web.Response:
    """200 one's dependants, oldest first; an empty list is an answer."""
    desk, actor = request.app[DESK], allowed(request).actor
    dependants = await desk.patients.dependants_of(desk.identities.ids(actor.id))
    desk.access.note(request, [actor.id, *dependants])
    known = await desk.profiles.own(desk.identities.ids(actor.id), dependants)
    bodies = [person_body(one, known.get(one, NOTHING_KNOWN)) for one in dependants]
    return json_response(DependantList(dependants=bodies), headers=NO_STORE)


async def change_dependant(request: web.Request) -> web.Response:
    """200 what is known of the caller's dependant from now on; asked twice it is the same."""
    desk, who = request.app[DESK], allowed(request)
    asked_id = desk.identities.who(path_id(request, "dependant"))
    is_theirs = await desk.memory.is_guardian(who.actor.id, asked_id)
    kin = Kin(id=asked_id, owner_id=who.actor.id)
    dependant = who.own("dependant", kin if is_theirs else None)
    profile = await read_profile(request, desk)
    desk.access.note(request, [who.actor.id, dependant.id], about=dependant.id)
    return json_response(await changed(desk, dependant.id, profile), headers=NO_STORE)


class Kin(msgspec.Struct, frozen=True):
    """A dependant, and whose."""

    id: UUID
    owner_id: UUID


FAMILY = Touch("dependant", ("guardian",))

ROUTES = [
    Route(
        "POST",
        "/api/v1/me/dependants",
        add_dependant,
        tag="dependants",
        body=NewDependant,
        needs_key=True,
        answers={201: Answer("One may book for it.", Dependant)},
        problems=("too_many_dependants",),
        touches=FAMILY,
    ),
    Route(
        "GET",
        "/api/v1/me/dependants",
        list_dependants,
        tag="dependants",
        answers={
            200: Answer(
                "One's dependants, oldest first.", DependantList, headers=("Cache-Control",)
            )
        },
        touches=Touch("dependant", ("guardian", *PROFILE)),
    ),
    Route(
        "PUT",
        "/api/v1/me/dependants/{id}",
        change_dependant,
        tag="dependants",
        body=NewProfile,
        answers={200: Answer("It is known.", PersonBody, headers=("Cache-Control",))},
        touches=Touch("dependant", PROFILE),
    ),
]
