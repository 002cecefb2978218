"""Which partitions are this process's, and how is that agreed without a coordinator?

A lease in `partition_state`, renewed by every batch and by the clock; what runs out is taken by
whoever sees it first, with SKIP LOCKED, so a row inside a running batch is nobody's to take.
"""

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID, uuid4

import asyncpg

from shared import database
from shared.batch import Limits
from shared.statements import load
from shared.topics import Topic

log = logging.getLogger(__name__)
SQL = load("shared")


class Leases:
    """This process's share of one topic's partitions."""

    def __init__(self, topic: Topic, limits: Limits) -> None:
        self.owner: UUID = uuid4()
        self._topic = topic
        self._seconds = limits.lease_seconds
        self._kept_at = float("-inf")

    def due(self) -> bool:
        """True when the leases want renewing: four times in a lease's life."""
        return asyncio.get_running_loop().time() - self._kept_at >= self._seconds / 4

    def renew_next_turn(self) -> None:
        """Nothing in memory is trusted after an outage."""
        self._kept_at = float("-inf")

    async def keep(self, connection: asyncpg.Connection) -> set[int]:
        """Renew mine, take a fair share of what is free, give back what is too much."""
        name = self._topic.name
        await connection.execute(SQL["tell_alive"], name, self.owner, self._seconds)
        renewed = await connection.fetch(SQL["renew_leases"], name, self.owner, self._seconds)
        mine = {row["partition"] for row in renewed}
        share = await self._share(connection)
        if len(mine) > share:
            surplus = sorted(mine)[share:]
            await self.give_back(connection, surplus)
            mine -= set(surplus)
        elif len(mine) < share:
            claimed = await connection.fetch(
                SQL["claim_partitions"], name, self.owner, self._seconds, share - len(mine)
            )
            mine |= {row["partition"] for row in claimed}
        self._kept_at = asyncio.get_running_loop().time()
        return mine

    async def _share(self, connection: asyncpg.Connection) -> int:
        """How many are mine: all shares together are all partitions, and differ by one at most."""
        row = await connection.fetchrow(SQL["count_followers"], self._topic.name, self.owner)
        assert row is not None
        followers, before_me = int(row["followers"]), int(row["before_me"])
        each, left_over = divmod(self._topic.partitions, max(1, followers))
        return each + (before_me < left_over)

    async def give_back(self, connection: asyncpg.Connection, partitions: Sequence[int]) -> None:
        """Leave partitions to whoever comes next, at once."""
        await connection.execute(
            SQL["release_partitions"], self._topic.name, self.owner, list(partitions)
        )

    async def leave(self, connection: asyncpg.Connection, partitions: Sequence[int]) -> None:
        """Give everything back and say goodbye; without a word, the lease runs out by itself."""
        try:
            await self.give_back(connection, partitions)
            await connection.execute(SQL["forget_follower"], self._topic.name, self.owner)
            await connection.execute(SQL["forget_dead_followers"])
            await connection.close(timeout=database.CONNECT_SECONDS)
        except database.AWAY as error:
            log.warning("left without a word", extra={"error": repr(error)})
