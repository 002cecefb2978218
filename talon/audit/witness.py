"""What was promised, by the client's own journal? Each wish ends as its last definite answer."""

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

import msgspec

from talon.rush.journal import Line


class Promise(msgspec.Struct, kw_only=True):
    """One booking as its owner was told of it."""

    id: UUID
    owner: UUID
    version: int
    seats: Counter[UUID]
    cancelled: bool = False
    moves: int = 0
    unsure: bool = False
    """A later wish about it has no definite answer: both outcomes are allowed."""


class Testimony(msgspec.Struct, kw_only=True):
    """All promises, who has a wish without a definite answer, and how many were refused."""

    promises: dict[UUID, Promise]
    unsure_owners: set[UUID]
    refusals: int


def testify(lines: Iterable[Line]) -> Testimony:
    """Fold the journal: what was granted stands, in the order of the booking's versions."""
    wishes: dict[str, list[Line]] = {}
    for line in lines:
        wishes.setdefault(f"{line.owner} {line.act} {line.wish}", []).append(line)
    ended = [_end(about) for about in wishes.values()]
    found = Testimony(promises={}, unsure_owners=set(), refusals=0)
    granted = [line for line in ended if line.verdict == "ok"]
    for line in sorted(granted, key=lambda line: line.version):
        _grant(found.promises, line)
    for line in ended:
        if line.verdict == "refused":
            found.refusals += 1
        elif line.verdict != "ok":
            found.unsure_owners.add(line.owner)
            if line.about in found.promises:
                found.promises[line.about].unsure = True
    return found


def _end(lines: list[Line]) -> Line:
    """A grant is never taken back; else the last definite answer; else the last."""
    for verdict in ("ok", "refused"):
        for line in reversed(lines):
            if line.verdict == verdict:
                return line
    return lines[-1]


def _grant(promises: dict[UUID, Promise], line: Line) -> None:
    key = line.booking or line.about
    if key is None or line.act in ("hold", "release"):
        return
    if line.act in ("book", "confirm"):
        promises[key] = Promise(
            id=key,
            owner=line.owner,
            version=line.version,
            seats=Counter(seat.slot_id for seat in line.given),
        )
    elif key in promises:
        promise = promises[key]
        promise.version = max(promise.version, line.version)
        if line.act == "cancel":
            promise.cancelled = True
        else:
            promise.moves += 1
            promise.seats = Counter(seat.slot_id for seat in line.given)
