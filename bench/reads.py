"""How many pages a second does the edge serve, and how old is what they say while thousands book?

The peer is the same nginx with a file of the same size: what it could do at most. Both are asked in
turns; the medians are shown. Then the pages are read as fast as may be while a quarter of the
bookings are made that could be; then a thousand bookings a second change what is read, and it is
seen how old it is. The last line is `RESULT {json}`.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from statistics import median
from typing import Any, NamedTuple
from urllib.request import urlopen

import uvloop

from bench import bookings, wrk
from deploy.local.settings import CHECKOUT
from deploy.local.stack import Stack, named
from talon.city import home
from talon.city.plan import VACCINATION, Plan, Slot
from talon.mistakes import MistakeError
from talon.progress import console
from talon.reads import pages
from talon.reads.crowd import reading
from talon.rush.choice import SKEW

BOOKINGS_PER_SECOND = 1_100.0
"""Asked for; a tenth may be refused and it is still a thousand that are made."""

QUARTER_OF_PEAK = 800.0
"""Of 3,200 a second, which is what is answered at most with all of the machine (README.md)."""

READS_PER_BOOKING = 2
HOT_PAGES = 200


class Sizes(NamedTuple):
    """How long is measured."""

    rounds: int = 3
    seconds: float = 5.0
    booking_seconds: float = 15.0
    """While it is seen how old pages are."""

    beside: float = QUARTER_OF_PEAK
    """So many bookings a second are made while pages are read."""


def main() -> int:
    """Measure on a stack that is up and has a city."""
    words = argparse.ArgumentParser(prog="python -m bench.reads", description=__doc__)
    words.add_argument("--stack", default="bench")
    options = words.parse_args()
    try:
        result = uvloop.run(measured(named(options.stack), Sizes()))
    except MistakeError as reason:
        print(f"bench reads: {reason}", file=sys.stderr)
        return 2
    print("RESULT", json.dumps(result), flush=True)
    return 0


async def measured(stack: Stack, sizes: Sizes) -> dict[str, Any]:
    """All of it, on a stack that is up and has a city."""
    plan = home.load(stack).plan
    paths = [f"/api/v1{page}" for page in pages.draw(plan, Random(1), SKEW)[:HOT_PAGES]]
    result = await _compare(stack, paths, sizes)
    result |= await _beside(stack, paths, plan, sizes)
    result |= await _age(stack, plan, sizes)
    return result


async def _compare(stack: Stack, paths: list[str], sizes: Sizes) -> dict[str, Any]:
    """Availability beside a file, in turns."""
    out = console()
    one = next(path for path in paths if "availability?clinic" in path)
    size = await asyncio.to_thread(_size_of, f"{stack.edge}{one}")
    with _static_file(size) as file:
        runs = {"a file": [file], "one page": [one], f"{len(paths)} pages": paths}
        rates: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(sizes.rounds):
            for name, wanted in runs.items():
                said = await wrk.read(stack.edge, wanted, seconds=sizes.seconds)
                if said.failed:
                    raise MistakeError(f"{name}: {said.failed} answers were not what was asked for")
                rates[name].append(said.per_second)
                out.print(f"  {name}: {said.per_second:,.0f}/s, p99 {said.p99_ms:.1f} ms")
    peer = median(rates["a file"])
    for name, found in rates.items():
        out.print(
            f"{name} ({size} bytes): {median(found):,.0f}/s, {median(found) / peer:.2f} of a file"
        )
    names = {"a file": "file", "one page": "one_page"}
    return {
        f"{names.get(name, 'pages')}_per_second": round(median(found))
        for name, found in rates.items()
    }


async def _beside(stack: Stack, paths: list[str], plan: Plan, sizes: Sizes) -> dict[str, Any]:
    """The pages, as fast as may be, while a quarter of the bookings are made that could be."""
    stop, rates = asyncio.Event(), []
    slots = _slots_of(plan)
    booking = asyncio.create_task(bookings.book(stack, slots, rate=sizes.beside, stop=stop))
    await asyncio.sleep(bookings.READING_SECONDS)
    began = time.monotonic()
    for _ in range(sizes.rounds):
        rates.append((await wrk.read(stack.edge, paths, seconds=sizes.seconds)).per_second)
    seconds = time.monotonic() - began
    stop.set()
    done = await booking
    console().print(
        f"{median(rates):,.0f} pages a second beside {done.booked / seconds:,.0f} bookings a second"
    )
    return {
        "beside_bookings_per_second": round(median(rates)),
        "bookings_beside_per_second": round(done.booked / seconds),
    }


def _slots_of(plan: Plan) -> list[Slot]:
    slots = [slot for slot in plan.slots if slot.service == VACCINATION and slot.capacity > 1]
    Random(1).shuffle(slots)
    return slots


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


async def _age(stack: Stack, plan: Plan, sizes: Sizes) -> dict[str, Any]:
    """How old the oldest page was while bookings changed them all."""
    slots = _slots_of(plan)
    stop = asyncio.Event()
    booking = asyncio.create_task(bookings.book(stack, slots, rate=BOOKINGS_PER_SECOND, stop=stop))
    await asyncio.sleep(bookings.READING_SECONDS)
    made = 0

    def so_far() -> int:
        return made

    async with reading(stack, per_booking=READS_PER_BOOKING, bookings=so_far) as readers:
        for _ in range(int(sizes.booking_seconds)):
            await asyncio.sleep(1)
            made += int(BOOKINGS_PER_SECOND)
        stop.set()
        done = await booking
    summary = readers.summary
    console().print(
        f"{done.booked / sizes.booking_seconds:,.0f} bookings a second ({done.refused:,} refused,"
        f" {done.unanswered:,} unanswered): {summary.reads:,} pages read, answered with"
        f" {summary.statuses}; p99 {summary.p99_ms:.0f} ms; as of {summary.age_p99_seconds:.2f} s"
        f" before (p99), {summary.age_max_seconds:.2f} s at most"
    )
    return {
        "age_p99_seconds": round(summary.age_p99_seconds, 2),
        "age_max_seconds": round(summary.age_max_seconds, 2),
    }


if __name__ == "__main__":
    sys.exit(main())
