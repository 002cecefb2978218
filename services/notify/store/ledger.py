"""What is remembered of every message and its fate? The ledger, for those who send."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from services.notify.rules import Channel, Language, Mark, Message, State
from services.notify.rules.preferences import Kind, QuietHours, kind_of
from services.notify.store.contacts import SealedAddress
from services.notify.store.database import ACQUIRE_SECONDS, PLUMBING, SQL, Connection
from services.notify.store.falling import fall_over
from shared.vault import Wrapped

LOST_MAX = 1_000
"""How many lost claims are given up in one statement."""


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """One message that this process alone may send now; event and address are as they were kept."""

    id: int
    event_id: UUID
    booking_id: UUID
    owner_id: UUID
    attempts: int
    event: str
    addresses: list[SealedAddress]
    language: Language | None
    quiet: QuietHours | None
    perhaps: bool
    perhaps_again: bool
    written_at: datetime
    expires_at: datetime
    at: datetime


class Claim(msgspec.Struct, frozen=True):
    """What was claimed, and which messages were settled without being sent."""

    messages: list[Claimed]
    settled: list[State]


class Lost(msgspec.Struct, frozen=True):
    """A message whose sender was lost, and whether it is asked of its provider once more."""

    id: int
    state: State
    event_id: UUID
    booking_id: UUID


class Counts(msgspec.Struct, frozen=True):
    """What is not settled, what nobody knows, and how long the oldest has waited."""

    waiting: int
    claimed: int
    unknown: int
    oldest_seconds: float


class Written(NamedTuple):
    """How many messages were new, how many have nobody to go to, or nobody who wants them."""

    new: int
    unreached: int
    declined: int = 0


NOTHING = Written(new=0, unreached=0)


async def write_down(
    connection: Connection, messages: Sequence[Message], *, by_consent: Sequence[Kind] = ()
) -> Written:
    """Note what is to be told, in the transaction that takes the events.

    `by_consent`: what only those are told who agreed to it, in whatever version of the words.
    """
    row = await connection.fetchrow(
        SQL["write_down"],
        [message.event.id for message in messages],
        [message.event.booking_id for message in messages],
        [message.event.version for message in messages],
        [message.owner_id for message in messages],
        [kind_of(message.event) for message in messages],
        [message.expires_at for message in messages],
        [msgspec.json.encode(message.event).decode() for message in messages],
        list(by_consent),
    )
    assert row is not None
    return Written(row["new"], row["unreached"], row["declined"])


_TOLD: Collection[State] = ("waiting", "sent", "delivered")
"""After these nobody else is asked to tell it."""


async def latest_told(
    connection: Connection, owner_ids: Collection[UUID], booking_ids: Collection[UUID]
) -> dict[tuple[UUID, UUID], int]:
    """The last version of these bookings of which these people were told, or are to be."""
    rows = await connection.fetch(SQL["latest_told"], list(owner_ids), list(booking_ids))
    return {(row["booking_id"], row["owner_id"]): row["version"] for row in rows}


ANY_AGE = (10 * 365 * 86_400.0,)
"""Nothing has waited for longer."""


class Ledger:
    """The messages, for those who send them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def has_due(self, channel: Channel) -> bool:
        """True when a message of this channel is due."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            return bool(await connection.fetchval(SQL["has_due"], channel))

    async def claim(
        self,
        claimer: UUID,
        channel: Channel,
        provider: str,
        seconds: float,
        messages_max: int,
        *,
        ages: Sequence[float] = ANY_AGE,
    ) -> Claim:
        """Take messages for so many seconds, committed before anything is said to the provider.

        Of the first of these ages, in seconds since they became due, of which there are any; those
        first that are due longest.
        """
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            for age in ages:
                rows = await connection.fetch(
                    SQL["claim_messages"], claimer, seconds, messages_max, channel, provider, age
                )
                if rows:
                    break
        claimed = [_claimed(row, channel) for row in rows if row["state"] == "claimed"]
        claimed.sort(key=lambda message: message.id)
        return Claim(claimed, [row["state"] for row in rows if row["state"] != "claimed"])

    async def mark(self, claimer: UUID, marks: Sequence[tuple[int, Mark]]) -> list[str]:
        """Note what became of messages that the claimer claimed; which channels tell some anew."""
        columns = (
            [message_id for message_id, _ in marks],
            [mark.state for _, mark in marks],
            [mark.tried for _, mark in marks],
            [mark.wait_seconds for _, mark in marks],
            [mark.note for _, mark in marks],
            [mark.reference for _, mark in marks],
            [mark.perhaps for _, mark in marks],
        )
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            if all(mark.state in _TOLD for _, mark in marks):
                await connection.execute(SQL["mark_messages"], claimer, *columns)
                return []
            async with connection.transaction():
                rows = await connection.fetch(SQL["mark_messages"], claimer, *columns)
                return await fall_over(connection, rows)

    async def give_up_lost(self, provider: str, *, keyed: bool = False) -> list[Lost]:
        """Messages whose sender's claim ran out become unknown, and stay unsent.

        A `keyed` provider is asked again: to it the same is the same.
        """
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            rows = await connection.fetch(SQL["give_up_lost"], LOST_MAX, provider, keyed)
            await fall_over(connection, rows)
        return [Lost(row["id"], row["state"], row["event_id"], row["booking_id"]) for row in rows]

    async def pass_over(self, unspoken: Sequence[Channel]) -> int:
        """What waits for channels that nobody speaks is told by the next; how many did."""
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            rows = await connection.fetch(SQL["pass_over_unspoken"], unspoken, LOST_MAX)
            await fall_over(connection, rows)
        return len(rows)

    async def measure(self) -> Counts:
        """How much is not settled."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            row = await connection.fetchrow(SQL["measure_messages"])
        assert row is not None
        return Counts(**row)

    async def outbox(self) -> tuple[int, float]:
        """How many outbox rows wait, and the age of the oldest in seconds."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            row = await connection.fetchrow(PLUMBING["outbox_depth"])
        assert row is not None
        return row["depth"], row["age_seconds"]


def _claimed(row: asyncpg.Record, channel: Channel) -> Claimed:
    sealed = zip(row["versions"] or (), row["sealed"] or (), strict=True)
    key = Wrapped(row["owner_id"], row["generation"], row["master_id"], row["wrapped"])
    quiet = None
    if row["time_zone"] is not None:
        quiet = QuietHours(
            begins=row["quiet_begins"], ends=row["quiet_ends"], time_zone=row["time_zone"]
        )
    return Claimed(
        id=row["id"],
        event_id=row["event_id"],
        booking_id=row["booking_id"],
        owner_id=row["owner_id"],
        attempts=row["attempts"],
        event=row["event"],
        addresses=[SealedAddress(key, channel, version, kept) for version, kept in sealed],
        language=row["language"],
        quiet=quiet,
        perhaps=row["perhaps"],
        perhaps_again=row["perhaps_again"],
        written_at=row["written_at"],
        expires_at=row["expires_at"],
        at=row["at"],
    )
