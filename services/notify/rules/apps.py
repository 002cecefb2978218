"""May a message be pushed to this app on this phone, and what stands on it?"""

import re
from datetime import datetime, timedelta
from typing import Literal, Self
from uuid import UUID, uuid5

import msgspec

from services.notify.rules.push import urgency_of

Environment = Literal["production", "sandbox"]

TOKEN_LENGTH_MIN, TOKEN_LENGTH_MAX = 64, 200
"""Of an address in hexadecimal digits: 32 bytes today, and Apple says that it may grow to 100."""

APP_LENGTH_MAX = 155
KEPT_MAX = timedelta(days=30)
"""Apple keeps nothing for longer."""

SIGNED_ANEW_SECONDS = 2_400
"""Apple takes a signature for an hour, and a new one no more often than every 20 minutes."""

_TOKEN = re.compile(rf"(?:[0-9a-f]{{2}}){{{TOKEN_LENGTH_MIN // 2},{TOKEN_LENGTH_MAX // 2}}}")
_APP = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


class AppAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One app on one phone. By its token alone nobody sees whose it is, or where it is good."""

    token: str
    app: str
    environment: Environment

    def __repr__(self) -> str:
        """Without the token: a line in a log is nobody's to push with."""
        return "AppAddress()"


class KnownApps(msgspec.Struct, frozen=True):
    """The apps that are pushed to, by their bundle ids, and where; of none nothing is pushed."""

    names: tuple[str, ...] = ()
    environment: Environment = "production"

    @classmethod
    def parse(cls, text: str, environment: Environment) -> Self:
        """`org.example.talon,org.example.talon.beta`; ValueError for what is no bundle id."""
        names = [each.strip() for each in text.split(",") if each.strip()]
        for one in names:
            if not _APP.fullmatch(one) or len(one) > APP_LENGTH_MAX:
                raise ValueError(f"{one!r} is no bundle id such as org.example.talon")
        return cls(tuple(names), environment)

    def take(self, address: AppAddress) -> bool:
        """Whether it is one of them, where it is good."""
        return address.app in self.names and address.environment == self.environment


def wrong_with_app(address: AppAddress, known: KnownApps) -> str | None:
    """What to do about an address to which nothing can be pushed; None for a good one."""
    if not _TOKEN.fullmatch(address.token):
        return (
            f"`token` must be the device token that Apple gave the app: {TOKEN_LENGTH_MIN} to "
            f"{TOKEN_LENGTH_MAX} hexadecimal digits."
        )
    if not known.take(address):
        return "`app` and `environment` must be as in GET /me/mobile-devices: no others are known."
    return None


def name_of(key: UUID, token: str) -> UUID:
    """What a message is called on one phone: the same at each attempt, on each phone another."""
    return uuid5(key, token)


def kept_until(at: datetime, expires_at: datetime) -> int:
    """Until when Apple keeps it for a phone that is off, as Unix time; nobody is told after it."""
    return int(min(expires_at, at + KEPT_MAX).timestamp())


def signed_at(at: datetime) -> int:
    """Which time a signature of now bears: one for all processes, however often they start."""
    now = int(at.timestamp())
    return now - now % SIGNED_ANEW_SECONDS


def priority_of(event: msgspec.Struct) -> str:
    """10: at once; 5: when it suits the phone's battery."""
    return "10" if urgency_of(event) == "high" else "5"
