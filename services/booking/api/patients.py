"""Whom may an account book for besides its owner, and what is known of them?"""

from uuid import UUID

import msgspec
from aiohttp import web

from services.booking.api.desk import DESK, ROLES, problem_of, wish_id
from services.booking.api.me import (
    NO_STORE,
    NewProfile,
    PersonBody,
    changed,
    person_body,
    read_profile,
)
from services.booking.rules.profiles import NOTHING_KNOWN
from services.booking.rules.refusals import TOLD
from shared.openapi import Answer, Route
from shared.problems import Problem, not_found
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
    desk = request.app[DESK]
    actor = await desk.actor(request)
    body = await read_body(request, _decode_new)
    dependant = Dependant(wish_id(request, actor))
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
    desk = request.app[DESK]
    actor = await desk.actor(request)
    dependants = await desk.patients.dependants_of(*desk.identities.ids(actor.id))
    known = await desk.profiles.load(dependants)
    bodies = [person_body(one, known.get(one, NOTHING_KNOWN)) for one in dependants]
    return json_response(DependantList(dependants=bodies), headers=NO_STORE)


async def change_dependant(request: web.Request) -> web.Response:
    """200 what is known of one's dependant from now on; asked twice it is the same."""
    desk = request.app[DESK]
    actor = await desk.actor(request)
    dependant_id = desk.identities.who(path_id(request, "dependant"))
    profile = await read_profile(request, desk)
    own = await desk.memory.may_book_for(actor.id, dependant_id)
    if not own or dependant_id == actor.id:
        raise not_found("dependant")
    return json_response(await changed(desk, dependant_id, profile), headers=NO_STORE)


ROUTES = [
    Route(
        "POST",
        "/api/v1/me/dependants",
        add_dependant,
        tag="dependants",
        roles=ROLES,
        body=NewDependant,
        needs_key=True,
        answers={201: Answer("One may book for it.", Dependant)},
        problems=("too_many_dependants",),
    ),
    Route(
        "GET",
        "/api/v1/me/dependants",
        list_dependants,
        tag="dependants",
        roles=ROLES,
        answers={
            200: Answer(
                "One's dependants, oldest first.", DependantList, headers=("Cache-Control",)
            )
        },
    ),
    Route(
        "PUT",
        "/api/v1/me/dependants/{id}",
        change_dependant,
        tag="dependants",
        roles=ROLES,
        body=NewProfile,
        answers={200: Answer("It is known.", PersonBody, headers=("Cache-Control",))},
    ),
]
