"""What is remembered of announcements? What each says, in the transaction that hears of it."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec

from services.notify.rules import Channel
from services.notify.rules.announcements import Saying
from services.notify.store.database import ACQUIRE_SECONDS, SQL, Connection
from shared.messages import AnnouncementWorded, AnnouncementWords

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(AnnouncementWords).decode


async def word_announcements(connection: Connection, worded: Sequence[AnnouncementWorded]) -> None:
    """From now on it is known what these say."""
    each = {one.announcement_id: one for one in worded}.values()
    await connection.execute(
        SQL["word_announcements"],
        [one.announcement_id for one in each],
        [_encode(one.words).decode() for one in each],
        [one.expires_at for one in each],
    )


async def sayings(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Saying]:
    """What these say, unless they were stopped; and they are not until this is committed."""
    rows = await connection.fetch(SQL["sayings"], ids)
    return {
        row["id"]: Saying(words=_decode(row["words"]), expires_at=row["expires_at"]) for row in rows
    }


async def stop_announcements(connection: Connection, ids: Sequence[UUID]) -> None:
    """Nobody is told these any more to whom it is not on its way."""
    await connection.execute(SQL["stop_announcements"], ids)
    # Its own statement: what was written while the one above waited is seen by this one alone.
    await connection.execute(SQL["take_back_announced"], ids)


class Spending:
    """What announcements cost, by day and channel."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def afford(self, channel: Channel, most: int) -> bool:
        """One more today, if there were fewer than so many; False where nothing is left."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            return await connection.fetchval(SQL["spend"], channel, most) is not None
