"""What comes in by HTTP, and what is replied?"""

from aiohttp import web

from services.notify.api import (
    accesses,
    calls,
    contacts,
    devices,
    live,
    messages,
    mobile_devices,
    preferences,
    receipts,
    unsubscribing,
)
from services.notify.api.desk import DESK, Callbacks, Desk, Links, Push
from services.notify.api.problems import PROBLEMS
from shared.openapi import DOCUMENT, Api, add_routes
from shared.policy import Gate

__all__ = ["API", "Callbacks", "Desk", "Links", "Push", "routes"]

API = Api(
    service="notify",
    title="Talon: the messenger",
    about="Where a person wants to be reached, and what their open pages hear.",
    tags={
        "accesses": "Who looked at or changed somebody's data, when and why.",
        "calls": "Whom a clinic tells by itself, since no address leads to them.",
        "contacts": "Where and how a person is reached; kept here and nowhere else.",
        "messages": "What people were told, when, by what, and with which fate.",
        "receipts": "How messages ended, as those say who were given them; by signature.",
        "live": "What happens to one's own bookings, as it happens.",
    },
    routes=(
        *contacts.ROUTES,
        *devices.ROUTES,
        *mobile_devices.ROUTES,
        *preferences.ROUTES,
        *messages.ROUTES,
        *unsubscribing.ROUTES,
        *calls.ROUTES,
        *accesses.ROUTES,
        *live.ROUTES,
        *receipts.ROUTES,
        DOCUMENT,
    ),
    problems=PROBLEMS,
)


def routes(app: web.Application, desk: Desk, gate: Gate) -> None:
    """Add every route of this service under /api/v1, each behind the gate."""
    app[DESK] = desk
    add_routes(app, API, gate)
