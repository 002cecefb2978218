"""Who acts for whoever asks? Proposed, agreed to and taken back; at a clinic on paper."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID, uuid4

import msgspec
from aiohttp import web
from msgspec import Meta

from services.booking.api.desk import DESK, Desk
from services.booking.api.me import NO_STORE
from services.booking.rules.families import NEWEST_WORDS, State, is_of_age
from services.booking.rules.profiles import NOTHING_KNOWN, Profile
from services.booking.store import Proposal, Relation
from services.booking.store.relations import Said
from shared.access.entries import CARE, Touch
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem
from shared.web import body_hash, json_response, path_id, read_body


class Agreement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Agree to the words of this version, or do not, or not any more."""

    given: bool
    version: Annotated[int, Meta(ge=1, le=1_000_000)] = NEWEST_WORDS


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed to, when, and how: by signing in, or on paper at a clinic."""

    version: int
    at: datetime
    how: Literal["signed in", "on paper"]


class ProxyBody(msgspec.Struct, frozen=True, kw_only=True):
    """A relation as the person sees it for whom somebody acts, did, or would like to.

    `name` is what whoever it is is called, while it is of interest.
    """

    id: UUID
    proxy_id: UUID
    name: str | None
    state: State
    proposed_at: datetime
    changed_at: datetime
    consent: Consent | None


class ProxyList(msgspec.Struct, frozen=True, kw_only=True):
    """The newest hundred relations, and which version of the words is in force."""

    newest: int
    proxies: list[ProxyBody]


_decode_agreement = msgspec.json.Decoder(Agreement)


async def list_proxies(request: web.Request) -> web.Response:
    """200 who acts for the caller, or would like to, newest first; an empty list is an answer."""
    desk, actor = request.app[DESK], allowed(request).actor
    found = await desk.relations.of_person(desk.identities.ids(actor.id))
    desk.access.note(request, [actor.id, *(one.proxy_id for one in found)])
    bodies = await _bodies(desk, found)
    return json_response(ProxyList(newest=NEWEST_WORDS, proxies=bodies), headers=NO_STORE)


async def answer_proxy(request: web.Request) -> web.Response:
    """200 how it stands from now on. Once it is taken back nothing more is seen or done."""
    desk, who = request.app[DESK], allowed(request)
    relation_id = path_id(request, "relation")
    mine = desk.identities.ids(who.actor.id)
    found = [one for one in await desk.relations.of_person(mine) if one.id == relation_id]
    theirs = Theirs(owner_id=found[0].person_id) if found else None
    who.own("relation", theirs)
    body = await read_body(request, _decode_agreement)
    _need_newest(body)
    desk.access.note(request, [who.actor.id, found[0].proxy_id], about=relation_id)
    if body.given:
        known = await desk.profiles.own(mine, [who.actor.id])
        born = known.get(who.actor.id, NOTHING_KNOWN).birth_date
        if not is_of_age(born, desk.clock.now()):
            raise _not_of_age("Say first when you were born (PUT /api/v1/me).")
    said = Said(saying="agree" if body.given else "refuse", by_id=who.actor.id)
    return await _answered(desk, await desk.relations.say(relation_id, said))


async def note_proxy(request: web.Request) -> web.Response:
    """200 what a person has signed at a clinic is so, before the eyes of whoever notes it."""
    desk, who = request.app[DESK], allowed(request)
    person_id = desk.identities.who(path_id(request, "patient"))
    proxy_id = desk.identities.who(path_id(request, "patient", "proxy"))
    are_there = [await desk.people.is_known(one) for one in (person_id, proxy_id)]
    who.anybody_s("patient", person_id if all(are_there) else None)
    body = await read_body(request, _decode_agreement)
    _need_newest(body)
    desk.access.note(request, [person_id, proxy_id], about=person_id, reason=CARE)
    if who.actor.id in (person_id, proxy_id) or person_id == proxy_id:
        raise Problem(422, "witness_needed", "Whoever notes it is neither of the two.")
    pair = Proposal(
        id=uuid4(),
        body_hash=body_hash(request.path, body),
        proxy_ids=desk.identities.ids(proxy_id),
        person_ids=desk.identities.ids(person_id),
        made_person=False,
    )
    if not body.given:
        return await _answered(desk, await _taken_back(desk, pair, who.actor.id))
    born = (await desk.profiles.of(person_id)).birth_date
    is_child = born is None and await desk.patients.is_child(person_id)
    if is_child or (born is not None and not is_of_age(born, desk.clock.now())):
        raise _not_of_age("A child's guardian acts for it.")
    said = Said(saying="agree", by_id=who.actor.id, witness_id=who.actor.id)
    return await _answered(desk, await desk.relations.agree_on_paper(pair, said))


async def _taken_back(desk: Desk, pair: Proposal, by_id: UUID) -> Relation | None:
    """What is not over ends; under each of the ids that lead to the two there may be one."""
    ended: Relation | None = None
    while (found := await desk.relations.of_two(pair.proxy_ids, pair.person_ids)) is not None:
        said = await desk.relations.say(found, Said(saying="refuse", by_id=by_id))
        if said is None or said.state == "declined":
            return said
        ended = said
    return ended


class Theirs(msgspec.Struct, frozen=True):
    """A relation, as whose it is to answer."""

    owner_id: UUID


def _need_newest(body: Agreement) -> None:
    if body.given and body.version != NEWEST_WORDS:
        raise Problem(
            422,
            "consent_outdated",
            f"The words in force are version {NEWEST_WORDS}; agree to those, or to none.",
        )


def _not_of_age(what_then: str) -> Problem:
    return Problem(422, "not_of_age", f"Only an adult can agree to it. {what_then}")


async def _answered(desk: Desk, relation: Relation | None) -> web.Response:
    if relation is None:
        raise Problem(409, "relation_ended", "It is over; it has to be proposed anew.")
    [body] = await _bodies(desk, [relation])
    return json_response(body, headers=NO_STORE)


async def _bodies(desk: Desk, relations: Sequence[Relation]) -> list[ProxyBody]:
    """With the names of those whom one is to know: who asks one to agree, and who acts for one."""
    asking = [
        desk.identities.who(one.proxy_id)
        for one in relations
        if one.state in ("proposed", "accepted")
    ]
    known = await desk.profiles.load(asking) if asking else {}
    return [
        _body(desk, one, known if one.state in ("proposed", "accepted") else {})
        for one in relations
    ]


def _body(desk: Desk, relation: Relation, known: Mapping[UUID, Profile]) -> ProxyBody:
    consent, proxy_id = None, desk.identities.who(relation.proxy_id)
    if relation.consent_version is not None and relation.consented_at is not None:
        consent = Consent(
            version=relation.consent_version,
            at=relation.consented_at,
            how="signed in" if relation.witness_id is None else "on paper",
        )
    return ProxyBody(
        id=relation.id,
        proxy_id=proxy_id,
        name=known.get(proxy_id, NOTHING_KNOWN).name,
        state=relation.state,
        proposed_at=relation.proposed_at,
        changed_at=relation.changed_at,
        consent=consent,
    )


RELATION = Touch("relation", ("state", "consent_version", "consented_at", "witness"))

ROUTES = [
    Route(
        "GET",
        "/api/v1/me/proxies",
        list_proxies,
        tag="dependants",
        answers={200: Answer("Who acts for one.", ProxyList, headers=("Cache-Control",))},
        touches=RELATION,
    ),
    Route(
        "PUT",
        "/api/v1/me/proxies/{id}",
        answer_proxy,
        tag="dependants",
        body=Agreement,
        answers={200: Answer("It is so.", ProxyBody, headers=("Cache-Control",))},
        problems=("consent_outdated", "not_of_age", "relation_ended"),
        touches=RELATION,
    ),
    Route(
        "PUT",
        "/api/v1/patients/{id}/proxies/{proxy}",
        note_proxy,
        tag="dependants",
        body=Agreement,
        answers={200: Answer("It is noted.", ProxyBody, headers=("Cache-Control",))},
        problems=("consent_outdated", "not_of_age", "relation_ended", "witness_needed"),
        touches=RELATION,
    ),
]
