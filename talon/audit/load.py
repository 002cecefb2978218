"""How do the facts come out of the databases? By one read-only connection, all as of one moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
import msgspec

from deploy.local.stack import AUDITOR, Stack
from shared.statements import load
from talon.audit import inbox
from talon.audit.facts import (
    BookingRow,
    MessageRow,
    PlaceRow,
    SlotRow,
    World,
    mails_by_booking,
    places_by_booking,
)
from talon.city.home import City
from talon.city.plan import email_of, patient_id
from talon.mistakes import MistakeError
from talon.rush.journal import Seat

SQL = load("talon.audit")
CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 60.0

_decode_places = msgspec.json.Decoder(tuple[Seat, ...]).decode


@asynccontextmanager
async def auditor(stack: Stack) -> AsyncIterator[asyncpg.Connection]:
    """A connection that can read everything and change nothing."""
    try:
        connection = await asyncpg.connect(
            stack.dsn(AUDITOR), timeout=CONNECT_SECONDS, command_timeout=STATEMENT_SECONDS
        )
    except (OSError, TimeoutError) as reason:
        raise MistakeError(
            f"PostgreSQL of stack {stack.name} does not answer: {reason}"
        ) from reason
    try:
        yield connection
    finally:
        await connection.close(timeout=CONNECT_SECONDS)


async def world(connection: asyncpg.Connection, stack: Stack, city: City) -> World:
    """Everything that was found."""
    await connection.execute(SQL["begin"])
    now: datetime = await connection.fetchval(SQL["moment"])
    slots = [SlotRow(*row) for row in await connection.fetch(SQL["slots"])]
    places = [PlaceRow(*row) for row in await connection.fetch(SQL["places"])]
    bookings = [_booking(row) for row in await connection.fetch(SQL["bookings"])]
    messages = [MessageRow(*row) for row in await connection.fetch(SQL["messages"])]
    await connection.execute("ROLLBACK")
    mails, strays = mails_by_booking(inbox.read(stack.inbox))
    plan = city.plan
    return World(
        now=now,
        slots={slot.id: slot for slot in slots},
        places=places_by_booking(places),
        bookings={booking.id: booking for booking in bookings},
        mails=mails,
        strays=strays,
        messages=messages,
        capacities={slot.id: slot.capacity for slot in plan.slots},
        addresses={patient_id(plan.seed, n): email_of(n) for n in range(plan.patients)},
        people=frozenset(patient_id(plan.seed, n) for n in range(plan.patients)),
    )


def _booking(row: asyncpg.Record) -> BookingRow:
    places = _decode_places(row["places"]) if row["places"] is not None else ()
    about = (row["id"], row["owner_id"], row["kind"], row["status"], row["version"])
    return BookingRow(*about, places, row["campaign_id"])
