"""Which id does a name have among those of another id? The same one, for ever and everywhere."""

from hashlib import sha1
from uuid import UUID

import msgspec

_decode = msgspec.msgpack.Decoder(UUID).decode
_BIN_16 = b"\xc4\x10"
"""What stands before 16 bytes in msgpack."""


def named(namespace: UUID, name: str) -> UUID:
    """`uuid.uuid5`, in a third of its time: four of them are made for a booking."""
    text = namespace.int.to_bytes(16, "big") + name.encode()
    digest = bytearray(sha1(text, usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return _decode(_BIN_16 + digest)
