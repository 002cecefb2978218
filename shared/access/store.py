"""Where is the access log kept, and how is it read?"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.access.chain import Batch, Chain, Head, chain_after
from shared.statements import load

SQL = load("shared")

ACQUIRE_SECONDS = 3.0
REGISTER_LOCK = 0x7A11
"""Advisory lock, of each schema, under which one process at a time opens a chain."""

PAGE_BATCHES = 200
"""So many batches are read at a time by whoever reads all of them."""


class ForeignBatchError(Exception):
    """The chain's next number is taken by a batch that its process did not write."""


class AccessLog:
    """The access log of one service."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def open(self, chain_id: UUID, *, at: datetime, by: str) -> Head:
        """A new chain, entered in the register."""
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            await connection.execute(SQL["lock_register"], REGISTER_LOCK)
            row = await connection.fetchrow(SQL["last_chain"])
            last = None if row is None else Chain(**row)
            chain = chain_after(last, id=chain_id, at=at, by=by)
            columns = (getattr(chain, name) for name in Chain.__struct_fields__)
            await connection.execute(SQL["open_chain"], *columns)
        return Head(chain.id, 0, chain.hash)

    async def keep(self, batch: Batch) -> Head:
        """Add a batch; sent once more it is there once."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            kept = await connection.fetchval(
                SQL["keep_batch"],
                batch.chain,
                batch.seq,
                batch.at,
                batch.persons,
                batch.entries.decode(),
                batch.previous,
                batch.hash,
            )
        if kept != batch.hash:
            raise ForeignBatchError(f"batch {batch.seq} of chain {batch.chain} is another's")
        return Head(batch.chain, batch.seq, batch.hash)

    async def of_person(
        self, ids: Sequence[UUID], after: tuple[datetime, UUID, int] | None, limit: int
    ) -> list[Batch]:
        """Batches in which somebody's data were touched, under any of their ids, newest first."""
        cursor = after or (None, None, None)
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            rows = await connection.fetch(SQL["batches_of_person"], ids, *cursor, limit)
        return [batch_of(row) for row in rows]


async def register(connection: asyncpg.Connection) -> list[Chain]:
    """Every chain there is, in order."""
    return [Chain(**row) for row in await connection.fetch(SQL["all_chains"])]


async def chains_written(connection: asyncpg.Connection) -> set[UUID]:
    """Every chain that has batches."""
    return {row["chain"] for row in await connection.fetch(SQL["chains_written"])}


async def batches(connection: asyncpg.Connection, chain_id: UUID) -> AsyncIterator[Batch]:
    """All of a chain, in order, some at a time."""
    seq = 0
    while rows := await connection.fetch(SQL["batches_of_chain"], chain_id, seq, PAGE_BATCHES):
        for row in rows:
            yield batch_of(row)
        seq = rows[-1]["seq"]


def batch_of(row: asyncpg.Record) -> Batch:
    """A row as the rules see it."""
    return Batch(
        chain=row["chain"],
        seq=row["seq"],
        at=row["at"],
        persons=tuple(row["persons"]),
        entries=row["entries"].encode(),
        previous=row["previous"],
        hash=row["hash"],
    )
