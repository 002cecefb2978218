"""Whom may an account book for besides its owner, and what is known of them?"""

from uuid import UUID

import msgspec
from aiohttp import web

from services.booking.api.desk import DESK, Desk, problem_of, wish_id
from services.booking.api.me import (
    NO_STORE,
    PROFILE,
    NewProfile,
    PersonBody,
    changed,
    person_body,
    read_profile,
)
from services.booking.rules.families import Kind, State
from services.booking.rules.profiles import NOTHING_KNOWN, Profile
from services.booking.rules.refusals import TOLD
from services.booking.store import Proposal, Relation
from services.booking.store.relations import Proposed, Said
from shared.access.entries import Touch
from shared.openapi import Answer, Route
from shared.policy import Allowed, allowed
from shared.problems import Problem
from shared.web import body_hash, json_response, path_id, read_body


class NewDependant(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """The body of `POST /me/dependants`: a dependant is an id, and what is known of it is said

    afterwards, under that id. An adult who has an account is named by their own id.
    """

    kind: Kind = "child"
    person_id: UUID | None = None


class Dependant(msgspec.Struct, frozen=True):
    """A dependant as it is made."""

    id: UUID


class DependantBody(PersonBody, frozen=True, kw_only=True):
    """A dependant as they are shown; only what is `accepted` may be booked for."""

    kind: Kind
    state: State

    def __repr__(self) -> str:
        return f"DependantBody({self.id})"


class DependantList(msgspec.Struct, frozen=True, kw_only=True):
    """All of one's dependants: there are few."""

    dependants: list[DependantBody]


_decode_new = msgspec.json.Decoder(NewDependant)


async def add_dependant(request: web.Request) -> web.Response:
    """201 the id to book for, for an adult once they agree; 409 where there are as many as may be.

    It is the same answer whether anybody has the id of that adult.
    """
    desk, actor = request.app[DESK], allowed(request).actor
    body = await read_body(request, _decode_new)
    if body.kind == "child" and body.person_id is not None:
        raise Problem(422, "invalid_body", "A child gets an id; person_id is for an adult.")
    wish, hashed = wish_id(request), body_hash(request.path, body)
    dependant = Dependant(wish if body.person_id is None else desk.identities.who(body.person_id))
    desk.access.note(request, [actor.id, dependant.id], about=dependant.id)
    made: Proposed
    if body.kind == "child":
        made = await desk.patients.make_dependant(
            actor.id, dependant.id, body_hash=hashed, dependants_max=desk.dependants_max
        )
    else:
        if dependant.id == actor.id:
            raise Problem(422, "invalid_body", "Nobody has to agree to act for themselves.")
        made = await desk.relations.propose(
            Proposal(
                id=wish,
                body_hash=hashed,
                proxy_ids=desk.identities.ids(actor.id),
                person_ids=desk.identities.ids(dependant.id),
                made_person=body.person_id is None,
            ),
            dependants_max=desk.dependants_max,
        )
    _need_made(made, desk.dependants_max)
    return json_response(dependant, status=201)


def _need_made(made: Proposed, dependants_max: int) -> None:
    match made:
        case "made":
            pass
        case "key_reused":
            raise problem_of(TOLD["key_reused"])
        case "exists":
            raise Problem(
                409, "relation_exists", "You have asked this person before, and it is not over."
            )
        case "too_many":
            raise Problem(
                409, "too_many_dependants", f"There may be {dependants_max} of them at most."
            )


async def list_dependants(request: web.Request) -> web.Response:
    """200 one's dependants, children first; an empty list is an answer."""
    desk, actor = request.app[DESK], allowed(request).actor
    ids = desk.identities.ids(actor.id)
    children = await desk.families.children(actor.id, desk.clock.now())
    adults = [one for one in await desk.relations.of_proxy(ids) if one.state != "withdrawn"]
    desk.access.note(request, [actor.id, *children, *(one.person_id for one in adults)])
    agreed = [one.person_id for one in adults if one.state == "accepted"]
    known = await desk.profiles.own(ids, agreed) if agreed else {}
    bodies = [_child_body(one, profile) for one, profile in children.items()]
    bodies += [_adult_body(desk, one, known.get(one.person_id)) for one in adults]
    return json_response(DependantList(dependants=bodies), headers=NO_STORE)


async def change_dependant(request: web.Request) -> web.Response:
    """200 what is known of the caller's dependant from now on; asked twice it is the same.

    Of an adult who may have an account nobody else says anything.
    """
    desk, who = request.app[DESK], allowed(request)
    asked_id = desk.identities.who(path_id(request, "dependant"))
    children = await desk.families.children(who.actor.id, desk.clock.now())
    adult = None if asked_id in children else await _own_adult(desk, who, asked_id)
    is_theirs = asked_id in children or (adult is not None and _is_told_of(adult, asked_id))
    kin = Kin(id=asked_id, owner_id=who.actor.id)
    dependant = who.own("dependant", kin if is_theirs else None)
    profile = await read_profile(request, desk)
    desk.access.note(request, [who.actor.id, dependant.id], about=dependant.id)
    await changed(desk, dependant.id, profile)
    desk.families.forget(dependant.id)
    if adult is None:
        return json_response(_child_body(dependant.id, profile), headers=NO_STORE)
    return json_response(_adult_body(desk, adult, profile), headers=NO_STORE)


async def give_up_dependant(request: web.Request) -> web.Response:
    """200 from now on the caller does nothing for this adult, and sees nothing of theirs."""
    desk, who = request.app[DESK], allowed(request)
    asked_id = desk.identities.who(path_id(request, "dependant"))
    person_ids = desk.identities.ids(asked_id)
    found = [
        one
        for one in await desk.relations.of_proxy(desk.identities.ids(who.actor.id))
        if one.person_id in person_ids
    ]
    kin = Kin(id=asked_id, owner_id=who.actor.id)
    who.own("dependant", kin if found else None)
    desk.access.note(request, [who.actor.id, asked_id], about=asked_id)
    for one in found:
        if one.state != "withdrawn":
            await desk.relations.say(one.id, Said(saying="give up", by_id=who.actor.id))
    return json_response(Dependant(asked_id), headers=NO_STORE)


async def _own_adult(desk: Desk, who: Allowed, asked_id: UUID) -> Relation | None:
    """The relation by which the caller acts for this adult at this moment."""
    for one in await desk.relations.of_proxy(desk.identities.ids(who.actor.id)):
        if one.state == "accepted" and desk.identities.who(one.person_id) == asked_id:
            return one
    return None


def _is_told_of(relation: Relation, person_id: UUID) -> bool:
    """An adult whom the proposal made, and who is not known to be anybody with an account."""
    return relation.made_person and relation.person_id == person_id


def _child_body(person_id: UUID, profile: Profile) -> DependantBody:
    return DependantBody(
        kind="child", state="accepted", **msgspec.structs.asdict(person_body(person_id, profile))
    )


def _adult_body(desk: Desk, relation: Relation, known: Profile | None) -> DependantBody:
    """Of an adult with an account of their own nothing is shown but what they are called."""
    person_id, profile = desk.identities.who(relation.person_id), known or NOTHING_KNOWN
    if not _is_told_of(relation, person_id):
        profile = Profile(name=profile.name)
    return DependantBody(
        kind="adult",
        state=relation.state,
        **msgspec.structs.asdict(person_body(person_id, profile)),
    )


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
        problems=("too_many_dependants", "relation_exists"),
        touches=FAMILY,
    ),
    Route(
        "GET",
        "/api/v1/me/dependants",
        list_dependants,
        tag="dependants",
        answers={
            200: Answer(
                "One's dependants, children first.", DependantList, headers=("Cache-Control",)
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
        answers={200: Answer("It is known.", DependantBody, headers=("Cache-Control",))},
        touches=Touch("dependant", PROFILE),
    ),
    Route(
        "DELETE",
        "/api/v1/me/dependants/{id}",
        give_up_dependant,
        tag="dependants",
        answers={200: Answer("It is over.", Dependant, headers=("Cache-Control",))},
        touches=FAMILY,
    ),
]
