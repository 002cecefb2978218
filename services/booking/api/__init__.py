"""What comes in by HTTP, and what is replied? A wish becomes a command, an event an answer."""

from aiohttp import web

from services.booking.api import bookings, campaigns, day, holds, patients
from services.booking.api.desk import DESK, Desk

__all__ = ["Desk", "routes"]


def routes(app: web.Application, desk: Desk) -> None:
    """Add every route of this service under /api/v1."""
    app[DESK] = desk
    for noun in (bookings, holds, campaigns, patients, day):
        app.router.add_routes(noun.ROUTES)
