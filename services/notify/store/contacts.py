"""What is remembered of people? Where they are reached, sealed, and nothing else."""

import re
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from services.notify.store.database import ACQUIRE_SECONDS, SQL, Connection
from shared.vault import DataKey, Field, Vault, Wrapped, plain_email

EMAIL = Field("notify", "contact", "email")

_ONE_PLAIN_ADDRESS = re.compile(r"[!-?A-~]+@[!-?A-~]+")
"""Nothing that could break out of a header is ever sealed: no constraint sees it there."""

VACUUM_SECONDS = 600.0
"""How long it may take to write the table anew once nothing in it is plain any more."""


class SealedAddress(NamedTuple):
    """An address as it is kept, with the key that opens it as that is kept."""

    key: Wrapped
    version: int
    sealed: bytes


class Contacts:
    """Where people are reached, for the doors, and for the sender at the moment of sending."""

    def __init__(
        self, pool: asyncpg.Pool, vault: Vault, persons: asyncpg.Pool | None = None
    ) -> None:
        self._pool = pool
        # Here the service is one person for a transaction's length, and sees no other's address.
        self._persons = persons or pool
        self._vault = vault

    async def find(self, person_id: UUID) -> str | None:
        """A person's address; None when there is none."""
        async with (
            self._persons.acquire(timeout=ACQUIRE_SECONDS) as connection,
            # Row and key as of one instant: between two, one could be erased and the other be new.
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await connection.fetchval(SQL["be_person"], person_id)
            row = await connection.fetchrow(SQL["find_contact"], person_id)
            keys = await self._vault.keys.find(connection, [person_id])
        if row is None or person_id not in keys:
            return None
        return keys[person_id].open(EMAIL, row["version"], row["sealed_email"])

    async def open(self, address: SealedAddress) -> str:
        """The address in clear, for as long as one mail takes; it is kept nowhere."""
        key = await self._vault.keys.open(address.key)
        return key.open(EMAIL, address.version, address.sealed)

    async def keep(self, person_id: UUID, email: str | None) -> None:
        """From now on the person is reached there, or not at all."""
        if email is None:
            await self.forget([person_id])
            return
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            key = await self._vault.keys.hold(connection, person_id)
            version = await connection.fetchval(SQL["version_of_contact"], person_id)
            await connection.execute(
                SQL["keep_contact"], person_id, *self._sealed(key, version, email)
            )

    async def forget(self, person_ids: Sequence[UUID]) -> None:
        """No address of these people is left, nor the keys that would open a copy of one."""
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            await forget(connection, self._vault, person_ids)

    async def forget_unused(self, *, days: int, people_max: int) -> int:
        """Forget whom nobody wrote to for so many days, some at a time; how many were forgotten."""
        gone = 0
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            found = await connection.fetch(SQL["contacts_out_of_use"], days, people_max)
            for row in found:
                async with connection.transaction():
                    await self._vault.keys.hold(connection, row["person_id"])
                    unused = await connection.fetchval(
                        SQL["forget_unused_contact"], row["person_id"], days
                    )
                    if unused is not None:
                        await self._vault.keys.destroy(connection, [unused])
                        gone += 1
        return gone

    async def seal_plain(self, contacts_max: int) -> int:
        """Seal some of the addresses that an earlier version left in clear; how many were sealed.

        Each bite is a transaction: killed in between, the next process goes on where this one was.
        """
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            rows = await connection.fetch(SQL["take_plain_contacts"], contacts_max)
            for row in rows:
                key = await self._vault.keys.hold(connection, row["person_id"])
                version = await connection.fetchval(SQL["version_of_contact"], row["person_id"])
                await connection.execute(
                    SQL["seal_contact"],
                    row["person_id"],
                    *self._sealed(key, version, row["email"]),
                    row["email"],
                )
        return len(rows)

    async def count_plain(self) -> int:
        """How many addresses are still in clear."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            return int(await connection.fetchval(SQL["count_plain_contacts"]))

    async def drop_old_rows(self, owner: str) -> None:
        """Nothing of what was plain stays in the table's file; only its owner writes it anew."""
        connection = await asyncpg.connect(owner, timeout=ACQUIRE_SECONDS)
        try:
            await connection.execute(SQL["drop_old_rows_of_contacts"], timeout=VACUUM_SECONDS)
        finally:
            connection.terminate()

    async def takes_writes(self) -> bool:
        """True when the database answers and is no standby."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            return bool(await connection.fetchval(SQL["ping"]))

    def _sealed(self, key: DataKey, version: int, email: str) -> tuple[int, bytes, bytes]:
        if not _ONE_PLAIN_ADDRESS.fullmatch(email):
            raise ValueError("what is no address would be sealed")
        index = self._vault.index.of("email", plain_email(email))
        return version, key.seal(EMAIL, version, email), index


async def forget(connection: Connection, vault: Vault, person_ids: Sequence[UUID]) -> None:
    """The same in a transaction. The keys first: whoever changes a person holds theirs."""
    await vault.keys.destroy(connection, person_ids)
    await connection.execute(SQL["forget_contacts"], person_ids)
