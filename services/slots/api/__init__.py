"""What comes in by HTTP, and what is replied? Staff's wishes become commands; reads ask memory."""

from aiohttp import web

from services.slots.api import (
    clinics,
    closures,
    holidays,
    practitioners,
    proposals,
    reading,
    schedules,
    series,
    slots,
    together,
    versions,
)
from services.slots.api.desk import DESK, Desk
from services.slots.api.problems import PROBLEMS
from services.slots.api.proposals import ClosingMany
from shared.openapi import DOCUMENT, Api, add_routes
from shared.policy import Gate
from shared.proposals.acts import Acts

__all__ = ["API", "DESK", "Desk", "acts", "routes"]

API = Api(
    service="slots",
    title="Talon: the referee",
    about="Clinics and their slots: everybody may look, staff set them up and change them.",
    tags={
        "availability": "What is free, from memory: as of when, every answer says first.",
        "clinics": "Where people are seen.",
        "practitioners": "Who has slots of their own.",
        "proposals": "What needs two persons: one who proposes it, and another who approves it.",
        "schedules": "The hours that a clinic has again and again, and its holidays.",
        "slots": "When they are, and how many at once.",
    },
    routes=(
        *together.ROUTES,  # before the slots, each of which has an id where this has a word
        *reading.ROUTES,
        *series.ROUTES,
        *clinics.ROUTES,
        *slots.ROUTES,
        *schedules.ROUTES,
        *versions.ROUTES,
        *holidays.ROUTES,
        *practitioners.ROUTES,
        *closures.ROUTES,
        *proposals.ROUTES,
        DOCUMENT,
    ),
    problems=PROBLEMS,
)


def acts(desk: Desk) -> Acts:
    """What of this service two persons decide."""
    return {act.kind: act for act in (ClosingMany(desk),)}


def routes(app: web.Application, desk: Desk, gate: Gate) -> None:
    """Add every route of this service under /api/v1, each behind the gate."""
    app[DESK] = desk
    add_routes(app, API, gate)
