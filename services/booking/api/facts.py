"""What must be known of a person for a campaign's rules: seen by them, entered by staff."""

from datetime import date
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from services.booking.api.desk import DESK, Desk
from services.booking.api.known import FactsBody, facts_body, own_facts
from services.booking.api.me import NO_STORE
from services.booking.rules.admission import GROUPS_MAX, Code, Facts
from services.booking.rules.profiles import BORN_FIRST
from shared.access.entries import CARE, Touch
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem
from shared.web import json_response, path_id, read_body

Groups = Annotated[tuple[Code, ...], Meta(max_length=GROUPS_MAX)]
Month = Annotated[str, Meta(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])(?![\s\S])")]


class NewFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of what is to be known; what is left out is not known any more.

    An empty list of risk groups says that there are none.
    """

    born_month: Month | None = None
    district: Code | None = None
    profession: Code | None = None
    risk_groups: Groups | None = None

    def __repr__(self) -> str:
        return "NewFacts(...)"


class FactsList(msgspec.Struct, frozen=True, kw_only=True):
    """Of oneself first, then of each dependant."""

    facts: list[FactsBody]


_decode_new = msgspec.json.Decoder(NewFacts)


async def show_facts(request: web.Request) -> web.Response:
    """200 what is known of the caller and of each dependant; of whom nothing is known, null."""
    desk, actor = request.app[DESK], allowed(request).actor
    people = [actor.id, *await desk.families.children(actor.id, desk.clock.now())]
    desk.access.note(request, people)
    return json_response(FactsList(facts=await own_facts(desk, people)), headers=NO_STORE)


async def change_facts(request: web.Request) -> web.Response:
    """200 what is known from now on; asked twice it is the same. Whoever enters it has seen it."""
    desk = request.app[DESK]
    who = desk.identities.who(path_id(request, "patient"))
    body = await read_body(request, _decode_new)
    known = await desk.profiles.load([who])
    allowed(request).anybody_s("patient", known.get(who))
    desk.access.note(request, [who], about=who, reason=CARE)
    facts = Facts(
        born_month=_month(desk, body.born_month),
        district=body.district,
        profession=body.profession,
        risk_groups=None if body.risk_groups is None else tuple(sorted(set(body.risk_groups))),
    )
    await desk.facts.keep(who, facts)
    return json_response(facts_body(who, facts), headers=NO_STORE)


def _month(desk: Desk, said: str | None) -> date | None:
    if said is None:
        return None
    year, month = map(int, said.split("-"))
    if year < BORN_FIRST.year or date(year, month, 1) > desk.clock.now().date():
        raise Problem(
            422, "invalid_body", f"born_month is a month from {BORN_FIRST:%Y-%m} to this one."
        )
    return date(year, month, 1)


FACTS = ("born_month", "district", "profession", "risk_groups")

ROUTES = [
    Route(
        "GET",
        "/api/v1/me/facts",
        show_facts,
        tag="persons",
        answers={200: Answer("What is known.", FactsList, headers=("Cache-Control",))},
        touches=Touch("person", FACTS),
    ),
    Route(
        "PUT",
        "/api/v1/patients/{id}/facts",
        change_facts,
        tag="persons",
        body=NewFacts,
        answers={200: Answer("It is known.", FactsBody, headers=("Cache-Control",))},
        touches=Touch("person", FACTS),
    ),
]
