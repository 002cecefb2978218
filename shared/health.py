"""Is a service ready? Ready is what makes progress, not what merely runs."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from shared import database
from shared.asking import Replies
from shared.counting import Found
from shared.follow import Follower
from shared.log import Appender
from shared.outbox import Relay
from shared.web import Check

log = logging.getLogger(__name__)

PING_SECONDS = 0.5
SILENCE_SECONDS_MAX = 3.0
"""Longer without an answer, and the database is not ready."""


class Health:
    """Watches the parts that every service has, and says what is wrong in words."""

    def __init__(
        self,
        *,
        appender: Appender,
        follower: Follower,
        relay: Relay,
        ping: Callable[[], Awaitable[bool]],
        replies: Replies | None = None,
    ) -> None:
        self._appender = appender
        self._follower = follower
        self._relay = relay
        self._ping = ping
        self._replies = replies
        self._pinged_at = float("-inf")

    async def keep(self) -> None:
        """Ask the database again and again, for ever."""
        while True:
            try:
                if await self._ping():
                    self._pinged_at = time.monotonic()
            except database.AWAY as error:
                log.warning("the database does not answer", extra={"error": repr(error)})
            await asyncio.sleep(PING_SECONDS)

    def checks(self) -> dict[str, Check]:
        """Each part's check, by the part's name."""
        checks: dict[str, Check] = {
            "database": self._database,
            "log": self._log,
            "follower": self._follower.wrong,
            "relay": self._relay.wrong,
        }
        if self._replies is not None:
            checks["replies"] = self._replies.wrong
        return checks

    def _database(self) -> str | None:
        silent = time.monotonic() - self._pinged_at
        return None if silent < SILENCE_SECONDS_MAX else "it does not take writes"

    def _log(self) -> str | None:
        return "it does not take records" if self._appender.away else None


def readiness(checks: Mapping[str, Check]) -> Callable[[], Found]:
    """The same for Prometheus: 1 for each part that is ready, 0 for each that is not."""
    return lambda: [((name,), check() is None) for name, check in checks.items()]
