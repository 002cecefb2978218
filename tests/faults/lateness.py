"""When was the client itself late, so that its clock judges nobody?"""

import asyncio
import time

TICK_SECONDS = 0.1
NOTED_SECONDS = 0.2
LATE_SECONDS_MAX = 1.0
"""Whoever is later than this cannot tell how late somebody else was."""


class Lateness:
    """Sleeps a tenth of a second again and again, and notes when it woke up late."""

    def __init__(self) -> None:
        self.spells: list[tuple[float, float]] = []
        """From when it should have woken up until it did, in seconds since 1970."""

    async def run(self) -> None:
        """For ever."""
        while True:
            due = time.monotonic() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            late = time.monotonic() - due
            if late >= NOTED_SECONDS:
                now = time.time()
                self.spells.append((now - late, now))

    def most(self, since: float, until: float) -> float:
        """By how much it was late at most, of the spells that touch this time."""
        touching = (end - at for at, end in self.spells if at <= until and end >= since)
        return max(touching, default=0.0)

    def may_judge(self, since: float, until: float) -> bool:
        """True where it was in time all the time."""
        return self.most(since, until) <= LATE_SECONDS_MAX
