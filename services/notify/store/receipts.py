"""What is remembered of what providers said later, and of what a person found out?"""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from services.notify.rules import Receipt, State
from services.notify.store.database import ACQUIRE_SECONDS, SQL
from services.notify.store.falling import fall_over

RECEIPTS_AT_ONCE_MAX = 200


class Receipts:
    """What becomes of messages after they were handed over."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def take(self, receipts: Sequence[Receipt]) -> list[State]:
        """Keep these, and what became of their messages as far as those are known already.

        In any order, and any number of times: what is settled for good stays so.
        """
        names = [(receipt.provider, receipt.reference) for receipt in receipts]
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            await connection.execute(
                SQL["keep_receipts"],
                *_columns(names),
                [receipt.state for receipt in receipts],
            )
        return await self.apply(names)

    async def apply(self, names: Sequence[tuple[str, str]]) -> list[State]:
        """What became of the messages of these providers' references, where receipts are kept."""
        if not names:
            return []
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            rows = await connection.fetch(SQL["apply_receipts"], *_columns(names))
            await fall_over(connection, rows)
        return [row["state"] for row in rows]

    async def sweep(self, *, days: int) -> list[State]:
        """The same of what somebody was killed over; and what nobody here has sent is forgotten."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            rows = await connection.fetch(SQL["receipts_to_apply"], RECEIPTS_AT_ONCE_MAX)
            await connection.execute(SQL["forget_receipts"], days)
        return await self.apply([(row["provider"], row["reference"]) for row in rows])

    async def settle(self, message_id: int, state: State, by: UUID, note: str) -> bool:
        """A person says what became of an unknown message; False where it is not unknown."""
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            rows = await connection.fetch(SQL["settle_unknown"], message_id, state, by, note)
            await fall_over(connection, rows)
        return bool(rows)


def _columns(names: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [provider for provider, _ in names], [reference for _, reference in names]
