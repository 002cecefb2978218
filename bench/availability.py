"""What do a million places in memory weigh, and what do a load, an event and a read of them cost?

All of it happens in this process, on a database of its own that is dropped afterwards. What is told
is this process's CPU time, which depends less on what else the machine does. Reads are measured
twice: making the answer, and whole requests while a native client asks as fast as it can.
"""

import argparse
import asyncio
import gc
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from random import Random
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import uvloop

from bench import wrk
from bench.telling import booked, count_of, wish_for
from deploy.local.stack import SUPERUSER, named
from services.slots.app import doors
from services.slots.availability import Alternatives, Around, Days, Limits, Memory, Pages, Part
from services.slots.availability.loading import give_up, load
from services.slots.availability.records import Slot
from services.slots.config import Config
from services.slots.store import Reads
from shared import database
from shared.asking import Asking, Replies
from shared.broker import Broker
from shared.clock import DatabaseClock
from shared.statements import load as statements
from shared.topics import HOMES, SLOTS_COMMANDS
from shared.web import serving
from talon.mistakes import MistakeError

SQL = statements("bench")

NOBODY = Broker("", user="", password="")
"""Nothing here is told or heard by a log."""

CLINICS = 2_000
SLOTS_A_DAY = 36
SLOTS_MAX = 1_000_000
EVENTS = 20_000
READ_SECONDS = 3.0
ROUNDS = 5
PORT = 18_199
SERVICE = "vaccination"
LIMITS = Limits(
    slots_max=SLOTS_MAX, encoded_bytes_max=67_108_864, hole_seconds_max=10.0, stale_seconds_max=5.0
)


def main() -> int:
    """Measure, and print what was found."""
    words = argparse.ArgumentParser(prog="python -m bench.availability", description=__doc__)
    words.add_argument("--stack", default="bench", help="whose PostgreSQL is used; it is up")
    words.add_argument("--server", help="a superuser's DSN without a database, instead")
    options = words.parse_args()
    server = options.server or named(options.stack).dsn(SUPERUSER, "postgres").rpartition("/")[0]
    try:
        uvloop.run(_measure(server))
    except (OSError, MistakeError) as reason:
        print(f"bench availability: {reason}", file=sys.stderr)
        return 2
    return 0


async def _measure(server: str) -> None:
    async with _filled(server) as dsn, _memory(dsn) as memory:
        await _weigh(memory, dsn)
        _apply(memory)
        _advise(memory)
        _write(memory)
        await _serve(memory, dsn)
        await _load_again(memory, dsn)


# ---- a city --------------------------------------------------------------------------------------


@asynccontextmanager
async def _filled(server: str) -> AsyncIterator[str]:
    """A database with a million slots for one person each; gone after the block."""
    name = f"bench_{uuid4().hex}"
    admin = await asyncpg.connect(f"{server}/postgres")
    await admin.execute(f"CREATE DATABASE {name}")
    try:
        dsn = f"{server}/{name}"
        await database.migrate(dsn, ["shared", "shared.proposals", "services.slots"])
        connection = await asyncpg.connect(dsn)
        await connection.execute(SQL["fill_clinics"], CLINICS)
        await connection.execute(SQL["fill_slots"], SLOTS_A_DAY, SLOTS_MAX)
        await connection.execute(SQL["number_events"], SLOTS_COMMANDS.name, HOMES)
        await connection.execute("ANALYZE")
        await connection.close()
        yield dsn
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


@asynccontextmanager
async def _memory(dsn: str) -> AsyncIterator[Memory]:
    pool = await database.open_pool(dsn, size_max=2, name="bench")
    clock = DatabaseClock()
    await clock.set(pool)
    numbers = Reads(pool).event_numbers
    try:
        yield Memory(dsn=dsn, broker=NOBODY, name="", numbers=numbers, clock=clock, limits=LIMITS)
    finally:
        pool.terminate()


# ---- what is measured ----------------------------------------------------------------------------


async def _weigh(memory: Memory, dsn: str) -> None:
    before, began, spent = _resident_mb(), time.monotonic(), time.process_time()
    async with _stalls() as stalls:
        memory.replica = await load(dsn, SLOTS_MAX)
    gc.freeze()
    memory.pages = Pages(memory.replica.board, LIMITS.encoded_bytes_max)
    board = memory.replica.board
    places = sum(slot.capacity for slot in board.slots.values())
    weight = _resident_mb() - before
    print(
        f"{len(board.slots):,} slots, {places:,} places, {len(board.clinics):,} clinics:"
        f" {weight:,.0f} MB ({weight * 1e6 / len(board.slots):,.0f} bytes a slot),"
        f" {_resident_mb():,.0f} MB in all; loaded in {time.monotonic() - began:.1f} s with"
        f" {time.process_time() - spent:.1f} s of CPU, the event loop stood for"
        f" {max(stalls) * 1000:.0f} ms at most"
    )


def _apply(memory: Memory) -> None:
    """Bookings, as the referee tells of them, on random slots."""
    assert memory.replica is not None
    dice, replica, now_us = Random(1), memory.replica, memory.now_us()
    slots = list(replica.board.slots.values())
    values = [booked(dice.choice(slots)) for _ in range(EVENTS)]
    began = time.process_time()
    for number, value in enumerate(values, start=1):
        replica.take(0, number, value, now_us=now_us)
    spent = time.process_time() - began
    print(f"an event ({len(values[0])} bytes): {spent / EVENTS * 1e6:.1f} µs")


