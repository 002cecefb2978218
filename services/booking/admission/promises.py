"""What were people told of their wait, and did it come true? A sample, kept by this process alone.

What is told with a ticket is kept as it is told. How long it will take people reckon from the room
besides, whenever they look; so, every few seconds, what some places would be told is kept as well.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from random import Random
from typing import Literal
from uuid import UUID

import msgspec

from services.booking.rules.line import Came, Pace, Room, Wait, came_true, wait_of

KEPT_MAX = 2_000
"""How many are kept for each line; of more, some by chance."""

LOOK_SECONDS = 10.0
PLACES_LOOKED_AT = 5

Told = Literal["ticket", "room"]
Count = Callable[[Told, Came], None]


class Promise(msgspec.Struct, frozen=True):
    """Whoever has this place was told at that moment how long it would take."""

    place: int
    told: Told
    at: float
    wait: Wait


class Promises:
    """What was told and has not come true yet."""

    def __init__(self, count: Count, chance: Random | None = None) -> None:
        self._count = count
        self._chance = chance or Random()
        self._open: defaultdict[UUID, list[Promise]] = defaultdict(list)
        self._looked_at: dict[UUID, float] = {}

    def tell(self, campaign_id: UUID, promise: Promise) -> None:
        """Somebody is told; what has no end is no promise."""
        if promise.wait.high_seconds is None or promise.wait.high_seconds == 0:
            return
        kept = self._open[campaign_id]
        if len(kept) < KEPT_MAX:
            kept.append(promise)
        else:
            kept[self._chance.randrange(KEPT_MAX)] = promise

    def see(self, room: Room, pace: Pace, at: float) -> None:
        """So far the line is now: whose turn it is by now, that was it; the others look."""
        if room.closed_at is not None or room.drawn_at is None:
            self._open.pop(room.campaign_id, None)
            return
        self._settle(room, at)
        waiting = room.arrivals - int(room.serving)
        due = at - self._looked_at.get(room.campaign_id, float("-inf")) >= LOOK_SECONDS
        if due and waiting > 0:
            self._looked_at[room.campaign_id] = at
            for _ in range(PLACES_LOOKED_AT):
                place = self._chance.randint(int(room.serving) + 1, room.arrivals)
                wait = wait_of(place - int(room.serving), pace)
                self.tell(room.campaign_id, Promise(place, "room", at, wait))

    def _settle(self, room: Room, at: float) -> None:
        kept: Sequence[Promise] = self._open.get(room.campaign_id, ())
        if not kept:
            return
        self._open[room.campaign_id] = [one for one in kept if one.place > room.serving]
        for one in kept:
            if one.place <= room.serving:
                self._count(one.told, came_true(one.wait, at - one.at))
