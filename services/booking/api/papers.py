"""Which papers has somebody? Seen by them, entered by staff who have held them in their hands."""

from uuid import UUID

import msgspec
from aiohttp import web

from services.booking.api.desk import DESK, Desk, problem_of, wish_id
from services.booking.api.known import own_papers
from services.booking.api.me import NO_STORE
from services.booking.rules.papers import Referral
from services.booking.rules.refusals import TOLD
from services.booking.store import AllPapers
from shared.access.entries import CARE, Touch
from shared.messages import Instant, Text
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import not_found
from shared.web import body_hash, json_response, path_id, read_body


class AttachmentWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `PUT /patients/{id}/attachment`: to one clinic, or with null to none."""

    clinic_id: UUID | None


class NewReferral(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /patients/{id}/referrals`; without a clinic it is for any.

    `once`: it is used up by one visit; else it is good for any number until `valid_until`.
    """

    service: Text
    valid_until: Instant
    clinic_id: UUID | None = None
    once: bool = True


class MadeReferral(msgspec.Struct, frozen=True, kw_only=True):
    """The referral as it is made."""

    id: UUID
    service: str
    clinic_id: UUID | None
    valid_until: Instant
    once: bool


_decode_attachment = msgspec.json.Decoder(AttachmentWish)
_decode_referral = msgspec.json.Decoder(NewReferral)


async def list_own_papers(request: web.Request) -> web.Response:
    """200 the caller's, and their children's."""
    desk, actor = request.app[DESK], allowed(request).actor
    people = [actor.id, *await desk.families.children(actor.id, desk.clock.now())]
    desk.access.note(request, people)
    return json_response(await own_papers(desk, people), headers=NO_STORE)


async def list_papers(request: web.Request) -> web.Response:
    """200 all that there are and were, oldest first."""
    desk = request.app[DESK]
    who = await _patient(request, desk)
    return json_response(await desk.papers.all(desk.identities.ids(who)), headers=NO_STORE)


async def change_attachment(request: web.Request) -> web.Response:
    """200 all papers as they are from now on; asked twice it is the same."""
    desk, actor = request.app[DESK], allowed(request).actor
    body = await read_body(request, _decode_attachment)
    who = await _patient(request, desk)
    ids = desk.identities.ids(who)
    await desk.papers.attach(ids, body.clinic_id, actor.id)
    return json_response(await desk.papers.all(ids), headers=NO_STORE)


async def refer_patient(request: web.Request) -> web.Response:
    """201 the referral: slots that ask for one, of its service, are to be had by it."""
    desk, actor = request.app[DESK], allowed(request).actor
    body = await read_body(request, _decode_referral)
    asked = body_hash(request.path, body)
    who = await _patient(request, desk)
    referral = Referral(id=wish_id(request), **msgspec.structs.asdict(body))
    if await desk.papers.refer(who, referral, body_hash=asked, by_id=actor.id) == "key_reused":
        raise problem_of(TOLD["key_reused"])
    made = MadeReferral(id=referral.id, **msgspec.structs.asdict(body))
    return json_response(made, status=201, headers=NO_STORE)


async def revoke_referral(request: web.Request) -> web.Response:
    """204: nothing more is booked by it. What is booked already stays."""
    desk = request.app[DESK]
    who = await _patient(request, desk)
    referral_id = path_id(request, "referral", "paper")
    if not await desk.papers.revoke(desk.identities.ids(who), referral_id):
        raise not_found("referral")
    return web.Response(status=204, headers=NO_STORE)


async def _patient(request: web.Request, desk: Desk) -> UUID:
    """Whom the id in the path leads to: somebody of whom something is known."""
    who = desk.identities.who(path_id(request, "patient"))
    known = await desk.profiles.load([who])
    allowed(request).anybody_s("patient", known.get(who))
    desk.access.note(request, [who], about=who, reason=CARE)
    return who


PAPERS = ("attachments", "referrals")
NOT_KEPT = ("Cache-Control",)

ROUTES = [
    Route(
        "GET",
        "/api/v1/me/papers",
        list_own_papers,
        tag="papers",
        answers={200: Answer("The papers.", AllPapers, headers=NOT_KEPT)},
        touches=Touch("papers", PAPERS),
    ),
    Route(
        "GET",
        "/api/v1/patients/{id}/papers",
        list_papers,
        tag="papers",
        answers={200: Answer("The papers.", AllPapers, headers=NOT_KEPT)},
        touches=Touch("papers", PAPERS),
    ),
    Route(
        "PUT",
        "/api/v1/patients/{id}/attachment",
        change_attachment,
        tag="papers",
        body=AttachmentWish,
        answers={200: Answer("The papers.", AllPapers, headers=NOT_KEPT)},
        touches=Touch("papers", PAPERS),
    ),
    Route(
        "POST",
        "/api/v1/patients/{id}/referrals",
        refer_patient,
        tag="papers",
        body=NewReferral,
        needs_key=True,
        answers={201: Answer("They are sent.", MadeReferral, headers=NOT_KEPT)},
        touches=Touch("papers", ("referrals",)),
    ),
    Route(
        "DELETE",
        "/api/v1/patients/{id}/referrals/{paper}",
        revoke_referral,
        tag="papers",
        answers={204: Answer("It is good for nothing more.", headers=NOT_KEPT)},
        touches=Touch("papers", ("referrals",)),
    ),
]
