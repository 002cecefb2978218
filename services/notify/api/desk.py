"""What is every route given?"""

import msgspec
from aiohttp import web

from services.notify.live import Broadcaster
from services.notify.store import Contacts


class Desk(msgspec.Struct):
    """The parts that the routes are given."""

    contacts: Contacts
    live: Broadcaster


DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
