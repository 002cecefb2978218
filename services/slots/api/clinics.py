"""How is a clinic set up and changed?"""

from uuid import UUID
from zoneinfo import available_timezones

import msgspec
from aiohttp import web

from services.slots.api.desk import DESK, problem_of
from services.slots.api.problems import REFEREE
from services.slots.availability import ClinicBody
from shared.messages import (
    ChangeClinic,
    ClinicChanged,
    ClinicOpened,
    Latitude,
    Longitude,
    OpenClinic,
    OptionalText,
    Refused,
    Text,
)
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem
from shared.web import json_response, path_id, read_body

TIME_ZONES = frozenset(available_timezones())


class NewClinic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /clinics`; without an id it gets one from its Idempotency-Key."""

    name: Text
    time_zone: Text
    id: UUID | None = None
    address: OptionalText = ""
    district: OptionalText = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class ClinicChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `PATCH /clinics/{id}`; what is left out stays as it is."""

    name: Text | None = None
    address: OptionalText | None = None
    district: OptionalText | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None


_decode_new = msgspec.json.Decoder(NewClinic)
_decode_change = msgspec.json.Decoder(ClinicChange)


async def open_clinic(request: web.Request) -> web.Response:
    """201 the clinic; 409 where its id is taken."""
    desk, actor = request.app[DESK], allowed(request).actor
    body = await read_body(request, _decode_new)
    if body.time_zone not in TIME_ZONES:
        raise Problem(422, "invalid_body", "time_zone is an IANA name such as Europe/Moscow.")
    _need_whole_position(body)
    head = desk.head(request, actor, body)
    clinic_id = body.id or head["id"]
    about = {k: v for k, v in msgspec.structs.asdict(body).items() if k != "id"}
    reply = await desk.ask(OpenClinic(clinic_id=clinic_id, **about, **head), clinic_id)
    if isinstance(reply, Refused):
        raise problem_of(reply)
    assert isinstance(reply, ClinicOpened)
    shown = _shown(reply)
    location = f"/api/v1/clinics/{shown.id}"
    return json_response(shown, status=201, headers={"Location": location})


async def change_clinic(request: web.Request) -> web.Response:
    """200 the clinic; who has a booking there already keeps what they were told."""
    desk, actor = request.app[DESK], allowed(request).actor
    clinic_id = path_id(request, "clinic")
    body = await read_body(request, _decode_change)
    _need_whole_position(body)
    change = msgspec.structs.asdict(body)
    if all(value is None for value in change.values()):
        raise Problem(422, "invalid_body", "Say what is to change: name, address, a position.")
    head = desk.head(request, actor, body)
    reply = await desk.ask(ChangeClinic(clinic_id=clinic_id, **change, **head), clinic_id)
    if isinstance(reply, Refused):
        raise problem_of(reply)
    assert isinstance(reply, ClinicChanged)
    return json_response(_shown(reply))


def _need_whole_position(body: NewClinic | ClinicChange) -> None:
    if (body.latitude is None) != (body.longitude is None):
        raise Problem(422, "invalid_body", "Give both latitude and longitude, or neither.")


def _shown(event: ClinicOpened | ClinicChanged) -> ClinicBody:
    return ClinicBody(
        id=event.clinic_id,
        name=event.name,
        time_zone=event.time_zone,
        address=event.address,
        district=event.district,
        latitude=event.latitude,
        longitude=event.longitude,
    )


ROUTES = [
    Route(
        "POST",
        "/api/v1/clinics",
        open_clinic,
        tag="clinics",
        body=NewClinic,
        needs_key=True,
        answers={201: Answer("The clinic is there.", ClinicBody, headers=("Location",))},
        problems=("already_exists", *REFEREE),
    ),
    Route(
        "PATCH",
        "/api/v1/clinics/{id}",
        change_clinic,
        tag="clinics",
        body=ClinicChange,
        needs_key=True,
        answers={200: Answer("The clinic as it is now.", ClinicBody)},
        problems=("slot_unknown", *REFEREE),
    ),
]