def _advise(memory: Memory) -> None:
    """Near places for who found a slot taken: searched for, and as found a moment before."""
    assert memory.board is not None
    board, now_us = memory.board, memory.now_us()
    full = [slot for slot in board.slots.values() if slot.free == 0][:200]
    wishes = [(wish_for(slot), UUID(bytes=slot.id)) for slot in full]
    told = Alternatives(lambda: board, lambda: now_us)
    first = _microseconds(lambda: [told.near(*wish) for wish in wishes], 1) / len(wishes)
    again = _microseconds(lambda: [told.near(*wish) for wish in wishes], 50) / len(wishes)
    print(f"alternatives: {first:.0f} µs searched for, {again:.1f} µs as found before")


def _write(memory: Memory) -> None:
    """Making each kind of answer: again after a change, and when nothing has changed."""
    assert memory.replica is not None
    board = memory.replica.board
    slot = next(iter(board.slots.values()))
    for name, make in _answers(memory, slot).items():
        fresh, kept = [], []
        for n in range(ROUNDS * 20):
            board.count(count_of(slot, booked=n % 2))
            fresh.append(_microseconds(make, 1))
            kept.append(_microseconds(make, 10))
        print(f"{name}: {median(fresh):.0f} µs after a change, {median(kept):.0f} µs without")


def _answers(memory: Memory, slot: Slot) -> dict[str, Callable[[], Any]]:
    pages, board = memory.pages, memory.board
    assert pages is not None
    assert board is not None
    sheet = board.sheets[slot.sheet]
    clinic, now_us = sheet.clinic, memory.now_us()
    around = Around((clinic.latitude or 0.0, clinic.longitude or 0.0))
    return {
        "20 clinics by distance": lambda: pages.clinics(Part(20), service=SERVICE, around=around),
        "availability of 20 clinics by distance": lambda: pages.availability(
            Part(20), service=SERVICE, days=Days(), where=around, now_us=now_us
        ),
        "availability of 100 clinics": lambda: pages.availability(
            Part(100), service=SERVICE, days=Days(), where=None, now_us=now_us
        ),
        "availability of one clinic": lambda: pages.availability(
            Part(100), service=SERVICE, days=Days(), where=clinic.id, now_us=now_us
        ),
        f"the {len(sheet.slots)} slots of a day": lambda: pages.slots(
            Part(100), clinic_id=clinic.id, day=sheet.day, service=SERVICE
        ),
        "one slot": lambda: pages.slot(UUID(bytes=slot.id)),
    }


async def _serve(memory: Memory, dsn: str) -> None:
    """Whole requests, by CPU time of this process."""
    pool = await database.open_pool(dsn, size_max=2, name="bench")
    config = Config(
        database=dsn,
        database_owner="",
        kafka="",
        kafka_user="",
        kafka_password="",
        jwks="",
        issuer="",
        audience="",
        port=PORT,
        ops_port=PORT + 1,
    )
    asking = Asking(None, Replies(broker=NOBODY, name="", partition=0, seats_max=1))  # type: ignore[arg-type]
    app = doors(config, Reads(pool), asking, clock=memory._clock, memory=memory)
    async with serving(app, config.host, PORT):
        for name, paths in _paths(memory).items():
            # Once without looking, so that what is made once is there.
            await wrk.read(f"http://{config.host}:{PORT}", paths, seconds=1.0)
            spent = time.process_time()
            said = await wrk.read(f"http://{config.host}:{PORT}", paths, seconds=READ_SECONDS)
            each = (time.process_time() - spent) / (said.per_second * READ_SECONDS) * 1e6
            print(
                f"GET {name}: {each:.0f} µs each, {said.per_second:,.0f}/s beside the client,"
                f" {said.failed} failed"
            )
    pool.terminate()


def _paths(memory: Memory) -> dict[str, list[str]]:
    """Pages of a hundred slots' clinics, as people look at them."""
    board = memory.board
    assert board is not None
    slots = Random(2).sample(list(board.slots.values()), 100)
    sheets = [board.sheets[slot.sheet] for slot in slots]
    days = [date.fromordinal(sheet.day).isoformat() for sheet in sheets]
    clinics = [sheet.clinic for sheet in sheets]
    near = [f"near={clinic.latitude},{clinic.longitude}&limit=20" for clinic in clinics]
    return {
        "/clinics": [f"/api/v1/clinics?{one}" for one in near],
        "/availability near": [f"/api/v1/availability?service={SERVICE}&{one}" for one in near],
        "/availability at a clinic": [
            f"/api/v1/availability?service={SERVICE}&clinic={clinic.id}" for clinic in clinics
        ],
        "/slots of a day": [
            f"/api/v1/slots?clinic={clinic.id}&date={day}"
            for clinic, day in zip(clinics, days, strict=True)
        ],
        "/slots/{id}": [f"/api/v1/slots/{UUID(bytes=slot.id)}" for slot in slots],
    }


async def _load_again(memory: Memory, dsn: str) -> None:
    """As a process does that is in doubt: the old copy stays until the new one is there."""
    assert memory.replica is not None
    old, memory.pages = memory.replica, None
    began = time.monotonic()
    async with _stalls() as stalls:
        memory.replica = await load(dsn, SLOTS_MAX)
        peak = _resident_mb()
        await give_up(old.board)
    print(
        f"loaded anew: {peak:,.0f} MB with both copies, {time.monotonic() - began:.1f} s until the"
        f" old one is given up, the event loop stood for {max(stalls) * 1000:.0f} ms at most"
    )


# ---- how it is measured --------------------------------------------------------------------------


def _microseconds(do: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        do()
    return (time.process_time() - began) / times * 1e6


def _resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@asynccontextmanager
async def _stalls() -> AsyncIterator[list[float]]:
    """How long the event loop let others wait, each time, while the block ran."""
    found = [0.0]

    async def look() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0)
            found.append(time.monotonic() - began)
            await asyncio.sleep(0.001)

    looking = asyncio.create_task(look())
    yield found
    looking.cancel()


if __name__ == "__main__":
    sys.exit(main())
