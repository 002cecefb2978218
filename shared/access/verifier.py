"""Which row of the access log was changed, is missing, was moved, or is cut off?

Rows hold each other by their hashes; where the log ends is known from anchors, which the services
say in their own logs. Who changes rows and works all hashes out anew gives other hashes than those.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal
from uuid import UUID

import msgspec

from shared.access.chain import NOTHING, Batch, Chain, Head, hash_of_batch, hash_of_chain
from shared.access.entries import entries_of

Kind = Literal["changed", "missing", "moved", "cut off", "added"]

PLACES_TRIED_MAX = 10_000
"""A batch that does not fit its place is tried in so many others around it."""


class Flaw(msgspec.Struct, frozen=True, kw_only=True):
    """One row that is not as it was written. Without a chain it is a row of the register."""

    kind: Kind
    chain: UUID | None
    seq: int
    says: str


class Walk:
    """A walk along one chain, batch after batch."""

    def __init__(self, chain: UUID, opening: bytes | None, anchors: Mapping[int, bytes]) -> None:
        self.head = Head(chain, 0, opening or NOTHING)
        self.entries = 0
        self.closed = False
        self._registered = opening is not None
        self._anchors = anchors
        self._follows = False
        self._sound = True

    def take(self, batch: Batch) -> Iterator[Flaw]:
        """What is wrong with the next batch, and with what should be before it."""
        if self.head.seq == 0 and not self._registered:
            yield self._flaw("missing", 0, "the register does not know the chain")
        if self.closed:
            yield self._flaw("added", batch.seq, "it comes after the batch that closed the chain")
        # Of what stands behind a hole or a row that is named already, nothing follows about it.
        self._follows = batch.seq == self.head.seq + 1 and self._registered and self._sound
        if batch.seq > self.head.seq + 1:
            yield self._flaw("missing", self.head.seq + 1, _gone(self.head.seq + 1, batch.seq - 1))
        wrong = list(self._wrong_with(batch))
        yield from wrong
        self._sound = all(flaw.seq != batch.seq for flaw in wrong)
        self.head = Head(batch.chain, batch.seq, batch.hash)
        self.closed = batch.closes

    def end(self) -> Iterator[Flaw]:
        """What should be behind the last batch."""
        reached = max(self._anchors, default=0)
        if reached > self.head.seq:
            yield self._flaw("cut off", self.head.seq + 1, _gone(self.head.seq + 1, reached))

    def _wrong_with(self, batch: Batch) -> Iterator[Flaw]:
        """At most one flaw of the batch itself, or of the one before that it does not follow."""
        anchored = self._anchors.get(batch.seq)
        if hash_of_batch(batch) != batch.hash:
            yield self._changed_or_moved(batch)
        elif (wrong := self._said_wrongly(batch)) is not None:
            yield self._flaw("changed", batch.seq, wrong)
        elif self._follows and batch.previous != self.head.hash:
            says = f"batch {batch.seq} follows another than this one"
            yield self._flaw("changed", self.head.seq, says)
        elif anchored is not None and anchored != batch.hash:
            yield self._flaw("changed", batch.seq, "its hash was another when it was anchored")

    def _changed_or_moved(self, batch: Batch) -> Flaw:
        first = max(1, batch.seq - PLACES_TRIED_MAX // 2)
        for seq in range(first, first + PLACES_TRIED_MAX):
            if hash_of_batch(batch, seq=seq) == batch.hash:
                return self._flaw("moved", batch.seq, f"it was written as batch {seq}")
        return self._flaw("changed", batch.seq, "it does not fit its hash")

    def _said_wrongly(self, batch: Batch) -> str | None:
        """The persons stand beside the entries, to find them by: outside of the hash."""
        try:
            entries = entries_of(batch.entries)
        except msgspec.DecodeError:
            return "its entries cannot be read"
        self.entries += len(entries)
        persons = {person for entry in entries for person in entry.persons}
        return None if persons == set(batch.persons) else "its persons are not those of its entries"

    def _flaw(self, kind: Kind, seq: int, says: str) -> Flaw:
        return Flaw(kind=kind, chain=self.head.chain, seq=seq, says=says)


def flaws_of_chain(
    opening: Chain | None, batches: Iterable[Batch], anchors: Mapping[int, bytes], *, chain: UUID
) -> Iterator[Flaw]:
    """All that is wrong with one chain."""
    walk = Walk(chain, None if opening is None else opening.hash, anchors)
    for batch in batches:
        yield from walk.take(batch)
    yield from walk.end()


def flaws_of_register(chains: Iterable[Chain]) -> Iterator[Flaw]:
    """All that is wrong with the register of chains; what is cut off at its end is missed by those
    who look for the chains of batches and of anchors.
    """
    number, before = 0, NOTHING
    for row in chains:
        follows = row.number == number + 1
        if not follows:
            yield _of_register("missing", number + 1, _gone(number + 1, row.number - 1))
        if hash_of_chain(row) != row.hash:
            yield _of_register("changed", row.number, "it does not fit its hash")
        elif follows and row.previous != before:
            yield _of_register("changed", number, f"row {row.number} follows another than this one")
        number, before = row.number, row.hash


def _of_register(kind: Kind, number: int, says: str) -> Flaw:
    return Flaw(kind=kind, chain=None, seq=number, says=says)


def _gone(first: int, last: int) -> str:
    return f"{first} is gone" if first == last else f"{first} to {last} are gone"
