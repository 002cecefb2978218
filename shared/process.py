"""How does a service start, stop and die? Whole: one task dies, the process dies."""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

import msgspec
import uvloop

from shared import config, faultpoints, logs

log = logging.getLogger(__name__)

C = TypeVar("C", bound=msgspec.Struct)

GARBAGE_OBJECTS = 50_000
"""So many more objects than were let go make the collector look for rings among the young ones."""

STOP_SECONDS = 3.0
"""How long what is under way may take to end in good order."""


def start(
    service: str, config_type: type[C], run: Callable[[C, asyncio.Event], Coroutine[Any, Any, None]]
) -> None:
    """Run a service until SIGTERM or SIGINT; a wrong setting is one line and exit code 2."""
    try:
        settings = config.load(config_type, os.environ)
        faultpoints.set_up(service, os.environ)
    except config.SettingError as error:
        sys.exit(f"{service}: {error}")
    logs.set_up(service, os.environ.get("TALON_LOG_LEVEL", "info"))
    _collect_seldom()
    uvloop.run(_until_stopped(service, run, settings))


def _collect_seldom() -> None:
    """What was loaded stays, and what a request makes goes by itself when it is over: Python's
    own thresholds would have the collector look at thousands of waiting requests every few of them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS, 20, 50)


async def _until_stopped(
    service: str, run: Callable[[C, asyncio.Event], Awaitable[None]], settings: C
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopping.set)
    log.info("starts", extra={"pid": os.getpid()})
    await run(settings, stopping)
    log.info("stopped", extra={"pid": os.getpid()})


class Stoppable(Protocol):
    """Something that ends in good order when asked to."""

    async def run(self) -> None:
        """Work until stopped."""

    def stop(self) -> None:
        """Finish what is under way, then end."""


class Work(msgspec.Struct):
    """What a process does: what goes on, what ends in good order, and how each part of it is."""

    checks: dict[str, Callable[[], str | None]]
    tasks: list[Coroutine[Any, Any, None]]
    doors: list[Stoppable] = []
    first: list[Stoppable] = []

    async def run(self, stopping: asyncio.Event) -> None:
        """Do it until told to stop."""
        await until(stopping, *self.tasks, doors=self.doors, first=self.first)


async def until(
    stopping: asyncio.Event,
    *tasks: Coroutine[Any, Any, None],
    doors: Sequence[Stoppable] = (),
    first: Sequence[Stoppable] = (),
) -> None:
    """Run all until told to stop; then the doors end in good order, then `first`, then the tasks.

    If one dies, all die.
    """
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(task) for task in tasks]
        outer = [group.create_task(door.run()) for door in doors]
        inner = [group.create_task(part.run()) for part in first]
        await stopping.wait()
        await _end(doors, outer, seconds_max=None)
        await _end(first, inner, seconds_max=STOP_SECONDS)
        for task in (*inner, *running):
            task.cancel()


async def _end(
    parts: Sequence[Stoppable], lives: Sequence[asyncio.Task[None]], *, seconds_max: float | None
) -> None:
    """Ask them to end, and wait; a door has limits of its own."""
    for part in parts:
        part.stop()
    if lives:
        await asyncio.wait(lives, timeout=seconds_max)
