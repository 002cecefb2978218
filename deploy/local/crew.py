"""Who is kept alive just now? Parts come and go while the others run."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from deploy.local.keeper import Keeper
from deploy.local.parts import Part
from deploy.local.progress import say
from deploy.local.stack import Stack

Life = asyncio.Task[None]


class Crew:
    """The keepers of one stack, and the task in which each of them works."""

    def __init__(self, stack: Stack, parts: Sequence[Part], tell: Callable[[], None]) -> None:
        self.keepers: list[Keeper] = []
        self._stack = stack
        self._tell = tell
        self._lives: dict[str, Life] = {}
        self._changed = asyncio.Event()
        for part in parts:
            self.add(part)

    def add(self, part: Part) -> Keeper:
        """One more; it starts when it is told to begin."""
        log = self._stack.logs / f"{part.name}.log"
        keeper = Keeper(part, self._stack.settings, log, self._tell)
        self.keepers.append(keeper)
        return keeper

    def find(self, name: str) -> Keeper | None:
        """Who keeps the part of this name."""
        return next((keeper for keeper in self.keepers if keeper.part.name == name), None)

    def begin(self, keepers: Iterable[Keeper]) -> None:
        """Start these, each when those it needs have been ready once."""
        for keeper in keepers:
            self._lives[keeper.part.name] = asyncio.create_task(self._keep(keeper))
        self._changed.set()

    async def let_go(self, keepers: Sequence[Keeper]) -> None:
        """Stop these, all at once, and know nothing of them any more."""
        lives = [self._lives.pop(keeper.part.name) for keeper in keepers]
        self._changed.set()
        await asyncio.gather(*map(end, keepers, lives))
        for keeper in keepers:
            self.keepers.remove(keeper)

    async def until_one_ends(self) -> None:
        """Return when one ended that was not let go; raises what it ended with."""
        while True:
            self._changed.clear()
            change = asyncio.create_task(self._changed.wait())
            lives = set(self._lives.values())
            try:
                done, _ = await asyncio.wait({*lives, change}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                change.cancel()
            for life in done & set(self._lives.values()):
                life.result()
                return

    async def end_all(self) -> None:
        """First who needs others, then the others."""
        for needy in (True, False):
            wave = [keeper for keeper in self.keepers if bool(keeper.part.needs) is needy]
            await asyncio.gather(
                *(end(keeper, self._lives.get(keeper.part.name)) for keeper in wave)
            )

    async def _keep(self, keeper: Keeper) -> None:
        for name in keeper.part.needs:
            needed = self.find(name)
            if needed is not None:
                await needed.ready.wait()
        await keeper.keep()


async def end(keeper: Keeper, life: Life | None) -> None:
    """Stop one; what it ends with is the business of whoever watches it."""
    begun = time.monotonic()
    ran = keeper.state.process is not None
    await keeper.stop()
    if ran:
        say(keeper.part.name, f"stopped after {time.monotonic() - begun:.1f} s")
    if life is None:
        return
    life.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await life
