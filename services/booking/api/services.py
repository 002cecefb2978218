"""Which services are declared, and how is one declared?"""

import msgspec
from aiohttp import web

from services.booking.api.desk import DESK
from services.booking.rules.visits import Service
from shared.openapi import Answer, Route
from shared.problems import Problem
from shared.web import json_response, read_body


class ServiceList(msgspec.Struct, frozen=True, kw_only=True):
    """All services that are declared: there are few. Any other needs nothing."""

    services: list[Service]


_decode = msgspec.json.Decoder(Service)


async def list_services(request: web.Request) -> web.Response:
    """200 all of them, by name."""
    known = await request.app[DESK].services.known()
    return json_response(ServiceList(services=list(known.values())))


async def declare_service(request: web.Request) -> web.Response:
    """200 the service as it is from now on; asked twice it is the same."""
    desk = request.app[DESK]
    service = await read_body(request, _decode)
    if len(set(service.needs)) < len(service.needs):
        raise Problem(422, "invalid_body", "needs names something twice.")
    if len(set(service.reminders or ())) < len(service.reminders or ()):
        raise Problem(422, "invalid_body", "reminders names something twice.")
    await desk.services.declare(service)
    return json_response(service)


ROUTES = [
    Route(
        "GET",
        "/api/v1/services",
        list_services,
        tag="services",
        answers={200: Answer("The services.", ServiceList)},
    ),
    Route(
        "PUT",
        "/api/v1/services",
        declare_service,
        tag="services",
        body=Service,
        answers={200: Answer("It is declared.", Service)},
    ),
]
