"""How many do staff bring in by their own door, beside the line? A share of the room's speed.

The share is a number that a person sets. What staff do not use goes to the line, what they use is
taken from it, and never more than the share: so neither can starve the other, and together no more
come in than those inside can bear.
"""

import math
from typing import Annotated

import msgspec
from msgspec import Meta

SHARE_MAX = 0.5
"""Staff never have more of the speed than those who wait."""

SHARE = 0.1
"""What they have where nobody says otherwise."""

SAVED_SECONDS = 2.0
"""For how long what staff did not use is kept for them."""

Share = Annotated[float, Meta(ge=0, le=SHARE_MAX)]


class StaffDoor(msgspec.Struct, frozen=True, kw_only=True):
    """`credit` is for how many there was room so many `seconds` ago, when it was last counted."""

    share: float
    speed: float
    credit: float
    seconds: float


def earned(door: StaffDoor) -> float:
    """By how much the credit is another now: more by the time gone by, less where it is capped."""
    rate = door.share * door.speed
    most = 1.0 + rate * SAVED_SECONDS
    return min(most, door.credit + rate * max(0.0, door.seconds)) - door.credit


def wait_seconds(door: StaffDoor) -> float | None:
    """How long it takes until the next may come in: 0 now, and None where nobody ever may."""
    rate = door.share * door.speed
    if rate <= 0:
        return None
    # As the database adds: what is enough here leaves no less than nothing there.
    return max(0.0, 1.0 - (door.credit + earned(door))) / rate


def retry_seconds(wait: float) -> int:
    """The same in whole seconds, as whoever comes too early is told."""
    return max(1, math.ceil(wait))


def taken_from_line(*, come: int, counted: float, share: float, moves: float, waits: bool) -> float:
    """Of those who came in by the staff's door and were not counted yet, how many are counted now.

    `moves` is how far the line would move without them, of which it keeps all but the share. Where
    nobody waits nobody loses anything, and all are counted.
    """
    owed = come - counted
    return min(owed, share * moves) if waits else owed
