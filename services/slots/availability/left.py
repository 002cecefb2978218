"""How many places are left of each service? Told every second, to whoever lets people in.

It is a hint from this process's own copy: nothing is decided by it, and what gets lost is told
again. Every process that has a copy tells it; the newest word counts.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import uuid4

import msgspec

from services.slots.availability.memory import Memory
from shared.log import LogAwayError, Outgoing
from shared.messages import PlacesLeft
from shared.topics import SLOTS_LEFT

log = logging.getLogger(__name__)

TELL_SECONDS = 1.0
"""How often what has changed is told."""

ANEW_SECONDS = 5.0
"""How often what has not changed is told all the same, for those who listen since then."""

AGE_SECONDS_MAX = 2.0
"""A copy that is older says nothing here."""

Append = Callable[[Outgoing], Awaitable[asyncio.Future[None]]]

_encode = msgspec.msgpack.Encoder().encode


class Teller:
    """Tells what is left, as far as this process knows it."""

    def __init__(self, memory: Memory, append: Append, now: Callable[[], datetime]) -> None:
        self._memory = memory
        self._append = append
        self._now = now
        self._told: dict[str, tuple[int, datetime]] = {}

    async def run(self) -> None:
        """Word after word; while the log is away none."""
        while True:
            await asyncio.sleep(TELL_SECONDS)
            try:
                await self.tell()
            except LogAwayError as error:
                log.debug("nobody hears how many places are left", extra={"error": repr(error)})

    async def tell(self) -> None:
        """What has changed since it was told, or was told long ago."""
        board = self._memory.board
        if board is None or not self._memory.age_seconds() < AGE_SECONDS_MAX:
            return
        now = self._now()
        for service, free in board.left(self._memory.now_us()).items():
            if self._is_known(service, free, now):
                continue
            word = uuid4()
            told = PlacesLeft(id=word, cause=word, at=now, service=service, free=max(0, free))
            acknowledged = await self._append(Outgoing(SLOTS_LEFT.name, 0, None, _encode(told)))
            # Seen: what gets lost is told again.
            acknowledged.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._told[service] = free, now

    def _is_known(self, service: str, free: int, now: datetime) -> bool:
        before = self._told.get(service)
        if before is None or before[0] != free:
            return False
        return (now - before[1]).total_seconds() < ANEW_SECONDS
