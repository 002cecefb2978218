"""What is every route given?"""

from collections.abc import Callable
from datetime import datetime

import msgspec
from aiohttp import web

from services.notify.channels.sms.desk import SmsDesk
from services.notify.live import Broadcaster
from services.notify.rules.apps import KnownApps
from services.notify.rules.push import PushServices
from services.notify.store import Calls, Contacts, Devices, Preferences, Receipts, Tellings
from shared.access.noting import Access
from shared.links.rules import Keys


class Push(msgspec.Struct, frozen=True):
    """To whom a browser subscribes for which key, and which apps on phones are pushed to.

    Without a key, and without apps, nothing is pushed there.
    """

    services: PushServices
    server_key: str | None = None
    apps: KnownApps = KnownApps()


class Callbacks(msgspec.Struct):
    """Who keeps what a provider calls back about, and what shows that it was the provider.

    `address` is where it calls, as it was told; without a token nobody is believed.
    """

    desk: SmsDesk
    address: str = ""
    token: str = ""


class Links(msgspec.Struct, frozen=True):
    """By which keys links are signed, on which page they open, and what time it is."""

    now: Callable[[], datetime]
    keys: Keys | None = None
    page: str = ""


class Desk(msgspec.Struct):
    """The parts that the routes are given."""

    contacts: Contacts
    preferences: Preferences
    tellings: Tellings
    receipts: Receipts
    browsers: Devices
    apps: Devices
    calls: Calls
    push: Push
    live: Broadcaster
    access: Access
    callbacks: Callbacks
    links: Links
    regions: frozenset[str] = frozenset()
    needs_consent: bool = False


DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
