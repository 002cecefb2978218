"""What comes in by HTTP, and what is replied? Staff's wishes become commands; reads are reads."""

from aiohttp import web

from services.slots.api import clinics, closures, schedules, slots
from services.slots.api.desk import DESK, Desk

__all__ = ["Desk", "routes"]


def routes(app: web.Application, desk: Desk) -> None:
    """Add every route of this service under /api/v1."""
    app[DESK] = desk
    for noun in (clinics, slots, schedules, closures):
        app.router.add_routes(noun.ROUTES)
