"""How does a service start, stop and die? Whole: one task dies, the process dies."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

import msgspec
import uvloop

from shared import config, logs

log = logging.getLogger(__name__)

C = TypeVar("C", bound=msgspec.Struct)

STOP_SECONDS = 3.0
"""How long what is under way may take to end in good order."""


def start(
    service: str, config_type: type[C], run: Callable[[C, asyncio.Event], Coroutine[Any, Any, None]]
) -> None:
    """Run a service until SIGTERM or SIGINT; a wrong setting is one line and exit code 2."""
    try:
        settings = config.load(config_type, os.environ)
    except config.SettingError as error:
        sys.exit(f"{service}: {error}")
    logs.set_up(service, os.environ.get("TALON_LOG_LEVEL", "info"))
    uvloop.run(_until_stopped(service, run, settings))


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


async def until(
    stopping: asyncio.Event, *tasks: Coroutine[Any, Any, None], first: Sequence[Stoppable] = ()
) -> None:
    """Run all until told to stop; then `first` ends in good order, and the tasks are cancelled.

    If one dies, all die.
    """
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(task) for task in tasks]
        orderly = [group.create_task(part.run()) for part in first]
        await stopping.wait()
        for part in first:
            part.stop()
        if orderly:
            await asyncio.wait(orderly, timeout=STOP_SECONDS)
        for task in (*orderly, *running):
            task.cancel()
