"""What is remembered of people? Where they are reached, sealed, and nothing else."""

import re
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec
from msgspec import UNSET, UnsetType

from services.notify.rules import Channel
from services.notify.rules.preferences import route_of
from services.notify.store.database import ACQUIRE_SECONDS, SQL, Connection
from shared.vault import DataKey, Field, Vault, Wrapped, plain_email

EMAIL = Field("notify", "contact", "email")

DEVICES_MAX = 5
"""To so many browsers, and to so many phones, one is told; a sixth takes the oldest's place."""

_PLACES: dict[str, int] = {"sms": 1, "web_push": DEVICES_MAX, "mobile_push": DEVICES_MAX}
_ONE_LINE = re.compile(r"[!-~]+")
_ONE_PLAIN_ADDRESS = re.compile(r"[!-?A-~]+@[!-?A-~]+")
"""Nothing that could break out of a header is ever sealed: no constraint sees it there."""

VACUUM_SECONDS = 600.0
"""How long it may take to write the table anew once nothing in it is plain any more."""


class SealedAddress(NamedTuple):
    """An address as it is kept, with the key that opens it as that is kept."""

    key: Wrapped
    channel: Channel
    version: int
    sealed: bytes


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person is reached, as it is shown to them; of devices only how many there are."""

    email: str | None = None
    phone: str | None = None
    web_push: int = 0
    mobile_push: int = 0


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
        """A person's e-mail address; None when there is none."""
        return (await self.show(person_id)).email

    async def show(self, person_id: UUID) -> Reach:
        """Where a person is reached."""
        async with (
            self._persons.acquire(timeout=ACQUIRE_SECONDS) as connection,
            # Rows and key as of one instant: between two, one could be erased and the other be new.
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await connection.fetchval(SQL["be_person"], person_id)
            rows = await connection.fetch(SQL["find_addresses"], person_id)
            keys = await self._vault.keys.find(connection, [person_id])
        if not rows or person_id not in keys:
            return Reach()
        opened: dict[str, str] = {
            row["channel"]: _opened(keys[person_id], row["channel"], row["version"], row["sealed"])
            for row in rows
            if row["channel"] in ("email", "sms")
        }
        channels = [row["channel"] for row in rows]
        return Reach(
            email=opened.get("email"),
            phone=opened.get("sms"),
            web_push=channels.count("web_push"),
            mobile_push=channels.count("mobile_push"),
        )

    async def open(self, address: SealedAddress) -> str:
        """The address in clear, for as long as one message takes; it is kept nowhere."""
        key = await self._vault.keys.open(address.key)
        return _opened(key, address.channel, address.version, address.sealed)

    async def keep(
        self, person_id: UUID, email: str | None, phone: str | UnsetType | None = UNSET
    ) -> None:
        """From now on the person is reached there, or not at all; a phone left out stays."""
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            if email is None:
                await self._vault.keys.lock(connection, [person_id])
                await connection.execute(SQL["forget_email"], person_id)
            else:
                key = await self._hold(connection, person_id)
                version = await connection.fetchval(SQL["version_of_contact"], person_id)
                sealed = self._sealed(key, version, email)
                await connection.execute(SQL["keep_contact"], person_id, *sealed)
            if phone is None:
                await connection.execute(SQL["forget_addresses"], person_id, "sms")
            elif phone is not UNSET:
                key = await self._hold(connection, person_id)
                await self._keep_address(connection, key, "sms", phone)
            await self._settle_route(connection, person_id)

    async def keep_device(self, person_id: UUID, channel: Channel, address: str) -> None:
        """One more browser or phone that messages are pushed to; the same again is the same."""
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            key = await self._hold(connection, person_id)
            await self._keep_address(connection, key, channel, address)
            await self._settle_route(connection, person_id)

    async def forget_device(self, person_id: UUID, channel: Channel, address: str) -> bool:
        """Nothing is pushed there any more; False when nothing was."""
        index = self._vault.index.of(channel, address)
        return await self._forget(person_id, SQL["forget_device"], channel, index)

    async def forget_gone(self, address: SealedAddress) -> bool:
        """Its provider says that nobody has this address; False when it is another one by now."""
        statement = SQL["forget_gone_email" if address.channel == "email" else "forget_gone"]
        person_id = address.key.person_id
        if address.channel == "email":
            return await self._forget(person_id, statement, address.version)
        return await self._forget(person_id, statement, address.channel, address.version)

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

    async def _hold(self, connection: Connection, person_id: UUID) -> DataKey:
        """Their key and their row, in this order: nobody else changes them meanwhile."""
        key = await self._vault.keys.hold(connection, person_id)
        await connection.execute(SQL["ensure_contact"], person_id)
        return key

    async def _keep_address(
        self, connection: Connection, key: DataKey, channel: Channel, address: str
    ) -> None:
        """In the place of the same, or a free one, or the oldest's."""
        if not _ONE_LINE.fullmatch(address):
            raise ValueError("what is no address would be sealed")
        index = self._vault.index.of(channel, address)
        where = key.person_id, channel, index, _PLACES[channel]
        nth = await connection.fetchval(SQL["place_of_address"], *where)
        version = await connection.fetchval(SQL["next_seal"], key.person_id)
        sealed = key.seal(Field("notify", "contact", channel), version, address)
        await connection.execute(
            SQL["keep_address"], key.person_id, channel, nth, version, sealed, index
        )

    async def _forget(self, person_id: UUID, statement: str, *which: object) -> bool:
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            await self._vault.keys.lock(connection, [person_id])
            await connection.execute(SQL["lock_contact"], person_id)
            gone = await connection.fetchval(statement, person_id, *which)
            await self._settle_route(connection, person_id)
        return gone is not None

    async def _settle_route(self, connection: Connection, person_id: UUID) -> None:
        """By what the person is told from now on; without any address nothing of a key is left."""
        await settle_route(connection, person_id)
        if not await connection.fetchval(SQL["has_addresses"], person_id):
            await self._vault.keys.destroy(connection, [person_id])


async def settle_route(connection: Connection, person_id: UUID) -> None:
    """Work out anew by what a person is told; their row is locked by this transaction."""
    row = await connection.fetchrow(SQL["what_leads_to"], person_id)
    if row is not None:
        route = route_of(row["reachable"], row["ordered"])
        await connection.execute(SQL["keep_route"], person_id, route)
        await connection.execute(SQL["drop_empty_contact"], person_id)


def _opened(key: DataKey, channel: str, version: int, sealed: bytes) -> str:
    return key.open(Field("notify", "contact", channel), version, sealed)


async def forget(connection: Connection, vault: Vault, person_ids: Sequence[UUID]) -> None:
    """The same in a transaction. The keys first: whoever changes a person holds theirs."""
    await vault.keys.destroy(connection, person_ids)
    await connection.execute(SQL["forget_contacts"], person_ids)
