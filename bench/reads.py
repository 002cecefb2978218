"""How many pages a second does the edge serve, and how old is what they say while thousands book?

The peer is the same nginx with a file of the same size: what it could do at most. Both are asked in
turns; the medians are shown. Then a thousand bookings a second change what is read.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from statistics import median
from urllib.request import urlopen

import uvloop

from bench import bookings, wrk
from deploy.local.settings import CHECKOUT
from deploy.local.stack import Stack, named
from talon.city import home
from talon.city.plan import VACCINATION, Plan
from talon.mistakes import MistakeError
from talon.progress import console
from talon.reads import pages
from talon.reads.crowd import reading
from talon.rush.choice import SKEW

ROUNDS = 3
ROUND_SECONDS = 5.0
BOOKING_SECONDS = 15.0
BOOKINGS_PER_SECOND = 1_100.0
"""Asked for; a tenth may be refused and it is still a thousand that are made."""

READS_PER_BOOKING = 2
HOT_PAGES = 200


def main() -> int:
    """Measure on a stack that is up and has a city."""
    words = argparse.ArgumentParser(prog="python -m bench.reads", description=__doc__)
    words.add_argument("--stack", default="bench")
    options = words.parse_args()
    try:
        uvloop.run(_measure(named(options.stack)))
    except MistakeError as reason:
        print(f"bench reads: {reason}", file=sys.stderr)
        return 2
    return 0


async def _measure(stack: Stack) -> None:
    plan = home.load(stack).plan
    paths = [f"/api/v1{page}" for page in pages.draw(plan, Random(1), SKEW)[:HOT_PAGES]]
    await _compare(stack, paths)
    await _age(stack, plan)


async def _compare(stack: Stack, paths: list[str]) -> None:
    """Availability beside a file, in turns."""
    out = console()
    one = next(path for path in paths if "availability?clinic" in path)
    size = await asyncio.to_thread(_size_of, f"{stack.edge}{one}")
    with _static_file(size) as file:
        runs = {"a file": [file], "one page": [one], f"{len(paths)} pages": paths}
        rates: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, wanted in runs.items():
                said = await wrk.read(stack.edge, wanted, seconds=ROUND_SECONDS)
                if said.failed:
                    raise MistakeError(f"{name}: {said.failed} answers were not what was asked for")
                rates[name].append(said.per_second)
                out.print(f"  {name}: {said.per_second:,.0f}/s, p99 {said.p99_ms:.1f} ms")
    peer = median(rates["a file"])
    for name, found in rates.items():
        out.print(
            f"{name} ({size} bytes): {median(found):,.0f}/s, {median(found) / peer:.2f} of a file"
        )


def _size_of(address: str) -> int:
    with urlopen(address) as answer:
        return len(answer.read())


@contextmanager
def _static_file(size: int) -> Iterator[str]:
    """A file of this size among the pages, while the block runs."""
    path = CHECKOUT / "web" / f"bench-{size}.bin"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x" * size)
    try:
        yield f"/{path.name}"
    finally:
        path.unlink()


async def _age(stack: Stack, plan: Plan) -> None:
    """How old the oldest page was while bookings changed them all."""
    slots = [slot for slot in plan.slots if slot.service == VACCINATION and slot.capacity > 1]
    Random(1).shuffle(slots)
    stop = asyncio.Event()
    booking = asyncio.create_task(bookings.book(stack, slots, rate=BOOKINGS_PER_SECOND, stop=stop))
    await asyncio.sleep(bookings.READING_SECONDS)
    made = 0

    def so_far() -> int:
        return made

    async with reading(stack, per_booking=READS_PER_BOOKING, bookings=so_far) as readers:
        for _ in range(int(BOOKING_SECONDS)):
            await asyncio.sleep(1)
            made += int(BOOKINGS_PER_SECOND)
        stop.set()
        done = await booking
    summary = readers.summary
    console().print(
        f"{done.booked / BOOKING_SECONDS:,.0f} bookings a second ({done.refused:,} refused,"
        f" {done.unanswered:,} unanswered): {summary.reads:,} pages read, answered with"
        f" {summary.statuses}; p99 {summary.p99_ms:.0f} ms; as of {summary.age_p99_seconds:.2f} s"
        f" before (p99), {summary.age_max_seconds:.2f} s at most"
    )


if __name__ == "__main__":
    sys.exit(main())
