"""What is every route given?"""

import msgspec
from aiohttp import web

from services.notify.live import Broadcaster
from services.notify.store import Contacts, Preferences
from shared.access.noting import Access


class Desk(msgspec.Struct):
    """The parts that the routes are given."""

    contacts: Contacts
    preferences: Preferences
    live: Broadcaster
    access: Access
    regions: frozenset[str] = frozenset()


DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
