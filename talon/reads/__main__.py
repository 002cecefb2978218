"""How does the process that reads go to work? python -m talon.reads --stack demo

Each line of its input is a number of pages to read from now on; at its end the rest is read, within
a limit, and the summary printed as JSON.
"""

import argparse
import asyncio
import sys
from random import Random
from urllib.parse import urlsplit

import msgspec
import uvloop

from deploy.local.stack import Stack, named
from talon.city import home
from talon.reads import pages
from talon.reads.lines import CONNECTIONS, Queue, keep
from talon.reads.tally import Tally
from talon.rush.choice import SKEW

DRIP_SECONDS = 0.01
SPREAD_SECONDS = 0.5
"""What is owed is asked for over so long: people who book do not all look in the same instant."""

LATE_SECONDS = 3.0
"""How long the rest may still be read once nobody books any more."""


def main() -> int:
    """Read until the input ends."""
    words = argparse.ArgumentParser(prog="python -m talon.reads", description=__doc__)
    words.add_argument("--stack", required=True)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--skew", type=float, default=SKEW)
    options = words.parse_args()
    stack = named(options.stack)
    plan = home.load(stack).plan
    wanted = pages.draw(plan, Random(options.seed), options.skew)
    uvloop.run(_read(stack, wanted, Random(options.seed)))
    return 0


async def _read(stack: Stack, wanted: list[str], dice: Random) -> None:
    address = urlsplit(stack.edge)
    assert address.hostname is not None
    assert address.port is not None
    queue = Queue(Tally())
    lines = [
        asyncio.create_task(keep(queue, address.hostname, address.port)) for _ in range(CONNECTIONS)
    ]
    owed = Owed()
    listening = asyncio.create_task(owed.listen())
    dripping = asyncio.create_task(_drip(owed, queue, [f"/api/v1{page}" for page in wanted], dice))
    await listening
    for _ in range(int(LATE_SECONDS / DRIP_SECONDS)):
        if owed.count < 1 and len(queue.free) == CONNECTIONS:
            break
        await asyncio.sleep(DRIP_SECONDS)
    for task in (dripping, *lines):
        task.cancel()
    summary = queue.tally.summarize(int(owed.count) + len(queue.wanted))
    sys.stdout.buffer.write(msgspec.json.encode(summary) + b"\n")


class Owed:
    """How many pages are still to be asked for."""

    def __init__(self) -> None:
        self.count = 0.0

    async def listen(self) -> None:
        """Until the input ends."""
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            self.count += int(line)


async def _drip(owed: Owed, queue: Queue, wanted: list[str], dice: Random) -> None:
    while True:
        await asyncio.sleep(DRIP_SECONDS)
        share = max(1.0, owed.count * DRIP_SECONDS / SPREAD_SECONDS)
        for _ in range(int(min(share, owed.count))):
            owed.count -= 1
            queue.want(dice.choice(wanted))


if __name__ == "__main__":
    sys.exit(main())
