"""Where does a stream stand? For each partition, at the number of the last event it has passed.

To clients a position is an opaque word, the `id:` of what they are told. It says nothing of a
person, so it is not signed: who makes one up skips or repeats their own events, and no others.
"""

import re

from shared.topics import BOOKING_EVENTS

Position = tuple[int, ...]
"""One number for each partition of `booking.events`, in their order."""

START: Position = (0,) * BOOKING_EVENTS.partitions

_NUMBER = "[0-9]{1,18}"
_SPELLED = re.compile("-".join([_NUMBER] * BOOKING_EVENTS.partitions))


def spelled(position: Position) -> str:
    """The word for a position."""
    return "-".join(map(str, position))


def read(word: str) -> Position | None:
    """The position that a word spells; None where it is none of ours."""
    if not _SPELLED.fullmatch(word):
        return None
    return tuple(map(int, word.split("-")))


def moved(position: Position, home: int, seq: int) -> Position:
    """The position after the event of that number."""
    return (*position[:home], seq, *position[home + 1 :])


def reaches(position: Position, other: Position) -> bool:
    """True when everything up to `other` lies at or before `position`."""
    return all(here >= there for here, there in zip(position, other, strict=True))
