"""Does a service keep its promises, as its own database shows it? Looked at once a minute.

Each promise is a statement `audit_<promise>` in the package's `sql/audit.sql` that finds what
breaks it. All are asked of one snapshot, read only, each within a limit of time and of rows. One
process of a service audits: the one that owns the first partition of the topic it follows.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Literal, Protocol, cast

import asyncpg
import msgspec
from prometheus_client import CollectorRegistry

from shared import database
from shared.counting import Found, Looked
from shared.statements import load

log = logging.getLogger(__name__)
PLUMBING = load("shared")
PREFIX = "audit_"

FOUND_MAX = 1_000
"""So many violations of one promise are counted; more are as bad."""

NAMED_MAX = 5
"""So many of them are named in the log."""

ISOLATION: Literal["repeatable_read", "read_committed"] = "repeatable_read"
"""All promises are looked at as of one instant: half of what is being decided is no violation."""

SHARE_MAX = 0.02
"""Of the time, so much is audited at most: what takes longer is done less often."""

ACQUIRE_SECONDS = 3.0


class AuditLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How often everything is looked at, and how long one promise may take."""

    every_seconds: float = 60.0
    promise_seconds: float = 5.0


class Owner(Protocol):
    """Whoever follows a topic, and owns some of its partitions now."""

    owned: dict[int, int]


class Settings(Protocol):
    """What a service's configuration says of its audits."""

    @property
    def audit_seconds(self) -> float:
        """How often everything is looked at."""

    @property
    def audit_promise_seconds(self) -> float:
        """How long one promise may take."""


class Findings:
    """What the last audit found, for Prometheus: of the same name in every service."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._violations = Looked(
            registry,
            "talon_audit_violations",
            "What breaks a promise in this service's database, counted by one of its processes",
            ["promise"],
        )
        self._age = Looked(
            registry, "talon_audit_age_seconds", "How long ago the last audit was finished"
        )
        self._seconds = Looked(registry, "talon_audit_seconds", "How long the last audit took")

    def show(self, auditor: "Auditor") -> None:
        """From now on this one's."""
        self._violations.look = auditor.violations
        self._age.look = auditor.age_seconds
        self._seconds.look = auditor.seconds


class Auditor:
    """Counts violations of each promise, while this process is the one to do so."""

    def __init__(
        self, pool: asyncpg.Pool, package: str, *, is_mine: Callable[[], bool], limits: AuditLimits
    ) -> None:
        self._pool = pool
        self._statements = promises_of(package)
        self._is_mine = is_mine
        self._limits = limits
        self._found: dict[str, int] = {}
        self._audited_at: float | None = None
        self._seconds = 0.0

    @classmethod
    def beside(
        cls, owner: Owner, pool: asyncpg.Pool, package: str, settings: Settings
    ) -> "Auditor":
        """A service's own: the process audits that owns the first partition."""
        return cls(
            pool,
            package,
            is_mine=lambda: 0 in owner.owned,
            limits=AuditLimits(
                every_seconds=settings.audit_seconds,
                promise_seconds=settings.audit_promise_seconds,
            ),
        )

    async def run(self) -> None:
        """Audit for ever; what cannot be finished now is tried again in its turn."""
        while True:
            if not self._is_mine():
                self._found, self._audited_at = {}, None
            else:
                self._audited_at = self._audited_at or time.monotonic()
                try:
                    await self.audit()
                except database.AWAY as error:
                    log.warning("an audit was not finished", extra={"error": repr(error)})
            await asyncio.sleep(max(self._limits.every_seconds, self._seconds / SHARE_MAX))

    async def audit(self) -> dict[str, int]:
        """How often each promise is broken, all of one instant."""
        began = time.monotonic()
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as lent:
            # A pool lends a proxy that does all a connection does.
            connection = cast(asyncpg.Connection, lent)
            async with connection.transaction(isolation=ISOLATION, readonly=True):
                milliseconds = str(int(self._limits.promise_seconds * 1000))
                await connection.execute(PLUMBING["limit_audit"], milliseconds)
                found = {
                    promise: await self._broken(connection, promise) for promise in self._statements
                }
        self._found = found
        self._audited_at = time.monotonic()
        self._seconds = self._audited_at - began
        return found

    async def _broken(self, connection: asyncpg.Connection, promise: str) -> int:
        # PostgreSQL ends it in time; the connection's own limit is only behind that.
        limit = self._limits.promise_seconds + ACQUIRE_SECONDS
        rows = await connection.fetch(self._statements[promise], FOUND_MAX, timeout=limit)
        if rows:
            named = [str(row[0]) for row in rows[:NAMED_MAX]]
            log.error(
                "a promise is broken",
                extra={"promise": promise, "violations": len(rows), "ids": named},
            )
        return len(rows)

    # ---- what is counted -------------------------------------------------------------------------

    def violations(self) -> Found:
        """By promise, as of the last audit; 0 is the whole point."""
        return [((promise,), count) for promise, count in self._found.items()]

    def age_seconds(self) -> Found:
        """How long ago the last audit was finished, or this process became the one to do it."""
        if self._audited_at is None:
            return []
        return [((), time.monotonic() - self._audited_at)]

    def seconds(self) -> Found:
        """How long the last audit took."""
        return [((), self._seconds)] if self._found else []


def promises_of(package: str) -> dict[str, str]:
    """The statements that find what breaks each promise, by the promise's name."""
    named = PLUMBING | load(package)
    return {
        name.removeprefix(PREFIX): text for name, text in named.items() if name.startswith(PREFIX)
    }
