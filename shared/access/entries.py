"""What does the access log say of one access? Who, when, whose, what and why; never a value."""

from datetime import datetime
from uuid import UUID

import msgspec

OWN = "own"
"""The reason of whoever sees to what is theirs, or their dependants'."""

CARE = "care"
"""The reason of staff of the clinic where somebody is booked."""

AUDIT = "audit"
"""The reason of whoever looks who looked."""

REASON_LENGTH_MAX = 200
PERSONS_MAX = 1_000
"""One answer is about at most so many persons: a list of 100 bookings of up to 10 places."""


class Touch(msgspec.Struct, frozen=True):
    """What of a person's data a route reads or changes: which kind of thing, which fields."""

    what: str
    fields: tuple[str, ...]


class Entry(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One access. In this order it is written, so fields are only ever added, at the end."""

    at: datetime
    actor_id: UUID
    role: str
    persons: tuple[UUID, ...]
    operation: str
    what: str
    about: UUID | None
    reason: str
    fields: tuple[str, ...]


encode = msgspec.json.Encoder().encode
"""One entry as the bytes that are hashed and kept."""

_decode = msgspec.json.Decoder(list[Entry]).decode


def together(entries: list[bytes]) -> bytes:
    """The entries of a batch, as they are kept."""
    return b"[" + b",".join(entries) + b"]"


def entries_of(text: bytes) -> list[Entry]:
    """What a batch says; msgspec.DecodeError where that is not entries."""
    return _decode(text)


def is_a_reason(text: str) -> bool:
    """True for a line of printable characters that is neither empty nor a story."""
    return 0 < len(text) <= REASON_LENGTH_MAX and text.isprintable()
