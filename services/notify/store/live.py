"""What is remembered for open pages? Every event under its number, for some days."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from services.notify.store.database import ACQUIRE_SECONDS, SQL, Connection
from shared.topics import BOOKING_EVENTS

HOMES = range(BOOKING_EVENTS.partitions)


class LiveEvent(NamedTuple):
    """One event as it is kept; `event` is still as it came."""

    home: int
    seq: int
    owner_id: UUID
    event: str


class Seen(NamedTuple):
    """One event as it is found, and how long ago it was written down."""

    seq: int
    owner_id: UUID
    event: str
    age_seconds: float


class Look(NamedTuple):
    """What there is to tell after some position, by partition, as of one instant.

    `taken` is the last event there is, `forgotten` the last one that is not kept any more. Who was
    told all `rows` has `reached` what is taken, unless there are more than these.
    """

    taken: tuple[int, ...]
    forgotten: tuple[int, ...]
    reached: tuple[int, ...]
    rows: list[list[Seen]]


class Gap(NamedTuple):
    """What one person may have missed in one partition: numbers above `after`, up to `until`."""

    owner_id: UUID
    home: int
    after: int
    until: int


class Missed(NamedTuple):
    """What lies in a gap, as numbers and events; `forgotten` when some of it is perhaps gone."""

    events: list[tuple[int, str]]
    forgotten: bool


async def keep_live(connection: Connection, events: Sequence[LiveEvent]) -> None:
    """Keep events for open pages, in the transaction that moves the position."""
    await connection.execute(
        SQL["keep_live_events"],
        [event.home for event in events],
        [event.seq for event in events],
        [event.owner_id for event in events],
        [event.event for event in events],
    )


class LiveEvents:
    """The kept events, for those who tell them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def look(self, since: Sequence[int], rows_max: int) -> Look:
        """What came after `since`, at most `rows_max` of each partition; with 0 only positions."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            found = await connection.fetch(
                SQL["look_for_live_events"], BOOKING_EVENTS.name, list(HOMES), since, rows_max
            )
        rows: list[list[Seen]] = [[] for _ in HOMES]
        taken, forgotten = [0] * len(HOMES), [0] * len(HOMES)
        for home, taken_seq, forgotten_seq, *row in found:
            taken[home], forgotten[home] = taken_seq, forgotten_seq
            if row[0] is not None:
                rows[home].append(Seen(*row))
        reached = [
            some[-1].seq if some and len(some) == rows_max else last
            for some, last in zip(rows, taken, strict=True)
        ]
        return Look(tuple(taken), tuple(forgotten), tuple(reached), rows)

    async def missed(self, gaps: Sequence[Gap], rows_max: int) -> list[Missed]:
        """What lies in each gap, the oldest `rows_max` of it, in the order of `gaps`."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            found = await connection.fetch(
                SQL["find_missed_live_events"],
                [gap.owner_id for gap in gaps],
                [gap.home for gap in gaps],
                [gap.after for gap in gaps],
                [gap.until for gap in gaps],
                rows_max,
            )
        missed: list[list[tuple[int, str]]] = [[] for _ in gaps]
        forgotten = [False] * len(gaps)
        for nth, is_forgotten, seq, event in found:
            forgotten[nth - 1] = is_forgotten
            if seq is not None:
                missed[nth - 1].append((seq, event))
        return [Missed(*pair) for pair in zip(missed, forgotten, strict=True)]

    async def forget(self, *, days: int, rows_max: int) -> int:
        """Forget what is older than so many days, so many rows of each partition; how many went."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            gone: int = await connection.fetchval(
                SQL["forget_old_live_events"], BOOKING_EVENTS.name, days, rows_max
            )
            return gone
