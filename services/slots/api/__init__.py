"""What comes in by HTTP, and what is replied? Staff's wishes become commands; reads ask memory."""

from aiohttp import web

from services.slots.api import clinics, closures, reading, schedules, slots
from services.slots.api.desk import DESK, Desk
from services.slots.api.problems import PROBLEMS
from shared.openapi import DOCUMENT, Api, add_routes
from shared.policy import Gate

__all__ = ["API", "Desk", "routes"]

API = Api(
    service="slots",
    title="Talon: the referee",
    about="Clinics and their slots: everybody may look, staff set them up and change them.",
    tags={
        "availability": "What is free, from memory: as of when, every answer says first.",
        "clinics": "Where people are seen.",
        "schedules": "The hours that a clinic has every week.",
        "slots": "When they are, and how many at once.",
    },
    routes=(
        *reading.ROUTES,
        *clinics.ROUTES,
        *slots.ROUTES,
        *schedules.ROUTES,
        *closures.ROUTES,
        DOCUMENT,
    ),
    problems=PROBLEMS,
)


def routes(app: web.Application, desk: Desk, gate: Gate) -> None:
    """Add every route of this service under /api/v1, each behind the gate."""
    app[DESK] = desk
    add_routes(app, API, gate)
