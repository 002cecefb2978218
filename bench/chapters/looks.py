"""How many book while so many pages are looked at for each booking?

Pages are read at the edge and bookings asked for at the same time, both at a pace: as many of each
as the machine ought to manage by what one of them costs of its CPU. What was read and booked is
counted, so that how many pages there really were for a booking is told too.
"""

import asyncio
import os
from statistics import median

from bench import wrk
from bench.rush.clinics import SERVICE
from bench.rush.found import line_of, name_of
from bench.rush.ground import Ground
from bench.rush.measure import Run
from bench.rush.shapes import UNIFORM

SHARE = 0.85
"""Of the machine: at all of it neither would keep its pace."""

SLOTS = 160
PROBE_SECONDS = 3.0
CONNECTIONS = 128
MORE_SECONDS = 1.0
"""So much longer is read than booked, since the bookings begin a moment later."""


async def play(ground: Ground) -> None:
    """For each ratio once: people come with pauses, and so do their looks."""
    paths = _paths(ground)
    alone = await wrk.read(ground.stack.edge, paths, seconds=PROBE_SECONDS)
    machine_us = 1e6 * (os.cpu_count() or 1)
    page_us = machine_us / alone.per_second
    booking_us = _cost(ground)
    ground.pace.say(
        f"a page takes {page_us:.0f} us of CPU, a booking {booking_us:.0f}: "
        f"{alone.per_second:,.0f} pages a second alone"
    )
    for ratio in ground.sizes.looks:
        per_second = SHARE * machine_us / (booking_us + ratio * page_us)
        run, pages = await _both(ground, paths, per_second, ratio)
        name = f"looks_{ratio}"
        ground.all.details[name] = {"run": run, "pages": pages}
        ground.all.values |= {
            f"{name}_answered": round(run.per_second, 1),
            f"{name}_settled": round(run.settled_per_second, 1),
            f"{name}_pages": round(pages.per_second),
            f"{name}_per_booking": round(pages.per_second / run.per_second, 1),
            f"{name}_p99_ms": round(run.p99_ms, 1),
            f"{name}_page_p99_ms": round(pages.p99_ms, 1),
        }
    await ground.audit()


async def _both(
    ground: Ground, paths: list[str], per_second: float, ratio: int
) -> tuple[Run, wrk.Said]:
    seconds = ground.sizes.looks_seconds
    pause_ms = 1_000 * CONNECTIONS / (per_second * ratio)
    reading = asyncio.create_task(
        wrk.read(
            ground.stack.edge,
            paths,
            seconds=seconds + MORE_SECONDS,
            connections=CONNECTIONS,
            pause_ms_max=round(2 * pause_ms),
        )
    )
    try:
        pressure = ground.pace.unhurried(per_second, seconds)
        run = await ground.measure.run(ground.talon, UNIFORM.name, pressure, ground.watch)
    finally:
        pages = await reading
    ground.pace.say(
        f"{ratio} looks a booking: {pages.per_second:,.0f} pages/s, p99 {pages.p99_ms:.0f} ms,"
        f" {pages.failed:,} failed, beside {line_of(run)}"
    )
    return run, pages


def _cost(ground: Ground) -> float:
    """CPU microseconds of a booking until everybody had heard of it."""
    runs = ground.all.runs[name_of(ground.talon.name, UNIFORM.name)]
    return median(sum(run.cpu_us_settled.values()) for run in runs)


def _paths(ground: Ground) -> list[str]:
    """What changes with each booking: every clinic's days, and slots."""
    town = ground.town
    days = [f"/api/v1/availability?clinic={one}&service={SERVICE}" for one in town.clinics]
    return days + [f"/api/v1/slots/{one}" for one in town.uniform[:SLOTS]]
