"""Who tries a rule book on everybody? Any process, batch by batch, one dry run at a time.

A lease says whose turn it is. Each batch is a statement of its own, with a pause after it, so that
bookings go on beside it; who dies leaves the position of the last batch that was noted.
"""

import asyncio
import logging
import time
from uuid import UUID, uuid4

from services.booking import metrics
from services.booking.rules.dryruns import Compared, Found, added, month_number
from services.booking.store import Books, DryRuns
from services.booking.store.database import OUTAGES
from services.booking.store.dryruns import Claimed
from shared.pulse import Pulse

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
LEASE_SECONDS = 15.0
SILENCE_SECONDS_MAX = 30.0
PEOPLE_AT_ONCE = 10_000
PAUSE_PER_WORK = 0.5
"""For each second of work it is quiet for so many: bookings have the larger part of a core."""


class Trier:
    """Carries on the dry run that is due, if there is one."""

    def __init__(
        self, runs: DryRuns, books: Books, *, people_at_once: int = PEOPLE_AT_ONCE
    ) -> None:
        self.id = uuid4()
        self.pulse = Pulse(SILENCE_SECONDS_MAX)
        self._runs = runs
        self._books = books
        self._people_at_once = people_at_once

    async def run(self) -> None:
        """For ever; an outage is waited out."""
        while True:
            pause = LOOK_SECONDS
            self.pulse.beat()
            try:
                began = time.monotonic()
                if await self.turn():
                    pause = (time.monotonic() - began) * PAUSE_PER_WORK
            except OUTAGES as error:
                log.warning("a dry run waits", extra={"error": repr(error)})
            await asyncio.sleep(pause)

    async def turn(self) -> bool:
        """One batch; False where there is none to be done."""
        run = await self._runs.claim(self.id, LEASE_SECONDS)
        if run is None:
            return False
        compared = await self._compared(run)
        cells, last = await self._runs.look_at(
            run.position,
            self._people_at_once,
            compared.conditions(run.as_of),
            month_number(run.as_of),
        )
        found = added(run.found, compared, cells)
        if last is not None:
            await self._note(run, last, found)
            return True
        unknown = compared.of_the_unknown(await self._runs.unknown(), run.as_of)
        if await self._runs.end(self.id, run, added(found, compared, [unknown])):
            metrics.DRY_RUNS.inc()
            log.info("a dry run is over", extra={"run": run.id, "people": found.people})
        return True

    async def _note(self, run: Claimed, last: UUID, found: Found) -> None:
        kept = await self._runs.note(
            self.id, run, position=last, found=found, lease_seconds=LEASE_SECONDS
        )
        if not kept:
            log.warning("another process carries the dry run on", extra={"run": run.id})
        metrics.DRY_RUN_PEOPLE.inc(found.people - run.found.people)

    async def _compared(self, run: Claimed) -> Compared:
        new = await self._books.load(run.book_id)
        assert new is not None, "a book that is tried is never deleted"
        if run.against_id is None:
            return Compared(after=new.book.phases)
        old = await self._books.load(run.against_id)
        assert old is not None, "a book that was published is never deleted"
        return Compared(after=new.book.phases, before=old.book.phases)
