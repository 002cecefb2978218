"""To which devices of a person is it pushed? Each is one person's, the last one's who said so."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from services.notify.rules import Channel
from services.notify.store.contacts import Contacts
from services.notify.store.database import ACQUIRE_SECONDS, SQL
from shared.vault import Field, Vault

TRIES = 10
"""How often who was as quick as another on the same device tries again."""


class Device(NamedTuple):
    """One of them: `id` follows from its address, which is in clear here as long as it is shown."""

    id: UUID
    owner_id: UUID
    made_at: datetime
    address: str


class Devices:
    """The devices of people, over one channel of those that push."""

    def __init__(
        self,
        channel: Channel,
        contacts: Contacts,
        pool: asyncpg.Pool,
        vault: Vault,
        persons: asyncpg.Pool | None = None,
    ) -> None:
        self._channel = channel
        self._contacts = contacts
        self._pool = pool
        self._persons = persons or pool
        self._vault = vault

    async def of(self, person_id: UUID) -> list[Device]:
        """A person's own, the newest first."""
        async with (
            self._persons.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await connection.fetchval(SQL["be_person"], person_id)
            rows = await connection.fetch(SQL["list_devices"], person_id, self._channel)
            keys = await self._vault.keys.find(connection, [person_id])
        if person_id not in keys:
            return []
        field = Field("notify", "contact", self._channel)
        return [
            Device(
                _id_of(row["address_index"]),
                person_id,
                row["made_at"],
                keys[person_id].open(field, row["version"], row["sealed"]),
            )
            for row in rows
        ]

    async def keep(self, person_id: UUID, address: str) -> UUID:
        """From now on it is pushed there, for this person and nobody else; its id."""
        index = self._vault.index.of(self._channel, address)
        for left in reversed(range(TRIES)):
            # A computer that several people use shows nobody what another is told.
            for row in await self._pool.fetch(SQL["others_with"], self._channel, index, person_id):
                await self._contacts.forget_device(row["person_id"], self._channel, address)
            try:
                await self._contacts.keep_device(person_id, self._channel, address)
                break
            except asyncpg.UniqueViolationError as error:
                if error.constraint_name != "a_device_is_one_person_s" or not left:
                    raise
        return _id_of(index)

    async def forget(self, device: Device) -> None:
        """Nothing is pushed there any more."""
        await self._contacts.forget_device(device.owner_id, self._channel, device.address)


def _id_of(index: bytes) -> UUID:
    return UUID(bytes=index[:16])
