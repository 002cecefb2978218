"""What does it cost to note an access, in this process and in PostgreSQL?

So many a second are noted as the front desk would note them, each by another person, and written
to a database of its own that is dropped afterwards. Told is CPU time for each, with and without,
in turns: what the process had, and what PostgreSQL's own process for it had.
"""

import argparse
import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from uuid import UUID, uuid4

import asyncpg
import msgspec
import uvloop

from deploy.local.stack import SUPERUSER, named
from shared import database
from shared.access.entries import Entry
from shared.access.store import AccessLog
from shared.access.writer import AccessLimits, Writer
from shared.statements import load as statements

SQL = statements("bench")

ROUNDS = 5
SECONDS = 4.0
STEP_SECONDS = 0.01
RATES = (100, 500, 1_000)
TICKS_PER_SECOND = 100


class Cost(msgspec.Struct):
    """CPU microseconds for each access."""

    here: float
    postgres: float
    batches: int


async def run(server: str) -> None:
    """Measure each rate in turns; medians with the lowest and highest."""
    admin = await asyncpg.connect(f"{server}/postgres")
    name = f"bench_accesses_{uuid4().hex}"
    await admin.execute(f"CREATE DATABASE {name}")
    try:
        await database.migrate(f"{server}/{name}", ["shared"])
        costs: dict[int, list[Cost]] = {rate: [] for rate in RATES}
        for _ in range(ROUNDS):
            for rate in RATES:
                costs[rate].append(await _measured(f"{server}/{name}", rate))
        for rate, found in costs.items():
            print(f"{rate:>6} a second: {_told(found)}")
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


async def _measured(dsn: str, rate: int) -> Cost:
    """One round: what noting costs beyond the same loop without it."""
    pool = await database.open_pool(dsn, size_max=1, name="bench")
    pid = await pool.fetchval(SQL["backend"])
    idle = await _steadily(None, rate)
    writer = Writer(
        AccessLog(pool), by="bench", now=lambda: datetime.now(UTC), limits=AccessLimits()
    )
    task = asyncio.create_task(writer.run())
    there, here = _ticks(pid), time.process_time()
    count = await _steadily(writer, rate)
    writer.stop()
    await task
    used = time.process_time() - here
    postgres = (_ticks(pid) - there) / TICKS_PER_SECOND
    await pool.close()
    per = 1_000_000 / max(count.noted, 1)
    return Cost((used - idle.seconds) * per, postgres * per, writer.batches)


class Steady(msgspec.Struct):
    """How many were noted, and what the loop had."""

    noted: int = 0
    seconds: float = 0.0


async def _steadily(writer: Writer | None, rate: int) -> Steady:
    done, began, used = Steady(), time.monotonic(), time.process_time()
    while (elapsed := time.monotonic() - began) < SECONDS:
        for _ in range(int(elapsed * rate) - done.noted):
            done.noted += 1
            person = uuid4()
            if writer is not None:
                writer.add(_an_entry(person))
        await asyncio.sleep(STEP_SECONDS)
    done.seconds = time.process_time() - used
    return done


def _an_entry(person: UUID) -> Entry:
    return Entry(
        at=datetime.now(UTC),
        actor_id=person,
        role="patient",
        persons=(person,),
        operation="request_booking",
        what="booking",
        about=person,
        reason="own",
        fields=("status", "places", "campaign"),
    )


def _ticks(pid: int) -> int:
    """CPU time of a process, by the kernel's clock ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _told(found: list[Cost]) -> str:
    here, there = [one.here for one in found], [one.postgres for one in found]
    return (
        f"here {median(here):.1f} us ({min(here):.1f} to {max(here):.1f}),"
        f" PostgreSQL {median(there):.1f} us ({min(there):.1f} to {max(there):.1f}),"
        f" {median([one.batches for one in found]):.0f} batches"
    )


def main(arguments: list[str]) -> int:
    """On the PostgreSQL of a stack that is up."""
    parser = argparse.ArgumentParser(prog="python -m bench.accesses", description=__doc__)
    parser.add_argument("--stack", default="local")
    dsn = named(parser.parse_args(arguments).stack).dsn(SUPERUSER, "postgres")
    uvloop.run(run(dsn.removesuffix("/postgres")))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
