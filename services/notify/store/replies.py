"""What is remembered of what people write back? What came of it, and never what was written."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import msgspec

from services.notify.rules.preferences import BY_LINK
from services.notify.rules.reminders import VisitReminder
from services.notify.rules.replies import (
    ANSWERED_FOR,
    QUIET,
    Asked,
    Became,
    Came,
    Number,
    came_of,
    meant_by,
)
from services.notify.rules.texting import Reply
from services.notify.store.database import ACQUIRE_SECONDS, SQL, Connection
from shared.links.rules import Link
from shared.naming import named
from shared.topics import home_of
from shared.vault import Vault

REPLIES = UUID("5e91e5a0-3f0c-5c6e-9a54-0c6b1f7f2d11")
"""Namespace of the ids of replies: the same one, brought again by its provider, is one."""

TOLD_AT_ONCE_MAX = 500

_decode_reminder = msgspec.json.Decoder(VisitReminder).decode


class Wish(NamedTuple):
    """What somebody answered, as it is told to the front desk: the link, and where it is told."""

    id: UUID
    home: int
    cause: UUID
    link: Link
    at: datetime


class Replies:
    """Keeps what came of each reply, with its wish and its answer, or nothing of it at all."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        vault: Vault,
        *,
        asks: bool = True,
        count: Callable[[Became], None] = lambda became: None,
    ) -> None:
        """Unless it `asks`, no message says that it may be answered, and only a stop is heard."""
        self.asks = asks
        self._pool = pool
        self._vault = vault
        self._count = count

    async def take(self, provider: str, reply: Reply) -> Became:
        """Keep what comes of it, once by its provider's id, and what is to be told for it."""
        index = self._vault.index.of("sms_sent", reply.phone)
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            await lock_number(connection, index)
            became = await self._take(connection, index, provider, reply)
        self._count(became)
        return became

    async def _take(
        self, connection: Connection, index: bytes, provider: str, reply: Reply
    ) -> Became:
        address = self._vault.index.of("sms", reply.phone)
        named_so = reply.reference or None
        row = await connection.fetchrow(
            SQL["know_number"], index, address, QUIET, provider, named_so
        )
        assert row is not None
        owners = tuple(row["owners"])
        if not owners or row["is_known"]:
            return "repeated" if owners else "nobody"
        meant = meant_by(reply.text) if reply.is_whole else None
        if not self.asks and meant != "stop":
            return "unread"
        number = Number(
            owners=owners,
            asked=await _asked(connection, index, owners),
            answered=frozenset(row["answered"]),
        )
        reply_id = named(REPLIES, f"{provider} {named_so}") if named_so else uuid4()
        came = came_of(meant, number, reply_id=reply_id, at=row["at"])
        kept = await connection.fetchval(
            SQL["keep_reply"], reply_id, provider, named_so, index, *_columns(came)
        )
        if kept is None:
            return "repeated"
        await _act(connection, index, owners, came)
        return came.became


async def ask_by_sms(
    connection: Connection, key: UUID, number_index: bytes, reminder: VisitReminder
) -> None:
    """The reminder goes to that number, and may be answered from it."""
    await connection.execute(
        SQL["keep_asked"],
        key,
        number_index,
        reminder.id,
        reminder.owner_id,
        reminder.booking_id,
        reminder.version,
        min(place.starts_at for place in reminder.places),
    )


async def lock_number(connection: Connection, number_index: bytes) -> None:
    """One thing at a time about a number, until this transaction ends."""
    lock = int.from_bytes(number_index[:8], signed=True)
    await connection.fetchval(SQL["lock_number"], lock)


async def has_untold_replies(connection: Connection, homes: Sequence[int]) -> bool:
    """Whether the front desk is to be told of one at these homes."""
    return bool(await connection.fetchval(SQL["has_untold_replies"], homes))


async def take_untold_replies(connection: Connection, homes: Sequence[int]) -> list[Wish]:
    """Those that are to be told, and will have been when this transaction is committed."""
    rows = await connection.fetch(SQL["take_untold_replies"], homes, TOLD_AT_ONCE_MAX)
    return [
        Wish(
            id=row["id"],
            home=row["home"],
            cause=row["cause"],
            link=Link(
                purpose=row["purpose"],
                person_id=row["person_id"],
                object_id=row["object_id"],
                until=row["until"],
            ),
            at=row["told_at"],
        )
        for row in rows
    ]


async def forget_replies(connection: Connection, owner_ids: Sequence[UUID]) -> None:
    """Nothing is left of what these people were asked, or answered."""
    await connection.execute(SQL["forget_replies_of"], owner_ids)


async def _asked(connection: Connection, index: bytes, owners: Sequence[UUID]) -> tuple[Asked, ...]:
    rows = await connection.fetch(SQL["asked_of_number"], index, owners)
    return tuple(Asked(_decode_reminder(row["event"]), row["said"]) for row in rows)


async def _act(connection: Connection, index: bytes, owners: Sequence[UUID], came: Came) -> None:
    """What is to be done for it, in the transaction that keeps it."""
    if came.became == "stop":
        await connection.execute(SQL["decline_by_number"], owners, list(BY_LINK))
    if (link := came.link) is not None:
        said = link.person_id, link.object_id, link.until, came.became
        await connection.execute(SQL["note_said"], index, *said)
    if (answer := came.answer) is not None:
        await connection.execute(
            SQL["answer_reply"],
            answer.id,
            answer.booking_id,
            answer.version,
            answer.owner_id,
            answer.at + ANSWERED_FOR,
            msgspec.json.encode(answer).decode(),
        )


def _columns(came: Came) -> tuple[Any, ...]:
    """What is kept of it: how it was answered, and the wish where it is one."""
    link = came.link
    if link is None or came.cause is None:
        return came.became, came.sort, None, None, None, None, None, None
    wish = link.purpose, link.person_id, link.object_id, link.until, home_of(link.object_id)
    return came.became, came.sort, came.cause, *wish
