"""What is a batch of messages, and what must a service be able to do with one?"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import asyncpg
import msgspec
from aiokafka.structs import ConsumerRecord

from shared.log import Outgoing


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much at once, how long for what.

    `idle_transaction_ms` is shorter than `lease_seconds`: who freezes inside a transaction has
    lost it before another may own the partition. `gather_seconds`: how long a follower that nobody
    waits for lets messages gather after the first, so that a transaction is worth its price.
    """

    batch_max: int = 128
    buffered_max: int = 2_000
    lease_seconds: float = 1.0
    idle_transaction_ms: int = 700
    lock_ms: int = 3_000
    tick_seconds: float = 0.25
    gather_seconds: float = 0.0
    wait_seconds: float = 0.2
    pause_seconds_min: float = 0.05
    pause_seconds_max: float = 1.0
    same_batch_again_max: int = 20


class Head(msgspec.Struct):
    """Where a partition stands, as locked in this transaction; a handler counts events here."""

    partition: int
    next_offset: int
    next_index: int
    taken_seq: int
    event_seq: int
    outbox_seq: int


class Item(NamedTuple):
    """One message to handle. `message` is None when nobody could read it; `wrong` then says why.

    `nth` counts within the record from 0, `last` marks its last message, `part` is its bytes.
    """

    partition: int
    offset: int
    nth: int
    last: bool
    message: Any
    wrong: str
    part: bytes
    record: ConsumerRecord


class Batch(NamedTuple):
    """What is told about a finished batch."""

    items: Sequence[Item]
    seconds: float
    positions: Mapping[int, int]


class AgainError(Exception):
    """Somebody else was quicker: roll back and handle the same batch again."""


Announcements = dict[int, list[Outgoing]]
"""What is to be announced once the batch is committed, by partition."""


class Handler(Protocol):
    """What a service does with a batch, inside the batch's transaction."""

    async def handle(
        self, connection: asyncpg.Connection, heads: dict[int, Head], items: Sequence[Item]
    ) -> Announcements:
        """Do the work of these messages, all of them readable."""

    async def set_aside(
        self, connection: asyncpg.Connection, heads: dict[int, Head], item: Item
    ) -> Announcements:
        """Record the one message whose work cannot be done; the partition goes on."""

    async def has_due(self, connection: asyncpg.Connection, partitions: Sequence[int]) -> bool:
        """True when there is work though no message came."""
