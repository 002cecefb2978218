"""What comes in by HTTP, and what is replied?"""

from aiohttp import web

from services.notify.api import contacts
from services.notify.api.desk import DESK, Desk

__all__ = ["Desk", "routes"]


def routes(app: web.Application, desk: Desk) -> None:
    """Add every route of this service under /api/v1."""
    app[DESK] = desk
    app.router.add_routes(contacts.ROUTES)
