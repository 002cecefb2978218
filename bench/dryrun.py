"""How long is a rule book tried on a million persons, and what do bookings feel of it?

A database of its own, with so many persons in the front desk's tables, is dropped afterwards.
Beside the dry run somebody writes one row again and again, and before it as well.
"""

import argparse
import asyncio
import time
from datetime import UTC, date, datetime
from statistics import median, quantiles
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import uvloop

from services.booking.dryruns import PEOPLE_AT_ONCE, Trier
from services.booking.rules.admission import Phase, Who, Words
from services.booking.store import Books, Database, DryRuns
from shared import database
from shared.statements import load as statements

SQL = statements("bench")

PEOPLE = 1_000_000
STEP_SECONDS = 0.005
QUIET_SECONDS = 10.0
DISTRICTS = tuple(f"district-{n}" for n in range(120))
WORDS = Words(ru="Этап", en="A phase")


def phases(children: int, *ages: int) -> tuple[Phase, ...]:
    """Phases as a city has them: doctors, the chronically ill, then by age and district."""
    opens_at = datetime(2026, 1, 1, tzinfo=UTC)
    for_whom = [
        Who(professions=("doctor", "nurse")),
        Who(risk_groups=("diabetes", "asthma"), age_min=18),
        *(Who(age_min=age) for age in ages),
        Who(age_min=18, districts=DISTRICTS[:40]),
        Who(age_max=children),
    ]
    return tuple(
        Phase(id=f"phase-{nth}", title=WORDS, what_to_do=WORDS, opens_at=opens_at, who=who)
        for nth, who in enumerate(for_whom)
    )


async def run(server: str, people: int) -> None:
    """Fill, try, tell."""
    admin = await asyncpg.connect(f"{server}/postgres")
    name = f"bench_dryrun_{uuid4().hex}"
    await admin.execute(f"CREATE DATABASE {name}")
    dsn = f"{server}/{name}"
    try:
        packages = ["shared", "shared.links", "shared.proposals", "services.booking"]
        await database.migrate(dsn, packages)
        pool = await database.open_pool(dsn, size_max=4, name="bench")
        await _fill(dsn, people)
        quiet = await _felt(pool, asyncio.create_task(asyncio.sleep(QUIET_SECONDS)))
        began = time.monotonic()
        trying = asyncio.create_task(_try(Database(pool, 5.0), pool))
        busy = await _felt(pool, trying)
        print(f"{people} persons in {time.monotonic() - began:.1f} s: {trying.result()}")
        print(f"beside it, one write: {_told(busy)}; without it: {_told(quiet)}")
        pool.terminate()
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


async def _fill(dsn: str, people: int) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(SQL["fill_people"], people, list(DISTRICTS), date(1930, 1, 1))
    await connection.execute("VACUUM ANALYZE person_fact")
    await connection.close()


async def _try(store: Database, pool: asyncpg.Pool) -> str:
    campaign, staff = uuid4(), uuid4()
    await pool.execute(SQL["make_a_campaign"], campaign)
    books, runs = Books(store), DryRuns(store)
    made: list[UUID] = []
    for said in ((5, 65, 80), (9, 70)):
        made.append(uuid4())
        await books.make(made[-1], campaign, phases(*said), body_hash=b"", by_id=staff)
    run_id = uuid4()
    await runs.begin(
        run_id,
        made[1],
        campaign_id=campaign,
        against=(0, made[0]),
        as_of=None,
        body_hash=b"",
        by_id=staff,
    )
    trier = Trier(runs, books)
    task = asyncio.create_task(trier.run())
    while True:
        await asyncio.sleep(STEP_SECONDS)
        found = await runs.load(run_id)
        assert found is not None
        if found.ended_at is not None:
            task.cancel()
            gain, lose = found.found.gain, found.found.lose
            return f"gain {gain}, lose {lose}, {PEOPLE_AT_ONCE} at once"


async def _felt(pool: asyncpg.Pool, until: asyncio.Future[Any]) -> list[float]:
    """Milliseconds that one small write takes, again and again."""
    felt: list[float] = []
    while not until.done():
        began = time.monotonic()
        await pool.execute(SQL["write_one"], uuid4())
        felt.append((time.monotonic() - began) * 1_000)
        await asyncio.sleep(STEP_SECONDS)
    return felt


def _told(felt: list[float]) -> str:
    p99 = quantiles(felt, n=100)[98]
    return f"median {median(felt):.2f} ms, p99 {p99:.2f} ms, {len(felt)} of them"


def main() -> None:
    """`python -m bench.dryrun --server DSN-WITHOUT-DATABASE`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True, help="a superuser's DSN, without a database")
    parser.add_argument("--people", type=int, default=PEOPLE)
    chosen = parser.parse_args()
    uvloop.run(run(chosen.server, chosen.people))


if __name__ == "__main__":
    main()
