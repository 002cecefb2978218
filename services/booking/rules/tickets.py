"""What does a ticket say, and a pass, and are they ours? Each is one person's, and signed.

A ticket says which place somebody has in a campaign's line; a pass, that it was their turn. Neither
is looked up anywhere: whoever checks one needs the secret and nothing else.
"""

import base64
import hmac
from datetime import UTC, datetime
from functools import cache
from typing import Literal
from uuid import UUID

import msgspec

from shared.links.rules import Keys

Kind = Literal["ticket", "pass"]
KINDS: dict[Kind, int] = {"ticket": 1, "pass": 2}
"""Each kind's number: never changed, never given to another."""

_KIND_OF = {number: kind for kind, number in KINDS.items()}

VERSION = 1
OWN = b"talon/admission"
"""Tickets have keys of their own, made from those of links: neither passes for the other."""

ID_BYTES, TIME_BYTES, PLACE_BYTES, CODE_BYTES = 16, 4, 6, 16
HEAD_BYTES = 3
BODY_BYTES = HEAD_BYTES + TIME_BYTES + PLACE_BYTES + 2 * ID_BYTES
LENGTH = -(-(BODY_BYTES + CODE_BYTES) * 8 // 6)
"""82 characters: version, key, kind, until, place, person, campaign, a code over all of them."""


class Slip(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket or a pass. A place of 0 is one that is not drawn yet."""

    kind: Kind
    person_id: UUID
    campaign_id: UUID
    place: int
    until: datetime


def text_of(slip: Slip, keys: Keys) -> str:
    """The slip as it is handed out."""
    body = b"".join(
        (
            bytes((VERSION, keys.signs, KINDS[slip.kind])),
            int(slip.until.timestamp()).to_bytes(TIME_BYTES, "big"),
            slip.place.to_bytes(PLACE_BYTES, "big"),
            slip.person_id.bytes,
            slip.campaign_id.bytes,
        )
    )
    raw = body + _code(body, keys.secrets[keys.signs])
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def slip_of(text: str, kind: Kind, keys: Keys, now: datetime) -> Slip | None:
    """What a slip of this kind says now; None whatever is wrong with it."""
    if len(text) != LENGTH or not text.isascii():
        return None
    try:
        raw = base64.b64decode(text + "=" * (-LENGTH % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    body, code = raw[:BODY_BYTES], raw[BODY_BYTES:]
    version, key, number = body[:HEAD_BYTES]
    secret = keys.secrets.get(key)
    if secret is None or not hmac.compare_digest(code, _code(body, secret)):
        return None
    # From here on it is what we have signed ourselves, by this version or an older one.
    if version != VERSION or _KIND_OF.get(number) != kind:
        return None
    slip = _read(body, kind)
    return slip if now < slip.until else None


def _read(body: bytes, kind: Kind) -> Slip:
    at = HEAD_BYTES + TIME_BYTES
    until, place = body[HEAD_BYTES:at], body[at : at + PLACE_BYTES]
    ids = body[at + PLACE_BYTES :]
    return Slip(
        kind=kind,
        person_id=UUID(bytes=ids[:ID_BYTES]),
        campaign_id=UUID(bytes=ids[ID_BYTES:]),
        place=int.from_bytes(place, "big"),
        until=datetime.fromtimestamp(int.from_bytes(until, "big"), UTC),
    )


def _code(body: bytes, secret: bytes) -> bytes:
    return hmac.digest(_own(secret), body, "sha256")[:CODE_BYTES]


@cache
def _own(secret: bytes) -> bytes:
    """The key that is made of a key: there are as many as there are keys."""
    return hmac.digest(secret, OWN, "sha256")
