"""Which person is it? Entered by staff, found by phone or address, seen, merged with a twin."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from aiohttp import web

from services.booking import metrics
from services.booking.api.desk import DESK, Desk, problem_of, wish_id
from services.booking.api.me import (
    NO_STORE,
    PROFILE,
    Email,
    NewProfile,
    PersonBody,
    Phone,
    person_body,
    read_profile,
)
from services.booking.rules.profiles import NOTHING_KNOWN, Profile
from services.booking.rules.refusals import TOLD
from services.booking.store import Merge
from shared.access.entries import CARE, Touch
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem, not_found
from shared.vault.index import plain_email, plain_phone
from shared.web import body_hash, json_response, path_id, read_body


class SearchWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /patients/search`: the one or the other, in full. A body and no query:

    what stands in an address is written into logs along the way.
    """

    phone: Phone | None = None
    email: Email | None = None

    def __repr__(self) -> str:
        return "SearchWish(...)"


class MergeWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /patients/{id}/merge`: to whom the id leads from now on."""

    into_id: UUID


class PersonList(msgspec.Struct, frozen=True, kw_only=True):
    """Persons; there are few."""

    patients: list[PersonBody]


_decode_search = msgspec.json.Decoder(SearchWish)
_decode_merge = msgspec.json.Decoder(MergeWish)


async def register_patient(request: web.Request) -> web.Response:
    """201 somebody who has no account is known from now on; asked again it is the same person."""
    desk = request.app[DESK]
    profile = await read_profile(request, desk)
    person_id = wish_id(request)
    desk.access.note(request, [person_id], about=person_id, reason=CARE)
    asked = body_hash(request.path, profile)
    if not await desk.people.register(person_id, profile, asked):
        raise problem_of(TOLD["key_reused"])
    return json_response(person_body(person_id, profile), status=201, headers=NO_STORE)


async def search_patients(request: web.Request) -> web.Response:
    """200 whoever has exactly this phone or address; an empty list is an answer."""
    desk = request.app[DESK]
    wish = await read_body(request, _decode_search)
    if (wish.phone is None) == (wish.email is None):
        raise Problem(422, "invalid_body", "Look for a phone, or for an email; not for both.")
    if wish.email is not None:
        found = await desk.profiles.find("email", plain_email(wish.email))
    else:
        phone = plain_phone(wish.phone or "")
        if phone is None:
            raise Problem(
                422, "invalid_body", "Write the phone with + and the country's code, in full."
            )
        found = await desk.profiles.find("phone", phone)
    return await _listed(request, desk, found)


async def show_patient(request: web.Request) -> web.Response:
    """200 the person whom the id leads to; 404 where nothing is known."""
    desk = request.app[DESK]
    who, known = await _known(request, desk)
    desk.access.note(request, [who], about=who, reason=CARE)
    return json_response(person_body(who, known), headers=NO_STORE)


async def list_twins(request: web.Request) -> web.Response:
    """200 who may be the same person: born on the same day, of the same phone or address."""
    desk = request.app[DESK]
    who, _ = await _known(request, desk)
    return await _listed(request, desk, await desk.profiles.twins(who), about=who)


async def merge_patient(request: web.Request) -> web.Response:
    """200 the person that both are now; nothing of either is lost."""
    desk, actor = request.app[DESK], allowed(request).actor
    from_id = path_id(request, "patient")
    wish = await read_body(request, _decode_merge)
    desk.access.note(request, [from_id, wish.into_id], about=from_id, reason=CARE)
    await _merge(
        desk,
        Merge(
            wish_id=wish_id(request),
            body_hash=body_hash(request.path, wish),
            from_id=from_id,
            into_id=wish.into_id,
            by_id=actor.id,
        ),
    )
    who = desk.identities.who(wish.into_id)
    known = allowed(request).anybody_s("patient", await desk.profiles.of(who))
    return json_response(person_body(who, known), headers=NO_STORE)


async def _merge(desk: Desk, merge: Merge) -> None:
    """Whoever decides on a merge does it so; afterwards this process knows of it at once."""
    if merge.from_id == merge.into_id:
        raise Problem(422, "merge_impossible", "It is one id already; name two that differ.")
    match await desk.people.merge(merge):
        case "merged":
            metrics.PERSONS_MERGED.inc()
            into = await desk.people.merged()
            if into is not None:
                desk.identities.learn(into)
        case "key_reused":
            raise problem_of(TOLD["key_reused"])
        case "unknown":
            raise not_found("patient")
        case "merged_elsewhere":
            raise Problem(
                409, "patient_merged", "One of the two was merged already; look at both again."
            )
        case "kin":
            raise Problem(
                422, "merge_impossible", "The one books for the other, so they are two persons."
            )


async def _known(request: web.Request, desk: Desk) -> tuple[UUID, Profile]:
    """Whom the id in the path leads to, and what is known of them."""
    who = desk.identities.who(path_id(request, "patient"))
    known = await desk.profiles.load([who])
    return who, allowed(request).anybody_s("patient", known.get(who))


async def _listed(
    request: web.Request, desk: Desk, ids: Sequence[UUID], *, about: UUID | None = None
) -> web.Response:
    desk.access.note(request, ids, about=about, reason=CARE)
    known = await desk.profiles.load(ids)
    people = [person_body(one, known.get(one, NOTHING_KNOWN)) for one in ids]
    return json_response(PersonList(patients=people), headers=NO_STORE)


PERSON = Touch("person", PROFILE)

ROUTES = [
    Route(
        "POST",
        "/api/v1/patients",
        register_patient,
        tag="persons",
        body=NewProfile,
        needs_key=True,
        answers={201: Answer("They are known.", PersonBody, headers=("Cache-Control",))},
        touches=PERSON,
    ),
    Route(
        "POST",
        "/api/v1/patients/search",
        search_patients,
        tag="persons",
        body=SearchWish,
        answers={200: Answer("Whom it fits.", PersonList, headers=("Cache-Control",))},
        touches=PERSON,
    ),
    Route(
        "GET",
        "/api/v1/patients/{id}",
        show_patient,
        tag="persons",
        answers={200: Answer("The person.", PersonBody, headers=("Cache-Control",))},
        touches=PERSON,
    ),
    Route(
        "GET",
        "/api/v1/patients/{id}/duplicates",
        list_twins,
        tag="persons",
        answers={200: Answer("Who it may be.", PersonList, headers=("Cache-Control",))},
        touches=PERSON,
    ),
    Route(
        "POST",
        "/api/v1/patients/{id}/merge",
        merge_patient,
        tag="persons",
        body=MergeWish,
        needs_key=True,
        answers={200: Answer("They are one.", PersonBody, headers=("Cache-Control",))},
        problems=("merge_impossible", "patient_merged"),
        touches=Touch("person", ("id",)),
    ),
]
