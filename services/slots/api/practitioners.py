"""Who has slots of their own at a clinic? Shown to everybody, said by those who run the clinic."""

from uuid import UUID

import msgspec
from aiohttp import web

from services.slots.api.desk import DESK
from services.slots.store import Practitioner
from shared.messages import OptionalText, Text
from shared.openapi import Answer, Route
from shared.problems import not_found
from shared.web import json_response, path_id, read_body

PRACTITIONERS_SHOWN_MAX = 1_000
"""More than the largest clinic has."""


class PractitionerWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `PUT …/practitioners`: the whole of what is said of one at this clinic.

    Not `active`, they get no new slots there; those that are stay.
    """

    id: UUID
    name: Text
    qualification: OptionalText = ""
    active: bool = True


class PractitionerList(msgspec.Struct, frozen=True, kw_only=True):
    """A clinic's practitioners, by name."""

    practitioners: list[Practitioner]


_decode_wish = msgspec.json.Decoder(PractitionerWish)


async def list_practitioners(request: web.Request) -> web.Response:
    """200 a clinic's practitioners; an empty list is an answer."""
    desk = request.app[DESK]
    clinic_id = path_id(request, "clinic")
    found = await desk.practitioners.of_clinic(clinic_id, PRACTITIONERS_SHOWN_MAX)
    return json_response(PractitionerList(practitioners=found))


async def set_practitioner(request: web.Request) -> web.Response:
    """200 what is said of them from now on; asked twice it is the same."""
    desk = request.app[DESK]
    clinic_id = path_id(request, "clinic")
    wish = await read_body(request, _decode_wish)
    practitioner = Practitioner(**msgspec.structs.asdict(wish))
    if not await desk.practitioners.say(clinic_id, practitioner):
        raise not_found("clinic")
    return json_response(practitioner)


ROUTES = [
    Route(
        "GET",
        "/api/v1/clinics/{id}/practitioners",
        list_practitioners,
        tag="practitioners",
        answers={200: Answer("The practitioners, by name.", PractitionerList)},
    ),
    Route(
        "PUT",
        "/api/v1/clinics/{id}/practitioners",
        set_practitioner,
        tag="practitioners",
        body=PractitionerWish,
        answers={200: Answer("It is said.", Practitioner)},
    ),
]
