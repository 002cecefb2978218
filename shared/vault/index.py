"""How is a person found by a phone that nobody stores in clear? By a keyed hash of it, exactly."""

import hashlib
import hmac
import re
import unicodedata

import msgspec

_encode = msgspec.msgpack.Encoder().encode
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_BETWEEN_DIGITS = re.compile(r"[\s().‐-―-]+")


class BlindIndex:
    """HMAC-SHA-256 under a key of its own: without the key nobody can try values out."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, kind: str, *values: str) -> bytes:
        """The same for the same values of a kind; of different kinds never the same."""
        return hmac.digest(self._key, _encode([kind, *values]), hashlib.sha256)


def plain_email(text: str) -> str:
    """The one spelling of an address by which it is looked up."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def plain_phone(text: str) -> str | None:
    """The one spelling of a phone (E.164); None for what is no phone with its country's code."""
    digits = _BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", text))
    return digits if _PHONE.fullmatch(digits) else None
