"""What do the databases and the mail sink say? Loaded once all is quiet."""

import asyncio
import email.parser
import time
from collections import Counter, defaultdict
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from deploy.local.stack import AUDITOR, Stack
from shared.statements import load
from talon.mistakes import MistakeError

SQL = load("talon.audit")
LOOK_SECONDS = 0.5
READ_SECONDS = 60.0


class SlotFact(msgspec.Struct, frozen=True):
    """One slot: its counters, and its places counted."""

    id: UUID
    capacity: int
    held: int
    booked: int
    held_counted: int
    booked_counted: int


class BookingFact(msgspec.Struct, frozen=True):
    """One booking or hold as the front desk has it."""

    id: UUID
    owner_id: UUID
    status: str
    version: int
    slot_ids: tuple[UUID, ...]


class Mail(msgspec.Struct, frozen=True):
    """One message that the sink took."""

    to: str
    message_id: str
    booking_id: UUID
    event: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that the audit goes by, besides the journal."""

    slots: list[SlotFact]
    seats: dict[UUID, Counter[UUID]]
    bookings: dict[UUID, BookingFact]
    mails: list[Mail]
    unknown: list[tuple[UUID, str]]


async def gather(stack: Stack, quiet_seconds: float) -> Facts:
    """Wait until nothing moves any more, then read everything."""
    connection = await asyncpg.connect(stack.dsn(AUDITOR), timeout=5, command_timeout=READ_SECONDS)
    try:
        await _wait_for_quiet(connection, quiet_seconds)
        seats: dict[UUID, Counter[UUID]] = defaultdict(Counter)
        for row in await connection.fetch(SQL["places"]):
            seats[row["booking_id"]][row["slot_id"]] += 1
        return Facts(
            slots=[SlotFact(*row) for row in await connection.fetch(SQL["slots"])],
            seats=dict(seats),
            bookings={row["id"]: _booking(row) for row in await connection.fetch(SQL["bookings"])},
            mails=mails_in(stack.inbox),
            unknown=[tuple(row) for row in await connection.fetch(SQL["unknown_messages"])],
        )
    finally:
        await connection.close(timeout=5)


def _booking(row: asyncpg.Record) -> BookingFact:
    return BookingFact(
        row["id"], row["owner_id"], row["status"], row["version"], tuple(row["slot_ids"] or ())
    )


async def _wait_for_quiet(connection: asyncpg.Connection, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        row = await connection.fetchrow(SQL["restless"])
        moving = {name: count for name, count in dict(row or {}).items() if count}
        if not moving:
            return
        if time.monotonic() > deadline:
            raise MistakeError(f"it did not come to rest in {seconds:.0f} s: {moving}")
        await asyncio.sleep(LOOK_SECONDS)


def mails_in(inbox: Path) -> list[Mail]:
    """Every message about a booking, once for each person it was sent to."""
    parser = email.parser.HeaderParser()
    mails: list[Mail] = []
    if not inbox.exists():
        return mails
    with inbox.open("rb") as file:
        for text in file:
            line = msgspec.json.decode(text)
            about = parser.parsestr(line["raw"])
            if about["X-Talon-Booking"]:
                mails += [
                    Mail(
                        person,
                        line["message_id"],
                        UUID(about["X-Talon-Booking"]),
                        about["X-Talon-Event"],
                    )
                    for person in line["rcpt_to"]
                ]
    return mails
