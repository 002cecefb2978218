"""How does a test get a process to kill, which carries out an act? `-m tests.proposals_process`."""

import asyncio
import sys
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from shared import database
from shared.proposals.acts import Run
from shared.proposals.rules import Outcome
from shared.proposals.runner import Runner
from shared.proposals.store import Proposals
from tests.proposals import Cleaning, seats

SEATS = 40
IDS_MAX = 2
LEASE_SECONDS = 0.5
SEAT_SECONDS = 0.02


class CleaningForReal(Cleaning):
    """What is cleaned is in a table, once; how often it was tried is counted beside."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        super().__init__(seats(SEATS))
        self._pool = pool

    async def execute(self, run: Run, ids: Sequence[UUID]) -> Outcome:
        """One seat after the other, each committed by itself."""
        for seat in ids:
            await self._pool.execute(
                """INSERT INTO cleaned (seat, proposal, tried) VALUES ($1, $2, 1)
                       ON CONFLICT (seat, proposal) DO UPDATE SET tried = cleaned.tried + 1""",
                seat,
                run.proposal_id,
            )
            await asyncio.sleep(SEAT_SECONDS)
        return Outcome(changed=len(ids), refused=0)


async def carry_on(dsn: str) -> None:
    """Carry on whatever is due, for ever."""
    pool = await database.open_pool(dsn, size_max=3, name="proposals-process")
    act = CleaningForReal(pool)
    runner = Runner(Proposals(pool), {act.kind: act}, lease_seconds=LEASE_SECONDS, ids_max=IDS_MAX)
    await runner.run(0.02)


if __name__ == "__main__":
    asyncio.run(carry_on(sys.argv[1]))
