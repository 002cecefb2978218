"""Does the audit see a single wrong row? One is corrupted, as nobody but the owner could."""

import asyncpg

from deploy.local.stack import SUPERUSER, Stack
from talon.audit.load import CONNECT_SECONDS, SQL
from talon.mistakes import MistakeError


async def sabotage(stack: Stack) -> str:
    """Take one person's booked seat away behind everyone's back; say whose."""
    connection = await asyncpg.connect(stack.dsn(SUPERUSER), timeout=CONNECT_SECONDS)
    try:
        row = await connection.fetchrow(SQL["take_a_seat_away"])
    finally:
        await connection.close(timeout=CONNECT_SECONDS)
    if row is None:
        raise MistakeError("there is no booked seat to take away")
    return f"seat {row['id']} of booking {row['booking_id']}"
