"""What is on its way to the log, and what if the log takes nothing?"""

import msgspec

Headers = tuple[tuple[str, bytes], ...]


class LogAwayError(Exception):
    """The log cannot take anything now, and nothing was handed over."""


class Outgoing(msgspec.Struct, frozen=True, array_like=True):
    """One record on its way out; as an array it is also how the outbox keeps it."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes
    headers: Headers = ()
