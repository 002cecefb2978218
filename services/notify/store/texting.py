"""What is remembered of text messages? How many went where, and how each part of them ended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg

from services.notify.rules.phones import prefix_of, region_of
from services.notify.rules.pumping import Counted, Limits, Why, over
from services.notify.rules.reminders import VisitReminder
from services.notify.rules.texting import Reply, Report
from services.notify.store.database import ACQUIRE_SECONDS, SQL, Connection
from services.notify.store.replies import Replies, ask_by_sms, lock_number
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
        replies: Replies | None = None,
    ) -> None:
        self._pool = pool
        self._vault = vault
        self._limits = limits
        self._tell = tell
        self._replies = replies

    # ---- before it is handed over --------------------------------------------------------------

    async def ask(
        self, key: UUID, phone: str, *, due: bool, reminder: VisitReminder | None = None
    ) -> Why | None:
        """Count one message to this number; or which limit it would be over, and nothing is.

        The `reminder` that it is may be answered from there from now on.
        """
        number = self._vault.index.of("sms_sent", phone)
        where = prefix_of(phone), region_of(phone)
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            await lock_number(connection, number)
            row = await connection.fetchrow(SQL["weigh_sms"], key, number, *where)
            assert row is not None
            why = None if row["is_known"] else over(_counted(row), self._limits, due=due)
            if why is None and not row["is_known"]:
                await connection.execute(SQL["take_sms"], key, number, *where, due)
                if reminder is not None and self._replies is not None and self._replies.asks:
                    await ask_by_sms(connection, key, number, reminder)
        return why

    async def give_back(self, key: UUID) -> None:
        """It was certainly not taken."""
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            await connection.execute(SQL["give_back_sms"], key)
            if self._replies is not None:
                await connection.execute(SQL["give_back_asked"], key)

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
        """Keep how parts ended and tell which messages have; and what comes of what was written."""
        try:
            await self._keep(provider, reports)
            for reply in replies:
                if self._replies is not None:
                    await self._replies.take(provider, reply)
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("what came back cannot be kept now", extra={"error": repr(error)})
            return False
        return True

    async def forget(self) -> int:
        """Drop what is old; how much that was."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            gone = await connection.fetchval(SQL["forget_texting"], KEPT_DAYS, FORGOTTEN_MAX)
            return int(gone) + int(
                await connection.fetchval(SQL["forget_replies"], KEPT_DAYS, FORGOTTEN_MAX)
            )

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
