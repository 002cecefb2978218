"""How does a service of a stack that is up get more processes, or fewer, while people use it?

Who comes is asked for nothing before it is ready; who goes is asked for nothing more before it is
told to go. A partition's new owner, replies that are still to come, connections that are kept: all
that is the services' own business (shared/leases.py, shared/door.py). Here is only the order.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import uuid4

import msgspec

from deploy.local import ports
from deploy.local.crew import Crew
from deploy.local.keeper import Keeper
from deploy.local.parts import HopelessError, Part, services
from deploy.local.progress import say
from deploy.local.stack import Stack
from deploy.local.state import Scaled

CHANGE_SIGNAL = signal.SIGUSR1
"""Tells the supervisor that there is a wish to read."""

DEATHS_BEFORE_READY_MAX = 5
LOOK_SECONDS = 0.05


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How many processes each service is to have."""

    id: str
    counts: dict[str, int]


def ask_for(counts: Mapping[str, int], home: Path) -> Wish:
    """Write the wish down for the supervisor to read; at once, so that nobody reads half of it."""
    wish = Wish(id=uuid4().hex, counts=dict(counts))
    part = _path_in(home).with_suffix(".part")
    part.write_bytes(msgspec.json.encode(wish))
    os.replace(part, _path_in(home))
    return wish


def _path_in(home: Path) -> Path:
    return home / "scale.json"


class Scaler:
    """Turns wishes into processes, one wish after the other."""

    def __init__(
        self, stack: Stack, crew: Crew, counts: dict[str, int], tell: Callable[[], None]
    ) -> None:
        self.scaled = Scaled()
        self._stack = stack
        self._crew = crew
        self._counts = counts
        self._tell = tell
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """There is a wish."""
        self._asked.set()

    async def run(self) -> None:
        """Fulfil what is asked for, for ever."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            wish = msgspec.json.decode(_path_in(self._stack.home).read_bytes(), type=Wish)
            trouble = ""
            try:
                await self._change(wish.counts)
            except HopelessError as reason:
                trouble = str(reason)
                say("supervisor", f"changed nothing: {trouble}")
            self.scaled = Scaled(wish_id=wish.id, trouble=trouble)
            self._tell()

    async def _change(self, counts: Mapping[str, int]) -> None:
        """First those who come, then who asks them, then those who go."""
        more = [
            services.part(self._stack, service, instance)
            for service, count in counts.items()
            for instance in range(self._counts[service], count)
        ]
        fewer = [
            services.name_of(service, instance)
            for service, count in counts.items()
            for instance in range(count, self._counts[service])
        ]
        before = dict(self._counts)
        await self._bring(more)
        self._counts.update(counts)
        try:
            await self._tell_who_asks_them()
        except HopelessError:
            self._counts.update(before)
            came = {part.name for part in more}
            await self._crew.let_go([k for k in self._crew.keepers if k.part.name in came])
            raise
        going = [keeper for keeper in self._crew.keepers if keeper.part.name in fewer]
        await self._crew.let_go(going)

    async def _bring(self, parts: list[Part]) -> None:
        """Start these and wait until they are ready; none of them stays where one cannot come."""
        for part in parts:
            for port in part.ports.values():
                if trouble := ports.complaint(port, self._stack.settings):
                    raise HopelessError(trouble)
        coming = [self._crew.add(part) for part in parts]
        self._crew.begin(coming)
        limit = self._stack.settings.number("TALON_START_SECONDS")
        try:
            async with asyncio.timeout(limit):
                await self._until_ready(coming)
        except TimeoutError:
            await self._crew.let_go(coming)
            raise HopelessError(f"not ready after {limit} s") from None
        except HopelessError:
            await self._crew.let_go(coming)
            raise

    async def _until_ready(self, coming: list[Keeper]) -> None:
        while missing := [keeper for keeper in coming if not keeper.ready.is_set()]:
            for keeper in missing:
                if keeper.state.restarts >= DEATHS_BEFORE_READY_MAX:
                    raise HopelessError(f"{keeper.part.name} does not start; see its log")
            await asyncio.sleep(LOOK_SECONDS)

    async def _tell_who_asks_them(self) -> None:
        """Whoever does not run now reads it when it starts."""
        for keeper in self._crew.keepers:
            if keeper.state.process is not None:
                await keeper.part.rescaled(keeper.state.process.pid)
