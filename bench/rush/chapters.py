"""Of which chapters does a bench consist, in which order, and what if one of them fails?"""

import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack

from rich.console import Console

from bench.chapters import (
    backlog,
    cold,
    edge,
    half,
    handed,
    kept,
    looks,
    overload,
    places,
    processes,
    waiting,
    where,
)
from bench.rush.found import Everything
from bench.rush.ground import Ground, standing
from bench.rush.rounds import PEERS, SHAPES, Rounds
from bench.rush.scene import Scene
from bench.rush.sizes import Sizes
from bench.rush.trouble import told
from deploy.local.stack import Stack
from talon.mistakes import MistakeError

IN_ROUNDS = (PEERS, *SHAPES)
"""Measured in turns, in the same rounds; one slot and a thousand are always among them."""

ROUNDS = "rounds"
IN_TOWN: dict[str, Callable[[Ground], Awaitable[None]]] = {
    "half": half.play,
    "looks": looks.play,
    "backlog": backlog.play,
    "processes": processes.play,
    "kept": kept.play,
    "where": where.play,
    "cold": cold.play,
}
"""Each after the rounds, on the same stack."""

APART: dict[str, Callable[[Scene], Awaitable[None]]] = {
    "places": places.play,
    "edge": edge.play,
    "handed": handed.play,
    "overload": overload.play,
    "waiting": waiting.play,
}
"""Each makes the stack anew as it needs it."""

ALL = (*IN_ROUNDS, *IN_TOWN, *APART)


def chosen(words: str) -> tuple[str, ...]:
    """The chapters of these names, in their order; all where none is named."""
    names = [name for word in words.split(",") if (name := word.strip())]
    unknown = set(names) - set(ALL)
    if unknown:
        raise MistakeError(f"no chapter is called {', '.join(sorted(unknown))}: {', '.join(ALL)}")
    return tuple(name for name in ALL if not names or name in names)


class Book:
    """A bench from its first chapter to its last."""

    def __init__(self, stack: Stack, sizes: Sizes, every: Everything, out: Console) -> None:
        self._scene = Scene(stack, sizes, every, out)
        self._all = every
        self._out = out
        self._is_new = True
        """Whether the stack is as it came up."""

    async def play(self) -> Everything:
        """What was chosen. A chapter that fails is named, and the next begins on a new stack."""
        names = self._all.chapters
        in_rounds = [name for name in names if name in IN_ROUNDS]
        in_town = [name for name in names if name in IN_TOWN]
        if in_rounds or in_town:
            await self._play_in_town(in_rounds, [ROUNDS, *in_town])
        for name in names:
            if name in APART:
                self._is_new = False
                await self._chapter(name, APART[name](self._scene))
        return self._all

    async def _play_in_town(self, in_rounds: Collection[str], names: list[str]) -> None:
        while names:
            async with AsyncExitStack() as ending:
                ground = await self._stand(ending, names[0])
                while ground is not None and names:
                    name = names.pop(0)
                    if not await self._chapter(name, _play(name, ground, in_rounds)):
                        break
                if ground is None:
                    names.pop(0)

    async def _stand(self, ending: AsyncExitStack, first: str) -> Ground | None:
        """A town for the chapters that come; None where there could be none for the first."""
        grounds: list[Ground] = []

        async def stand() -> None:
            if not self._is_new:
                await self._scene.up()
            self._is_new = False
            town = standing(self._scene.stack, self._scene.sizes, self._all, self._out)
            grounds.append(await ending.enter_async_context(town))

        return grounds[0] if await self._chapter(first, stand(), heading="a town") else None

    async def _chapter(self, name: str, play: Awaitable[None], heading: str = "") -> bool:
        """Whether it could be played to its end."""
        self._out.rule(heading or name, align="left")
        began = time.monotonic()
        try:
            await play
        except Exception as reason:
            self._all.failed.setdefault(name, told(reason))
            self._scene.say(f"{name} failed: {told(reason)}")
            return False
        finally:
            spent = self._all.chapter_seconds
            spent[name] = round(spent.get(name, 0.0) + time.monotonic() - began, 1)
        return True


async def _play(name: str, ground: Ground, in_rounds: Collection[str]) -> None:
    if name == ROUNDS:
        await Rounds(ground, in_rounds).play()
    else:
        await IN_TOWN[name](ground)
