"""How is one field sealed so that it opens only where it belongs? AES-256-GCM, pure functions.

What a field is, whose, and in which version of its row, is bound to the sealed bytes: moved to
another row, column, table, service or back in time, they do not open.
"""

import os
from typing import NamedTuple
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
"""Random for each sealing: a person's key seals some thousand fields in a life, not 2^32."""

FORM = b"\x01"
"""The first byte of whatever is sealed, so that another form can be told apart one day."""

_encode = msgspec.msgpack.Encoder().encode


class BrokenSealError(Exception):
    """It does not open: changed, moved, another's, or sealed under a key that is gone."""


class Field(NamedTuple):
    """Where a value lives."""

    service: str
    table: str
    column: str


class DataKey:
    """One person's own key. Its bytes are in no representation, so in no log and no traceback."""

    __slots__ = ("_cipher", "generation", "person_id")

    def __init__(self, person_id: UUID, generation: int, key: bytes) -> None:
        self.person_id = person_id
        self.generation = generation
        self._cipher = AESGCM(key)

    def seal(self, field: Field, version: int, text: str) -> bytes:
        """The text for this field of this version of the person's row."""
        return sealed(self._cipher, text.encode(), self._about(field, version))

    def open(self, field: Field, version: int, kept: bytes) -> str:
        """The text; BrokenSealError where these bytes were not sealed for exactly this."""
        return opened(self._cipher, kept, self._about(field, version)).decode()

    def _about(self, field: Field, version: int) -> bytes:
        return _encode([*field, self.person_id.bytes, self.generation, version])


def new_key() -> bytes:
    """A key that nobody has had before."""
    return AESGCM.generate_key(KEY_BYTES * 8)


def sealed(cipher: AESGCM, content: bytes, about: bytes) -> bytes:
    """Form, nonce, then what AES-GCM gives."""
    nonce = os.urandom(NONCE_BYTES)
    return FORM + nonce + cipher.encrypt(nonce, content, about)


def opened(cipher: AESGCM, kept: bytes, about: bytes) -> bytes:
    """What was sealed; of why it does not open nothing is told, since nothing is known."""
    if kept[:1] != FORM or len(kept) < len(FORM) + NONCE_BYTES:
        raise BrokenSealError("these bytes were never sealed here")
    begins = len(FORM) + NONCE_BYTES
    try:
        return cipher.decrypt(kept[len(FORM) : begins], kept[begins:], about)
    except InvalidTag:
        raise BrokenSealError("changed, moved, or sealed under another key") from None
