"""What does a link's token say, and is it one of ours? One answer for all that are not."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import msgspec

Purpose = Literal[
    "cancel_booking", "visit", "visit_for_another", "confirm_visit", "decline", "move_visit"
]

PURPOSES: Mapping[Purpose, int] = {
    "cancel_booking": 1,
    "visit": 2,
    "visit_for_another": 3,
    "confirm_visit": 4,
    "decline": 5,
    "move_visit": 6,
}
"""Each purpose's number in a token: never changed, never given to another."""

VERSION = 1
SECRET_BYTES_MIN = 32
MAC_BYTES = 32
ID_BYTES = 16
TIME_BYTES = 4
HEAD_BYTES = 3
BODY_BYTES = HEAD_BYTES + TIME_BYTES + 2 * ID_BYTES
TOKEN_LENGTH = -(-(BODY_BYTES + MAC_BYTES) * 8 // 6)
"""95 characters: version, key, purpose, until, person, object, and a code over all of them."""

_PURPOSE_OF = {number: purpose for purpose, number in PURPOSES.items()}


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """The secrets by their numbers. New links are signed by one; links by any of them are valid."""

    signs: int
    secrets: Mapping[int, bytes]

    def __repr__(self) -> str:
        """Without the secrets: a line in a log is nobody's to sign with."""
        return f"Keys(signs={self.signs}, numbers={sorted(self.secrets)})"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that one person may do with one object, until then."""

    purpose: Purpose
    person_id: UUID
    object_id: UUID
    until: datetime

    @property
    def id(self) -> UUID:
        """The same link has the same id, by whichever key it was signed."""
        return UUID(bytes=hashlib.blake2b(_meant(self), digest_size=ID_BYTES).digest())


def token_of(link: Link, keys: Keys) -> str:
    """The link as it stands in an address."""
    body = bytes((VERSION, keys.signs)) + _meant(link)
    return _text(body + _code(body, keys.secrets[keys.signs]))


def link_of(token: str, keys: Keys, now: datetime) -> Link | None:
    """What a token allows now; None whatever is wrong with it."""
    raw = _bytes(token)
    if raw is None:
        return None
    body, code = raw[:BODY_BYTES], raw[BODY_BYTES:]
    version, key, purpose = body[:HEAD_BYTES]
    secret = keys.secrets.get(key)
    if secret is None or not hmac.compare_digest(code, _code(body, secret)):
        return None
    # From here on it is what we have signed ourselves, by this version or an older one.
    if version != VERSION or purpose not in _PURPOSE_OF:
        return None
    link = _read(body)
    return link if now < link.until else None


def keys_of(text: str) -> Keys | None:
    """The keys as they stand in a setting: `{"signs": 2, "keys": {"1": BASE64, "2": BASE64}}`.

    None where there are none: then no link is made, and none is valid.
    """
    if not text:
        return None
    try:
        said = msgspec.json.decode(text, type=_Said)
    except msgspec.MsgspecError as error:
        raise ValueError("the keys of links are not as docs/links.md has them") from error
    keys = Keys(signs=said.signs, secrets=said.keys)
    if keys.signs not in keys.secrets:
        raise ValueError("the key that signs is not among the keys")
    if not all(0 < number < 256 for number in keys.secrets):
        raise ValueError("a key's number is from 1 to 255")
    if any(len(secret) < SECRET_BYTES_MIN for secret in keys.secrets.values()):
        raise ValueError(f"a key has at least {SECRET_BYTES_MIN} bytes")
    return keys


class _Said(msgspec.Struct, forbid_unknown_fields=True):
    signs: int
    keys: dict[int, bytes]


def _meant(link: Link) -> bytes:
    until = int(link.until.timestamp()).to_bytes(TIME_BYTES, "big")
    return bytes((PURPOSES[link.purpose],)) + until + link.person_id.bytes + link.object_id.bytes


def _read(body: bytes) -> Link:
    until, ids = body[HEAD_BYTES : HEAD_BYTES + TIME_BYTES], body[HEAD_BYTES + TIME_BYTES :]
    return Link(
        purpose=_PURPOSE_OF[body[HEAD_BYTES - 1]],
        person_id=UUID(bytes=ids[:ID_BYTES]),
        object_id=UUID(bytes=ids[ID_BYTES:]),
        until=datetime.fromtimestamp(int.from_bytes(until, "big"), UTC),
    )


def _code(body: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, body, "sha256")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _bytes(token: str) -> bytes | None:
    """The bytes that this very text stands for: one link has one token by each key."""
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    try:
        raw = base64.b64decode(token + "=", altchars=b"-_", validate=True)
    except ValueError:
        return None
    return raw if _text(raw) == token else None
