"""What is every route given?"""

import msgspec
from aiohttp import web

from services.notify.store import Contacts
from shared.auth import Tokens


class Desk(msgspec.Struct):
    """The parts that the routes are given."""

    contacts: Contacts
    tokens: Tokens


DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
