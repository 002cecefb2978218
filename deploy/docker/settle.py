"""Are database, roles and topics there before the first service starts?"""

import asyncio
from collections.abc import Awaitable, Callable

from deploy.local.parts import HopelessError, NotReadyError, kafka, postgres
from deploy.local.progress import say
from deploy.local.stack import Stack

PAUSE_SECONDS = 0.5

Step = Callable[[Stack], Awaitable[None]]


async def settle(stack: Stack) -> None:
    """Wait for PostgreSQL and Kafka and make what is missing, as on one machine."""
    await _until_done(stack, "postgres", postgres.settle)
    await _until_done(stack, "kafka", kafka.settle)


async def _until_done(stack: Stack, name: str, step: Step) -> None:
    seconds = stack.settings.number("TALON_START_SECONDS")
    last = "it did not answer at all"
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    await step(stack)
                except (NotReadyError, OSError) as reason:
                    last = str(reason) or type(reason).__name__
                    await asyncio.sleep(PAUSE_SECONDS)
                else:
                    break
    except TimeoutError:
        raise HopelessError(f"{name} was not ready within {seconds} s: {last}") from None
    say(name, "is as the services expect it")
