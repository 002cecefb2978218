"""What is remembered of people? Where they are reached, and nothing else."""

from uuid import UUID

import asyncpg

from services.notify.store.database import ACQUIRE_SECONDS, SQL


class Contacts:
    """Where people are reached, for the doors."""

    def __init__(self, pool: asyncpg.Pool, persons: asyncpg.Pool | None = None) -> None:
        self._pool = pool
        # Here the service is one person for the length of a statement, and sees no other's address.
        self._persons = persons or pool

    async def find(self, person_id: UUID) -> str | None:
        """A person's address; None when there is none."""
        async with self._persons.acquire(timeout=ACQUIRE_SECONDS) as connection:
            email: str | None = await connection.fetchval(SQL["find_contact"], person_id)
            return email

    async def keep(self, person_id: UUID, email: str | None) -> None:
        """From now on the person is reached there, or not at all."""
        async with self._persons.acquire(timeout=ACQUIRE_SECONDS) as connection:
            if email is None:
                await connection.execute(SQL["forget_contact"], person_id)
            else:
                await connection.execute(SQL["keep_contact"], person_id, email)

    async def takes_writes(self) -> bool:
        """True when the database answers and is no standby."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            return bool(await connection.fetchval(SQL["ping"]))
