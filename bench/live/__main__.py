"""How is it measured? `python -m bench.live`, on a stack with a messenger and no front desk:

make up STACK=bench ONLY=postgres,kafka,sink,notify

Everything runs on the same machine, the pages and what makes things happen in this one process. The
peer, streams as they are usually built, is measured in the same run.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from statistics import median, quantiles
from uuid import UUID, uuid4

import uvloop
from aiokafka import AIOKafkaProducer

from bench.live.happenings import Happenings, happenings
from bench.live.pages import Page, opened, until
from bench.live.watched import Watched
from deploy.local import state
from deploy.local.settings import CHECKOUT
from deploy.local.stack import SETUP, Stack, named
from talon.mistakes import MistakeError
from talon.progress import console
from talon.tokens import Signer

STREAMS = 10_000
SINGLE_EVENTS = 100
ROUNDS = 3
QUIET_SECONDS = 15.0
"""As long as it takes until every stream had its heartbeat."""

PEER_PORT_DISTANCE = 5


def main() -> int:
    """Measure, and print."""
    words = argparse.ArgumentParser(prog="python -m bench.live", description=__doc__)
    words.add_argument("--stack", default="bench")
    words.add_argument("--streams", type=int, default=STREAMS)
    options = words.parse_args()
    try:
        uvloop.run(_measure(named(options.stack), options.streams))
    except MistakeError as reason:
        print(f"bench live: {reason}", file=sys.stderr)
        return 2
    return 0


async def _measure(stack: Stack, streams: int) -> None:
    messenger = Watched(_messenger(stack))
    signer, out = Signer(stack), console()
    people = [uuid4() for _ in range(streams)]
    pages = [Page(signer.sign(person, ["patient"], hours=1)) for person in people]
    await _open(messenger, stack.api("notify"), pages)
    async with _log(stack) as producer:
        happening = await happenings(stack, producer)
        await _tell_one_at_a_time(happening, people, pages)
        for _ in range(ROUNDS):
            with messenger.working() as work:
                said = await _tell_everybody(happening, people, pages)
            out.print(f"one event for each of {streams:,} pages: {said}; {work}")
        out.print(f"memory: {messenger.rss_mb:.0f} MB after that")
        with messenger.working() as work:
            seconds, pages = await _all_come_back(stack, happening, people, pages)
        out.print(f"all come back and are told what they missed: {seconds:.1f} s; {work}")
    for page in pages:
        page.close()
    await _measure_peer(stack, streams)


async def _measure_peer(stack: Stack, streams: int) -> None:
    port = stack.settings.port("TALON_NOTIFY_PORT").number + PEER_PORT_DISTANCE
    out = console()
    async with _peer(port) as pid:
        out.print("the peer, a task and a queue for each stream:")
        peer = Watched(pid)
        pages = [Page("") for _ in range(streams)]
        await _open(peer, f"http://127.0.0.1:{port}", pages)
        for n in range(ROUNDS):
            with peer.working() as work:
                seconds = await _tell_by_signal(pid, pages, n + 1)
            out.print(f"all are told the same: {seconds:.1f} s; {work}")
        for page in pages:
            page.close()


async def _open(process: Watched, origin: str, pages: Sequence[Page]) -> None:
    """Open them all, and let them be quiet for a while."""
    out, before = console(), process.rss_mb
    with process.working() as work:
        seconds = await opened(origin, pages)
    each = (process.rss_mb - before) * 1000 / len(pages)
    out.print(f"{len(pages):,} streams opened: {seconds:.1f} s; {work}")
    out.print(f"memory: {before:.0f} MB before, {process.rss_mb:.0f} MB then, {each:.1f} kB each")
    with process.working() as work:
        await asyncio.sleep(QUIET_SECONDS)
    out.print(f"quiet for {QUIET_SECONDS:.0f} s, heartbeats and all: {work}")


async def _tell_one_at_a_time(
    happening: Happenings, people: Sequence[UUID], pages: Sequence[Page]
) -> None:
    """One event for one page while all the others are open."""
    took = []
    for person, page in zip(people[:SINGLE_EVENTS], pages, strict=False):
        began = time.monotonic()
        await happening.tell([person])
        await _until_told([page], 1)
        took.append(page.told_at - began)
    console().print(
        f"one event for one page: {median(took) * 1000:.0f} ms from the log to the page,"
        f" p99 {quantiles(took, n=100)[98] * 1000:.0f} ms"
    )


async def _tell_everybody(
    happening: Happenings, people: Sequence[UUID], pages: Sequence[Page]
) -> str:
    """One event for each page, all at once; how long it took."""
    for page in pages:
        page.told = 0
    began = time.monotonic()
    await happening.tell(people)
    written = time.monotonic() - began
    await _until_told(pages, 1)
    took = sorted(page.told_at - began for page in pages)
    return (
        f"in the log in {written:.1f} s, half told by {median(took):.1f} s, all by {took[-1]:.1f} s"
    )


async def _all_come_back(
    stack: Stack, happening: Happenings, people: Sequence[UUID], pages: Sequence[Page]
) -> tuple[float, list[Page]]:
    """All connections break, something happens to each, and all come back at once."""
    for page in pages:
        page.close()
    await happening.tell(people)
    back = [Page(page.token, page.last_id) for page in pages]
    began = time.monotonic()
    await opened(stack.api("notify"), back)
    await _until_told(back, 1)
    return time.monotonic() - began, back


async def _tell_by_signal(pid: int, pages: Sequence[Page], count: int) -> float:
    began = time.monotonic()
    os.kill(pid, signal.SIGUSR1)
    await _until_told(pages, count)
    return time.monotonic() - began


async def _until_told(pages: Sequence[Page], count: int) -> None:
    """Each was told so much, no more, and nobody had to begin anew."""
    await until(lambda: all(page.told >= count for page in pages))
    if any(page.told > count or page.resets for page in pages):
        raise MistakeError("some page was told something twice, or to begin anew")


@asynccontextmanager
async def _peer(port: int) -> AsyncIterator[int]:
    """The peer, up while the block runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.live.peer", str(port)),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield process.pid
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def _log(stack: Stack) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(**stack.broker(SETUP).words, acks="all", linger_ms=5)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


def _messenger(stack: Stack) -> int:
    """The messenger's process, on a stack where nobody else numbers events."""
    live = state.read_live(stack.home)
    parts = {} if live is None else {part.name: part.process for part in live.parts}
    if "booking" in parts or parts.get("notify") is None:
        raise MistakeError(
            "this needs a messenger and no front desk; run:"
            f" make up STACK={stack.name} ONLY=postgres,kafka,sink,notify"
        )
    messenger = parts["notify"]
    assert messenger is not None
    return messenger.pid


if __name__ == "__main__":
    sys.exit(main())
