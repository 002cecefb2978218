"""What is known of whoever asks? To be seen, changed, taken away, and made unreadable for ever."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from services.booking import metrics
from services.booking.api.answers import BookingBody, booking_body
from services.booking.api.desk import DESK, Desk, Nothing, problem_of, wish_id
from services.booking.api.known import FactsBody, own_facts, own_papers
from services.booking.api.own_visits import OwnVisit, visits_of
from services.booking.rules.consents import Given
from services.booking.rules.line import Ticket
from services.booking.rules.profiles import NOTHING_KNOWN, Profile, wrong_with
from services.booking.rules.refusals import TOLD
from services.booking.store import AllPapers, BookingsAhead, Relation
from services.booking.store.facts import Permit
from shared.access.entries import Touch
from shared.messages import Text
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem
from shared.web import LIST_MAX, body_hash, json_response, read_body

NOTES_LENGTH_MAX = 2_000
PHONE_LENGTH_MAX = 40
EMAIL_LENGTH_MAX = 254
EXPORTED_BOOKINGS_MAX = 2_000
"""More than anybody has in a life; what there is beyond is said to be there."""

ELSEWHERE = [
    "/api/v1/me/contacts",
    "/api/v1/me/preferences",
    "/api/v1/me/messages",
    "/api/v1/me/accesses",
    "/api/v1/me/contacts/accesses",
]

NO_STORE = {"Cache-Control": "no-store"}

Phone = Annotated[str, Meta(max_length=PHONE_LENGTH_MAX)]
Email = Annotated[str, Meta(max_length=EMAIL_LENGTH_MAX)]
Notes = Annotated[str, Meta(max_length=NOTES_LENGTH_MAX)]


class NewProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of what is to be known; what is left out is not known any more."""

    name: Text
    birth_date: date
    phone: Phone | None = None
    email: Email | None = None
    notes: Notes | None = None

    def __repr__(self) -> str:
        return "NewProfile(...)"


class PersonBody(msgspec.Struct, frozen=True, kw_only=True):
    """A person as they are shown; null is not known."""

    id: UUID
    name: str | None
    birth_date: date | None
    phone: str | None
    email: str | None
    notes: str | None

    def __repr__(self) -> str:
        return f"PersonBody({self.id})"


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """All that the front desk knows of a person; `elsewhere` is where others say what they know."""

    person: PersonBody
    also_known_as: list[UUID]
    dependants: list[PersonBody]
    relations: list[Relation]
    consents: list[Given]
    facts: list[FactsBody]
    permits: list[Permit]
    waiting: list[Ticket]
    papers: AllPapers
    bookings: list[BookingBody]
    visits: list[OwnVisit]
    complete: bool
    elsewhere: list[str]


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """When it was done. Whoever else keeps something of the person hears of it within seconds."""

    erased_at: datetime


_decode_profile = msgspec.json.Decoder(NewProfile)
_decode_nothing = msgspec.json.Decoder(Nothing)


async def show_me(request: web.Request) -> web.Response:
    """200 what is known of the caller; of whom nothing is known, null."""
    desk, actor = request.app[DESK], allowed(request).actor
    desk.access.note(request, [actor.id])
    known = await desk.profiles.own(desk.identities.ids(actor.id), [actor.id])
    return _shown(person_body(actor.id, known.get(actor.id, NOTHING_KNOWN)))


async def change_me(request: web.Request) -> web.Response:
    """200 what is known from now on; asked twice it is the same."""
    desk, actor = request.app[DESK], allowed(request).actor
    profile = await read_profile(request, desk)
    desk.access.note(request, [actor.id])
    return _shown(await changed(desk, actor.id, profile))


async def export_me(request: web.Request) -> web.Response:
    """200 all that the front desk knows of the caller, newest bookings first."""
    desk, actor = request.app[DESK], allowed(request).actor
    ids = desk.identities.ids(actor.id)
    children = await desk.families.children(actor.id, desk.clock.now())
    acted_for, acting = await desk.relations.of_proxy(ids), await desk.relations.of_person(ids)
    others = [*children, *(one.person_id for one in acted_for), *(one.proxy_id for one in acting)]
    desk.access.note(request, [actor.id, *others])
    people = [actor.id, *children]
    known = children | await desk.profiles.own(ids, [actor.id])
    bookings, complete = await _all_bookings(desk, ids)
    wards = [*children, *(one.person_id for one in acted_for if one.state == "accepted")]
    bodies = [person_body(one, known.get(one, NOTHING_KNOWN)) for one in people]
    return json_response(
        Export(
            person=bodies[0],
            also_known_as=ids[1:],
            dependants=bodies[1:],
            relations=[*acted_for, *acting],
            consents=await desk.consents.history(ids),
            facts=await own_facts(desk, people),
            permits=await desk.facts.own_permits(ids, [*people, *ids[1:]]),
            waiting=await desk.waiting.rooms.tickets_of(ids),
            papers=await own_papers(desk, people),
            bookings=bookings,
            visits=await visits_of(desk, ids, [one.id for one in bookings], wards),
            complete=complete,
            elsewhere=ELSEWHERE,
        ),
        headers=NO_STORE,
    )


