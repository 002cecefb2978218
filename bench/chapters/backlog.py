"""How fast is a backlog caught up? Of wishes when the referee was away, of events when others were.

Whoever is away is stopped in the middle of what they do (SIGSTOP), so many wishes are put on the
log as the front desk would put them, and then they go on.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from bench.rush.clinics import SLOTS_PER_CLINIC
from bench.rush.ground import Ground
from bench.rush.lag import Lag
from deploy.local.stack import SETUP
from shared.handing import Commands
from shared.log import Appender
from shared.messages import BookPlaces, PlaceWish
from shared.topics import REPLY_SEATS, home_of
from talon.mistakes import MistakeError

TOGETHER = 2_000
"""So many wishes are handed over before it is waited for them."""

DEADLINE = timedelta(minutes=15)
CONNECT_SECONDS_MAX = 20.0
SECONDS_MAX = 120.0
LOOK_SECONDS = 0.05


async def play(ground: Ground) -> None:
    """First the referee is away, then the front desk, through which all events go on."""
    count = ground.sizes.backlog
    decided, known = await _referee_away(ground, count)
    followed = await _desk_away(ground, count)
    await ground.audit()
    ground.all.values |= {
        "backlog_size": count,
        "backlog_decided_per_second": round(count / decided),
        "backlog_settled_per_second": round(count / known),
        "backlog_events_per_second": round(count / followed),
    }
    ground.pace.say(
        f"{count:,} wishes: decided after {decided:.1f} s, known to all after {known:.1f} s;"
        f" {count:,} events: known to all after {followed:.1f} s"
    )


async def _referee_away(ground: Ground, count: int) -> tuple[float, float]:
    """Seconds until all were decided, and until everybody knew."""
    await ground.settle()
    async with _away(ground, "slots"):
        await _gather(ground, count)
    began = time.monotonic()
    await _until(ground, lambda lag: lag.commands == 0)
    decided = time.monotonic() - began
    await _until(ground, lambda lag: lag.behind == 0)
    return decided, time.monotonic() - began


async def _desk_away(ground: Ground, count: int) -> float:
    """Seconds until everybody knew what was decided meanwhile."""
    await ground.settle()
    async with _away(ground, "booking"):
        await _gather(ground, count)
        await _until(ground, lambda lag: lag.commands == 0)
    began = time.monotonic()
    await _until(ground, lambda lag: lag.behind == 0)
    return time.monotonic() - began


@asynccontextmanager
async def _away(ground: Ground, service: str) -> AsyncIterator[None]:
    pid = ground.talon.roots()[service]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def _gather(ground: Ground, count: int) -> None:
    """So many wishes for the thousand slots, each somebody else's."""
    appender = Appender(ground.stack.broker(SETUP), "bench-backlog")
    await appender.start()
    commands, town = Commands(appender), ground.town
    try:
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            while commands.away:  # noqa: ASYNC110 - nobody tells when it is there
                await asyncio.sleep(LOOK_SECONDS)
        for start in range(0, count, TOGETHER):
            nths = range(start, min(count, start + TOGETHER))
            await asyncio.gather(*(_post(commands, town.uniform, town.clinics, n) for n in nths))
    finally:
        await appender.stop()
    ground.made_elsewhere(booked=count)


async def _post(
    commands: Commands, slots: tuple[UUID, ...], clinics: tuple[UUID, ...], nth: int
) -> None:
    slot, wish, now = nth % len(slots), uuid4(), datetime.now(UTC)
    command = BookPlaces(
        id=wish,
        cause=wish,
        at=now,
        body_hash=wish.bytes,
        deadline=now + DEADLINE,
        reply_to=REPLY_SEATS - 1,
        owner_id=uuid4(),
        places=(PlaceWish(slot_id=slots[slot]),),
    )
    await commands.hand_over(command, home_of(clinics[slot // SLOTS_PER_CLINIC]))


async def _until(ground: Ground, done: Callable[[Lag], bool]) -> None:
    """Looked at often: what is timed is short."""
    ends = time.monotonic() + SECONDS_MAX
    while not done(await ground.watch.look()):
        if time.monotonic() > ends:
            raise MistakeError(f"a backlog was not caught up within {SECONDS_MAX:g} s")
        await asyncio.sleep(LOOK_SECONDS)
