"""What do tests of the access log tell their stories with? Accesses, chains, and a writer."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from shared.access.chain import CLOSING, Batch, Chain, Head, batch_after, chain_after
from shared.access.entries import Entry, encode, entries_of, together
from shared.access.noting import Access
from shared.access.store import AccessLog
from shared.access.writer import AccessLimits, Writer
from tests.booking_stories import ALICE
from tests.stories import NOON, an_id

NURSE = an_id("a nurse")
CHAIN = an_id("a chain")


def an_entry(*persons: UUID, **about: Any) -> Entry:
    """A nurse looks at somebody's booking."""
    said: dict[str, Any] = {
        "at": NOON,
        "actor_id": NURSE,
        "role": "front_desk",
        "persons": persons or (ALICE,),
        "operation": "list_day",
        "what": "day",
        "about": None,
        "reason": "care",
        "fields": ("status", "places"),
    }
    return Entry(**said | about)


def a_chain(*batches: Iterable[Entry], closed: bool = False) -> tuple[Chain, list[Batch]]:
    """A chain in which these were noted, one batch after the other."""
    opened = chain_after(None, id=CHAIN, at=NOON, by="booking-0")
    head, rows = Head(CHAIN, 0, opened.hash), []
    texts = [
        (together([encode(e) for e in batch]), {p for e in batch for p in e.persons})
        for batch in map(list, batches)
    ]
    for number, (text, persons) in enumerate([*texts, *([(CLOSING, set())] if closed else [])]):
        row = batch_after(head, text, persons, NOON + timedelta(seconds=number))
        rows.append(row)
        head = Head(CHAIN, row.seq, row.hash)
    return opened, rows


async def all_written(writer: Writer) -> None:
    """Returns once nothing waits to be written."""
    async with asyncio.timeout(5.0):
        while writer.waiting:  # noqa: ASYNC110 - nobody else is to be told, so nobody tells
            await asyncio.sleep(0.005)


async def entries_in(pool: asyncpg.Pool) -> list[Entry]:
    """Everything that was noted and is written, in its order."""
    rows = await pool.fetch("SELECT entries FROM access_log ORDER BY at, seq")
    return [entry for row in rows for entry in entries_of(row["entries"].encode())]


async def noted(pool: asyncpg.Pool, access: Access) -> list[Entry]:
    """The same, once nothing waits to be written."""
    await all_written(access.writer)
    return await entries_in(pool)


@asynccontextmanager
async def a_writer(pool: asyncpg.Pool, **limits: Any) -> AsyncIterator[Writer]:
    """Writes what is noted while the block runs, and ends in good order."""
    writer = Writer(
        AccessLog(pool),
        by="booking-0",
        now=lambda: datetime.now(UTC),
        limits=AccessLimits(**{"gather_seconds": 0.01} | limits),
    )
    task = asyncio.create_task(writer.run())
    try:
        yield writer
        writer.stop()
        await asyncio.wait_for(task, 5.0)
    finally:
        task.cancel()
