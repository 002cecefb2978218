"""What comes in by HTTP, and what is replied? Staff's wishes become commands; reads ask memory."""

from aiohttp import web

from services.slots.api import clinics, reading, slots
from services.slots.api.desk import DESK, Desk

__all__ = ["Desk", "routes"]


def routes(app: web.Application, desk: Desk) -> None:
    """Add every route of this service under /api/v1."""
    app[DESK] = desk
    app.router.add_routes([*clinics.ROUTES, *slots.ROUTES, *reading.ROUTES])
