"""How is a clinic set up?"""

from uuid import UUID
from zoneinfo import available_timezones

import msgspec
from aiohttp import web

from services.slots.api.desk import DESK, problem_of
from services.slots.availability import ClinicBody
from shared.messages import (
    ClinicOpened,
    Latitude,
    Longitude,
    OpenClinic,
    OptionalText,
    Refused,
    Text,
)
from shared.problems import Problem
from shared.web import json_response, read_body

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


_decode_new = msgspec.json.Decoder(NewClinic)


async def open_clinic(request: web.Request) -> web.Response:
    """201 the clinic; 409 where its id is taken."""
    desk = request.app[DESK]
    actor = await desk.staff(request)
    body = await read_body(request, _decode_new)
    if body.time_zone not in TIME_ZONES:
        raise Problem(422, "invalid_body", "time_zone is an IANA name such as Europe/Moscow.")
    if (body.latitude is None) != (body.longitude is None):
        raise Problem(422, "invalid_body", "Give both latitude and longitude, or neither.")
    head = desk.head(request, actor, body)
    clinic_id = body.id or head["id"]
    about = {k: v for k, v in msgspec.structs.asdict(body).items() if k != "id"}
    reply = await desk.ask(OpenClinic(clinic_id=clinic_id, **about, **head), clinic_id)
    if isinstance(reply, Refused):
        raise problem_of(reply)
    assert isinstance(reply, ClinicOpened)
    shown = ClinicBody(
        id=reply.clinic_id,
        name=reply.name,
        time_zone=reply.time_zone,
        address=reply.address,
        district=reply.district,
        latitude=reply.latitude,
        longitude=reply.longitude,
    )
    location = f"/api/v1/clinics/{shown.id}"
    return json_response(shown, status=201, headers={"Location": location})


ROUTES = [
    web.post("/api/v1/clinics", open_clinic),
]
