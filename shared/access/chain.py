"""How do batches of accesses hold together, so that nothing can be changed behind their back?

The hash of each is over the hash before it, its place and all it says. PostgreSQL works the same
hash out by itself (`audit_accesses_chained`), so the order of what goes in is kept for ever.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

NOTHING = bytes(32)
"""What the first row of a register follows."""

CLOSING = b"[]"
"""The entries of the batch that closes a chain."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """A chain as the register has it: which process opened it when, after which other."""

    number: int
    id: UUID
    opened_at: datetime
    opened_by: str
    previous: bytes
    hash: bytes


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the access log."""

    chain: UUID
    seq: int
    at: datetime
    persons: tuple[UUID, ...]
    entries: bytes
    previous: bytes
    hash: bytes

    @property
    def closes(self) -> bool:
        """True for the last of a chain whose process ended in good order."""
        return self.entries == CLOSING


class Head(msgspec.Struct, frozen=True):
    """Where a chain stands: its last number, and the hash that the next batch follows."""

    chain: UUID
    seq: int
    hash: bytes


def chain_after(last: Chain | None, *, id: UUID, at: datetime, by: str) -> Chain:
    """The register's next row."""
    number, previous = (1, NOTHING) if last is None else (last.number + 1, last.hash)
    row = Chain(number=number, id=id, opened_at=at, opened_by=by, previous=previous, hash=b"")
    return msgspec.structs.replace(row, hash=hash_of_chain(row))


def batch_after(head: Head, entries: bytes, persons: Iterable[UUID], at: datetime) -> Batch:
    """The chain's next row."""
    row = Batch(
        chain=head.chain,
        seq=head.seq + 1,
        at=at,
        persons=tuple(sorted(persons)),
        entries=entries,
        previous=head.hash,
        hash=b"",
    )
    return msgspec.structs.replace(row, hash=hash_of_batch(row))


def hash_of_chain(row: Chain) -> bytes:
    """Over the row before, and all that this one says."""
    digest = hashlib.sha256(row.previous)
    digest.update(row.number.to_bytes(8, "big") + row.id.bytes + _time(row.opened_at))
    digest.update(row.opened_by.encode())
    return digest.digest()


def hash_of_batch(row: Batch, *, seq: int | None = None) -> bytes:
    """Over the batch before, and all that this one says; `seq` as if it stood there."""
    place = row.seq if seq is None else seq
    digest = hashlib.sha256(row.previous)
    digest.update(row.chain.bytes + place.to_bytes(8, "big", signed=True) + _time(row.at))
    digest.update(hashlib.sha256(row.entries).digest())
    return digest.digest()


def _time(at: datetime) -> bytes:
    return ((at - _EPOCH) // _MICROSECOND).to_bytes(8, "big", signed=True)