async def erase_me(request: web.Request) -> web.Response:
    """200 nothing of the caller and their children is readable any more; 409 before a visit."""
    desk, actor = request.app[DESK], allowed(request).actor
    body = await read_body(request, _decode_nothing)
    asked = body_hash(request.path, body)
    desk.access.note(request, [actor.id])
    # Who has come of age is seen to have, and stays.
    await desk.families.children(actor.id, desk.clock.now())
    done = await desk.people.erase(wish_id(request), actor.id, asked)
    if isinstance(done, BookingsAhead):
        raise Problem(
            409,
            "bookings_ahead",
            f"{done.number} of your bookings are undecided or to come; cancel them first.",
        )
    if done.body_hash != asked:
        raise problem_of(TOLD["key_reused"])
    metrics.erased["asked"].inc()
    return json_response(Erasure(erased_at=done.at), headers=NO_STORE)


async def read_profile(request: web.Request, desk: Desk) -> Profile:
    """The profile that is sent; 422 where it cannot be right, without repeating it."""
    body = await read_body(request, _decode_profile)
    profile = Profile(**{name: getattr(body, name) for name in Profile.__struct_fields__})
    wrong = wrong_with(profile, desk.clock.now().date())
    if wrong is not None:
        raise Problem(422, "invalid_body", wrong)
    return profile


async def changed(desk: Desk, person_id: UUID, profile: Profile) -> PersonBody:
    """Keep it, and show it."""
    await desk.profiles.keep(person_id, profile)
    return person_body(person_id, profile)


def person_body(person_id: UUID, profile: Profile) -> PersonBody:
    """A person as they are shown."""
    return PersonBody(id=person_id, **msgspec.structs.asdict(profile))


def _shown(person: PersonBody) -> web.Response:
    return json_response(person, headers=NO_STORE)


async def _all_bookings(desk: Desk, ids: Sequence[UUID]) -> tuple[list[BookingBody], bool]:
    """Page after page of what is theirs to see, and whether that is all."""
    found: list[BookingBody] = []
    after: tuple[datetime, UUID] | None = None
    while len(found) < EXPORTED_BOOKINGS_MAX:
        now = desk.clock.now()
        page = await desk.bookings.of_person(ids, after, LIST_MAX)
        eyes = await desk.families.eyes(ids[0], page, now)
        found += [booking_body(one, now) for one in map(eyes.seen, page) if one is not None]
        if len(page) < LIST_MAX:
            return found, True
        after = page[-1].made_at, page[-1].id
    return found, False


PROFILE = ("name", "birth_date", "phone", "email", "notes")
"""The fields of a profile, as the access log names them."""
NOT_BOOKINGS = (*PROFILE, "dependants", "consents", "facts", "attachments", "referrals")
EVERYTHING = (*NOT_BOOKINGS, "relations", "bookings")

ROUTES = [
    Route(
        "GET",
        "/api/v1/me",
        show_me,
        tag="persons",
        answers={200: Answer("The person.", PersonBody, headers=("Cache-Control",))},
        touches=Touch("person", PROFILE),
    ),
    Route(
        "PUT",
        "/api/v1/me",
        change_me,
        tag="persons",
        body=NewProfile,
        answers={200: Answer("It is known.", PersonBody, headers=("Cache-Control",))},
        touches=Touch("person", PROFILE),
    ),
    Route(
        "GET",
        "/api/v1/me/export",
        export_me,
        tag="persons",
        answers={200: Answer("All of it.", Export, headers=("Cache-Control",))},
        touches=Touch("person", EVERYTHING),
    ),
    Route(
        "POST",
        "/api/v1/me/erase",
        erase_me,
        tag="persons",
        body=Nothing,
        needs_key=True,
        answers={200: Answer("It is done.", Erasure, headers=("Cache-Control",))},
        problems=("bookings_ahead",),
        touches=Touch("person", NOT_BOOKINGS),
    ),
]
