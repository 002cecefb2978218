"""How are accesses gathered and written down, so that many cost little and none is lost in silence?

One loop writes; what is noted while it writes gathers, and goes together as one batch, no oftener
than once in `gather_seconds`. What cannot be written now is kept and tried again, for ever. Where
as many wait as may, nothing more is noted, so nothing more is done: whoever asks is told so.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

import asyncpg
import msgspec

from shared import database
from shared.access.chain import CLOSING, Batch, Head, batch_after
from shared.access.entries import Entry, encode, together
from shared.access.store import ForeignBatchError
from shared.access.written import Written
from shared.problems import unavailable

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.25
SILENCE_SECONDS_MAX = 5.0
"""When the oldest entry has waited so long, nothing is taken to be noted any more."""

ENOUGH = 100
"""So many that have gathered are worth a batch: nobody waits for more, to be answered."""

ANCHOR_SECONDS = 10.0
"""So long after a batch at most, the service's own log says where the chain stands."""

ANCHORED = "the access log stands"
"""How that line begins to be found; the verifier looks for it."""


class AccessLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How long accesses gather, how many go together, how many may wait, and for how long."""

    gather_seconds: float = 0.05
    batch_max: int = 500
    waiting_max: int = 10_000
    wait_seconds: float = 0.25


class Kept(Protocol):
    """Where batches are kept."""

    async def open(self, chain_id: UUID, *, at: datetime, by: str) -> Head:
        """A new chain, entered in the register."""

    async def keep(self, batch: Batch) -> Head:
        """Add a batch; sent once more it is there once."""


class Gathered(msgspec.Struct):
    """Entries that go together, since when, and who waits for them to be written."""

    written: Written
    since: float
    entries: list[bytes] = []
    persons: set[UUID] = set()


class Writer:
    """Writes down what this process notes, in a chain of its own."""

    def __init__(
        self, kept: Kept, *, by: str, now: Callable[[], datetime], limits: AccessLimits
    ) -> None:
        self.limits = limits
        self.entries = 0
        self.batches = 0
        self.chains = 0
        self.waiting = 0
        self._kept = kept
        self._by = by
        self._now = now
        self._head: Head | None = None
        self._anchored: Head | None = None
        self._anchored_at = 0.0
        self._wrote_at = float("-inf")
        self._gathered: deque[Gathered] = deque()
        self._writing: Gathered | None = None
        self._came = asyncio.Event()
        self._enough = asyncio.Event()
        self._stopping = False

    def add(self, entry: Entry) -> Written:
        """Note it; what comes back is so once it is written. 503 where too many wait already."""
        if self.waiting >= self.limits.waiting_max:
            raise unavailable("Who looks at what cannot be noted now.")
        # What cannot be written as bytes is to be nobody's trouble but this request's.
        text = encode(entry)
        gathered = self._room()
        gathered.entries.append(text)
        gathered.persons.update(entry.persons)
        self.waiting += 1
        self._came.set()
        if self.waiting >= ENOUGH:
            self._enough.set()
        return gathered.written

    def waiting_seconds(self) -> float:
        """How long the oldest entry has waited to be written."""
        oldest = self._writing or (self._gathered[0] if self._gathered else None)
        return 0.0 if oldest is None else time.monotonic() - oldest.since

    def wrong(self) -> str | None:
        """In words, where nothing is written though something waits for it."""
        seconds = self.waiting_seconds()
        if seconds < SILENCE_SECONDS_MAX:
            return None
        return f"who looked at what waits to be written down for {seconds:.0f} s"

    def stop(self) -> None:
        """Write what was noted, then end."""
        self._stopping = True
        self._came.set()

    async def run(self) -> None:
        """Write until stopped; then close the chain, so that it shows that nothing is missing."""
        try:
            while self._gathered or not self._stopping:
                if self._gathered:
                    await self._pace()
                    await self._write(self._gathered.popleft())
                else:
                    await self._until_something_comes()
                self._anchor(oftener_than=ANCHOR_SECONDS)
            await self._close()
        finally:
            self._anchor(oftener_than=0.0)
            if self.waiting:
                log.error("accesses were not written down", extra={"entries": self.waiting})

    def _room(self) -> Gathered:
        """What gathers now, while it has room."""
        if not self._gathered or len(self._gathered[-1].entries) >= self.limits.batch_max:
            written = Written(self.limits.wait_seconds)
            self._gathered.append(Gathered(written, time.monotonic()))
        return self._gathered[-1]

    async def _until_something_comes(self) -> None:
        self._came.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._came.wait(), ANCHOR_SECONDS)

    async def _pace(self) -> None:
        """On a quiet day at once; on a busy one after a while, so that a batch is worth it."""
        pause = self._wrote_at + self.limits.gather_seconds - time.monotonic()
        self._enough.clear()
        if pause > 0 and not self._stopping and self.waiting < ENOUGH:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._enough.wait(), pause)
        self._wrote_at = time.monotonic()

    async def _write(self, gathered: Gathered) -> None:
        """The same batch again until it is there; in a new chain where this one does not go on."""
        self._writing = gathered
        entries, batch = together(gathered.entries), None
        while True:
            try:
                if self._head is None:
                    self._head, batch = await self._open(), None
                batch = batch or batch_after(self._head, entries, gathered.persons, self._now())
                self._head = await self._kept.keep(batch)
                break
            except Exception as error:
                self._go_on_after(error)
            await asyncio.sleep(RETRY_SECONDS)
        self._writing = None
        self.waiting -= len(gathered.entries)
        self.entries += len(gathered.entries)
        self.batches += 1
        gathered.written.set()

    def _go_on_after(self, error: Exception) -> None:
        if database.is_outage(error):
            log.warning("accesses wait to be written down", extra={"error": repr(error)})
            return
        if not isinstance(error, ForeignBatchError | asyncpg.PostgresError):
            raise error
        # Somebody changed or cut off what this process wrote: what it notes goes on elsewhere.
        log.error("the access log does not go on where it stood", extra={"error": repr(error)})
        self._head = None

    async def _open(self) -> Head:
        head = await self._kept.open(uuid4(), at=self._now(), by=self._by)
        self.chains += 1
        return head

    async def _close(self) -> None:
        if self._head is None:
            return
        try:
            self._head = await self._kept.keep(batch_after(self._head, CLOSING, (), self._now()))
        except (ForeignBatchError, *database.AWAY) as error:
            log.warning("a chain of accesses was not closed", extra={"error": repr(error)})

    def _anchor(self, *, oftener_than: float) -> None:
        """Say outside of the database how far the chain goes: who cuts it off cannot unsay that."""
        head, now = self._head, time.monotonic()
        if head is None or head == self._anchored or now - self._anchored_at < oftener_than:
            return
        self._anchored, self._anchored_at = head, now
        where = {"chain": head.chain, "batch": head.seq, "hash": head.hash.hex()}
        log.info(ANCHORED, extra=where)
