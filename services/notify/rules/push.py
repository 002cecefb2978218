"""May a message be pushed to this address, and what stands on it?"""

import base64
import hashlib
import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Literal, Self
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

Urgency = Literal["normal", "high"]

ENDPOINT_LENGTH_MAX = 1_000
KEY_TEXT_LENGTH_MAX = 128
POINT_BYTES = 65
AUTH_BYTES = 16
TOPIC_BYTES = 18
"""24 characters of base64url; RFC 8030 allows 32."""

TTL_SECONDS_MAX = 28 * 24 * 3_600
"""What push services keep at most."""

SLOW_SECONDS_DEFAULT = 10.0
SLOW_SECONDS_MAX = 3_600.0

LOUD = frozenset({"VisitAdmitted", "VisitByPhone", "BookingRevoked"})
"""What is told in vain once it is told late: a device that sleeps is woken for it."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})+"
_PATH = r"/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*"
# One form, in which nothing can stand before the host that another reader would take for it.
_ENDPOINT = re.compile(rf"(?P<scheme>https?)://(?P<host>{_HOST})(?P<port>:[0-9]{{1,5}})?{_PATH}")
_SERVICE = re.compile(rf"(?P<below>\*\.)?(?P<host>{_HOST})")
_ON_THIS_MACHINE = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}")


class SubscriptionKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The device's public key, and a secret that it shares with us (RFC 8291)."""

    p256dh: str
    auth: str

    def __repr__(self) -> str:
        """Without them: a line in a log is nobody's to push with."""
        return "SubscriptionKeys()"


class Subscription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One browser on one device, as it says of itself where it is pushed to."""

    endpoint: str
    keys: SubscriptionKeys

    def __repr__(self) -> str:
        """Without the address: whoever has it can be found by it."""
        return "Subscription()"

    @property
    def origin(self) -> str:
        """Whose push service it is: for it alone a signature is good."""
        return "/".join(self.endpoint.split("/", 3)[:3])


class PushServices(msgspec.Struct, frozen=True):
    """To whom anything is pushed: an address that somebody gives us is asked of nobody else."""

    hosts: frozenset[str]
    domains: tuple[str, ...]
    here: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """`fcm.googleapis.com,*.push.apple.com`; for tests also `http://127.0.0.1:8090`."""
        hosts, domains, here = set(), [], set()
        for one in filter(None, (each.strip() for each in text.split(","))):
            if _ON_THIS_MACHINE.fullmatch(one):
                here.add(one)
                continue
            found = _SERVICE.fullmatch(one)
            if found is None:
                raise ValueError(f"{one!r} is no host such as fcm.googleapis.com or *.apple.com")
            if found["below"]:
                domains.append(f".{found['host']}")
            else:
                hosts.add(found["host"])
        return cls(frozenset(hosts), tuple(domains), frozenset(here))

    def take(self, endpoint: str) -> bool:
        """Whether it is an address of one of them."""
        found = _ENDPOINT.fullmatch(endpoint)
        if found is None or len(endpoint) > ENDPOINT_LENGTH_MAX:
            return False
        scheme, host, port = found["scheme"], found["host"], found["port"] or ""
        if f"{scheme}://{host}{port}" in self.here:
            return True
        known = host in self.hosts or host.endswith(self.domains)
        return known and scheme == "https" and port in ("", ":443")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question that one tap answers: what the button says, and what is shown once it is known."""

    label: str
    said: str
    url: str


class Pushed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the page's service worker is told; of one `tag` a device shows only the last."""

    title: str
    body: str
    url: str
    tag: str
    lang: str
    coming: Asked | None = None


def wrong_with_subscription(one: Subscription, services: PushServices) -> str | None:
    """What to do about a subscription to which nothing can be pushed; None for a good one."""
    if not services.take(one.endpoint):
        return "The endpoint must be the https address that a known push service gave the browser."
    try:
        public_key_of(one)
        secret = bytes_of(one.keys.auth)
    except ValueError:
        return "`p256dh` must be a point of P-256 and `auth` 16 bytes, both as base64url."
    if len(secret) != AUTH_BYTES:
        return "`auth` must be 16 bytes as base64url."
    return None


def public_key_of(one: Subscription) -> bytes:
    """The device's key as an uncompressed point; ValueError where it is none of the curve."""
    point = bytes_of(one.keys.p256dh)
    if len(point) != POINT_BYTES:
        raise ValueError("a public key is an uncompressed point of 65 bytes")
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    return point


def bytes_of(text: str) -> bytes:
    """What base64url says, padded or not; ValueError for anything else."""
    if len(text) > KEY_TEXT_LENGTH_MAX or not text.isascii():
        raise ValueError("no key is so long")
    bare = text.rstrip("=")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)


def text_of(raw: bytes) -> str:
    """As base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def topic_of(booking_id: UUID) -> str:
    """One booking's messages under one name: a later one takes the place of what nobody read.

    The push service sees the name, and cannot tell the booking by it.
    """
    return text_of(hashlib.blake2b(booking_id.bytes, digest_size=TOPIC_BYTES).digest())


def urgency_of(event: msgspec.Struct) -> Urgency:
    """Whether a device that saves its battery is woken."""
    return "high" if type(event).__name__ in LOUD else "normal"


def ttl_seconds(at: datetime, expires_at: datetime) -> int:
    """How long the push service keeps it for a device that is off; nobody is told after it."""
    return min(max(int((expires_at - at).total_seconds()), 0), TTL_SECONDS_MAX)


def known_by(address: str) -> str:
    """What a device knows itself by, among those that its owner sees: no way to push to it."""
    return text_of(hashlib.sha256(address.encode()).digest())


def slow_seconds(retry_after: str, at: datetime) -> float:
    """How long a push service wants to be left alone, as it says, within limits."""
    try:
        wanted = float(retry_after) if retry_after.isdigit() else _until(retry_after, at)
    except ValueError:
        return SLOW_SECONDS_DEFAULT
    return min(max(wanted, 1.0), SLOW_SECONDS_MAX)


def _until(date: str, at: datetime) -> float:
    moment = parsedate_to_datetime(date)
    return (moment.replace(tzinfo=moment.tzinfo or at.tzinfo) - at).total_seconds()
