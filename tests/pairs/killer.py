"""Who is killed, and when? Referees and front desks in turn, while another of them is ready."""

import asyncio
import signal
import time
from random import Random

from deploy.local import processes, state
from deploy.local.stack import Stack
from tests.pairs.sizes import Size

PARTS = ("slots", "booking", "slots-1", "booking-1")
OTHER = {
    "slots": "slots-1",
    "slots-1": "slots",
    "booking": "booking-1",
    "booking-1": "booking",
}
READY_SECONDS_MAX = 40.0


class Killer:
    """SIGKILL, and the supervisor starts it again."""

    def __init__(self, stack: Stack, size: Size, dice: Random) -> None:
        self.killed: list[str] = []
        self.at: list[float] = []
        """When each was killed, by the monotonic clock."""

        self.is_done = False
        self._stack = stack
        self._size = size
        self._dice = dice

    async def run(self) -> None:
        """So many, one after the other; with them, in the middle, Kafka."""
        victims = [PARTS[nth % len(PARTS)] for nth in range(self._size.kills)]
        for nth in range(self._size.kafka_kills):
            victims.insert((nth + 1) * len(victims) // (self._size.kafka_kills + 1), "kafka")
        for victim in victims:
            await asyncio.sleep(self._size.kill_seconds * self._dice.uniform(0.5, 1.5))
            if await self._kill(victim):
                self.killed.append(victim)
                self.at.append(time.monotonic())
        self.is_done = True

    async def _kill(self, part: str) -> bool:
        until = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < until:
            live = state.read_live(self._stack.home)
            parts = live.parts if live is not None else []
            ready = {one.name: one.process for one in parts if one.state == "ready"}
            process = ready.get(part)
            if process is not None and OTHER.get(part, part) in ready:
                processes.send(process, signal.SIGKILL)
                return True
            await asyncio.sleep(0.1)
        return False
