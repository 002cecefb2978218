"""What comes in by HTTP, and what is replied? A wish becomes a command, an event an answer."""

from aiohttp import web

from services.booking.api import bookings, campaigns, day, holds, links, patients
from services.booking.api.desk import DESK, Desk
from services.booking.api.problems import PROBLEMS
from shared.openapi import DOCUMENT, Api, add_routes

__all__ = ["API", "Desk", "routes"]

API = Api(
    service="booking",
    title="Talon: the front desk",
    about="Bookings, holds and the campaigns they may belong to.",
    tags={
        "bookings": "Places that are somebody's: made whole or not at all, moved, cancelled.",
        "campaigns": "Who may book what from when: so many doses, so many days apart.",
        "dependants": "For whom one may book besides oneself.",
        "holds": "Places kept for some minutes while their owner makes up their mind.",
        "links": "One thing for whoever was sent the link, without signing in; once.",
    },
    routes=(
        *bookings.ROUTES,
        *holds.ROUTES,
        *campaigns.ROUTES,
        *patients.ROUTES,
        *day.ROUTES,
        *links.ROUTES,
        DOCUMENT,
    ),
    problems=PROBLEMS,
)


def routes(app: web.Application, desk: Desk) -> None:
    """Add every route of this service under /api/v1."""
    app[DESK] = desk
    add_routes(app, API)
