"""What is remembered of text messages? How many went where, and how each part of them ended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg

from services.notify.rules.phones import prefix_of, region_of
from services.notify.rules.pumping import Counted, Limits, Why, over
from services.notify.rules.texting import Reply, Report
from services.notify.store.database import ACQUIRE_SECONDS, SQL, Connection
from shared.database import is_outage
from shared.vault import Vault

log = logging.getLogger(__name__)

OUTAGE_SECONDS = 0.2
KEPT_DAYS = 3
"""Longer than any message waits for its reader."""

FORGOTTEN_MAX = 10_000


class End(NamedTuple):
    """How a message ended, by its first part's id; told again whenever a receipt comes again."""

    provider: str
    reference: str
    state: Literal["delivered", "failed"]
    is_new: bool


class Texting:
    """What every provider of text messages and the guard before them share."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        vault: Vault,
        limits: Limits,
        tell: Callable[[Sequence[End]], Awaitable[None]],
    ) -> None:
        self._pool = pool
        self._vault = vault
        self._limits = limits
        self._tell = tell

    # ---- before it is handed over --------------------------------------------------------------

    async def ask(self, key: UUID, phone: str, *, due: bool) -> Why | None:
        """Count one message to this number; or which limit it would be over, and nothing is."""
        number = self._vault.index.of("sms_sent", phone)
        where = prefix_of(phone), region_of(phone)
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            lock = int.from_bytes(number[:8], signed=True)
            await connection.fetchval(SQL["lock_number"], lock)
            row = await connection.fetchrow(SQL["weigh_sms"], key, number, *where)
            assert row is not None
            why = None if row["is_known"] else over(_counted(row), self._limits, due=due)
            if why is None and not row["is_known"]:
                await connection.execute(SQL["take_sms"], key, number, *where, due)
        return why

    async def give_back(self, key: UUID) -> None:
        """It was certainly not taken."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            await connection.execute(SQL["give_back_sms"], key)

    # ---- what comes back -----------------------------------------------------------------------

    async def taken(self, key: UUID, provider: str, references: Sequence[str]) -> None:
        """Note whose these ids are, however long the database is away: nobody else knows it."""
        if not all(references):
            return
        noted = False
        while not noted:
            try:
                await self._note(key, provider, references)
                noted = True
            except Exception as error:
                if not is_outage(error):
                    raise
                await asyncio.sleep(OUTAGE_SECONDS)

    async def take(
        self, provider: str, reports: Sequence[Report], replies: Sequence[Reply]
    ) -> bool:
        """Keep how parts ended, and tell which messages have. What people wrote is not read."""
        try:
            await self._keep(provider, reports)
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("receipts cannot be kept now", extra={"error": repr(error)})
            return False
        return True

    async def forget(self) -> int:
        """Drop what is old; how much that was."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            return int(await connection.fetchval(SQL["forget_texting"], KEPT_DAYS, FORGOTTEN_MAX))

    async def _note(self, key: UUID, provider: str, references: Sequence[str]) -> None:
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            await connection.execute(SQL["note_parts"], key, provider, references)
            ended = await _ended(connection, [key])
        if ended:
            await self._tell(ended)

    async def _keep(self, provider: str, reports: Sequence[Report]) -> None:
        first: dict[str, str] = {}
        for report in reports:
            first.setdefault(report.reference, "delivered" if report.delivered else "failed")
        if not first:
            return
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            rows = await connection.fetch(
                SQL["keep_reports"], provider, list(first), list(first.values())
            )
            ended = await _ended(connection, [row["key"] for row in rows if row["key"]])
        if ended:
            await self._tell(ended)


async def _ended(connection: Connection, keys: Sequence[UUID]) -> list[End]:
    if not keys:
        return []
    rows = await connection.fetch(SQL["end_sms"], keys)
    return [End(row["provider"], row["reference"], row["state"], row["is_new"]) for row in rows]


def _counted(row: asyncpg.Record) -> Counted:
    return Counted(
        number_hour=row["number_hour"],
        number_day=row["number_day"],
        due_day=row["due_day"],
        prefix_hour=row["prefix_hour"],
        country_hour=row["country_hour"],
        taken=row["taken"],
        delivered=row["delivered"],
        others_taken=row["all_taken"] - row["taken"],
        others_delivered=row["all_delivered"] - row["delivered"],
    )
