"""What comes in by HTTP, and what is replied?"""

from aiohttp import web

from services.notify.api import contacts
from services.notify.api.desk import DESK, Desk
from shared.openapi import DOCUMENT, Api, add_routes

__all__ = ["API", "Desk", "routes"]

API = Api(
    service="notify",
    title="Talon: the messenger",
    about="Where a person wants to be reached.",
    tags={"contacts": "Where a person is reached; kept here and nowhere else."},
    routes=(*contacts.ROUTES, DOCUMENT),
    problems={},
)


def routes(app: web.Application, desk: Desk) -> None:
    """Add every route of this service under /api/v1."""
    app[DESK] = desk
    add_routes(app, API)
