"""Which key has a person? Made when something is to be sealed, and one day destroyed for ever."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from shared.statements import load
from shared.vault.keyring import KeyService
from shared.vault.sealing import DataKey, new_key

SQL = load("shared.vault")

_encode = msgspec.msgpack.Encoder().encode

Connection = asyncpg.Connection | PoolConnectionProxy


class Wrapped(NamedTuple):
    """A person's key as it is kept. `generation` grows each time a new one takes its place."""

    person_id: UUID
    generation: int
    master_id: str
    wrapped: bytes


class PersonKeys:
    """The keys of a service's persons, in its own table `person_key`."""

    def __init__(self, service: str, keys: KeyService) -> None:
        self._service = service
        self._keys = keys

    async def open(self, kept: Wrapped) -> DataKey:
        """The key, ready for use."""
        key = await self._keys.unwrap(kept.master_id, kept.wrapped, self._about(kept))
        return DataKey(kept.person_id, kept.generation, key)

    async def find(
        self, connection: Connection, person_ids: Iterable[UUID]
    ) -> Mapping[UUID, DataKey]:
        """The keys of those of these persons who have one."""
        rows = await connection.fetch(SQL["find_keys"], list(person_ids))
        return {row["person_id"]: await self.open(Wrapped(*row)) for row in rows}

    async def hold(self, connection: Connection, person_id: UUID) -> DataKey:
        """The person's key, made where there is none.

        Nobody else changes the person until the transaction ends in which this is asked.
        """
        row = await connection.fetchrow(SQL["hold_key"], person_id)
        if row is None or row["wrapped"] is None:
            generation, key = 1 if row is None else row["generation"] + 1, new_key()
            made = await self._wrapped(person_id, generation, key)
            if await connection.fetchval(SQL["make_key"], *made) is not None:
                return DataKey(person_id, generation, key)
            row = await connection.fetchrow(SQL["hold_key"], person_id)
        assert row is not None
        return await self.open(Wrapped(*row))

    async def lock(self, connection: Connection, person_ids: Sequence[UUID]) -> None:
        """Nobody else changes these persons until the transaction ends; no key is made for it."""
        await connection.execute(SQL["lock_keys"], person_ids)

    async def destroy(self, connection: Connection, person_ids: Sequence[UUID]) -> list[UUID]:
        """Nothing that these keys sealed opens any more; whose keys there were."""
        rows = await connection.fetch(SQL["destroy_keys"], person_ids)
        return [row["person_id"] for row in rows]

    async def rewrap(self, connection: Connection, keys_max: int) -> int:
        """Wrap so many keys by the newest master key, in a transaction of its own; how many."""
        async with connection.transaction():
            newest = await self._keys.newest()
            rows = await connection.fetch(SQL["take_keys_to_rewrap"], newest, keys_max)
            anew = [await self._again(Wrapped(*row)) for row in rows]
            await connection.execute(
                SQL["rewrap_keys"],
                [one.person_id for one in anew],
                [one.master_id for one in anew],
                [one.wrapped for one in anew],
            )
        return len(anew)

    async def count_old(self, connection: Connection) -> int:
        """How many keys are not wrapped by the newest master key yet."""
        return int(await connection.fetchval(SQL["count_old_keys"], await self._keys.newest()))

    async def counts(self, connection: Connection) -> dict[str, int]:
        """How many keys each master key wraps."""
        rows = await connection.fetch(SQL["count_keys"])
        return {row["master_id"]: row["keys"] for row in rows}

    async def _again(self, kept: Wrapped) -> Wrapped:
        key = await self._keys.unwrap(kept.master_id, kept.wrapped, self._about(kept))
        return await self._wrapped(kept.person_id, kept.generation, key)

    async def _wrapped(self, person_id: UUID, generation: int, key: bytes) -> Wrapped:
        about = self._about(Wrapped(person_id, generation, "", b""))
        return Wrapped(person_id, generation, *await self._keys.wrap(key, about))

    def _about(self, kept: Wrapped) -> bytes:
        return _encode(["person_key", self._service, kept.person_id.bytes, kept.generation])
