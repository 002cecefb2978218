"""What is remembered when a message has failed? That the same is told by the next channel."""

from collections.abc import Sequence

import asyncpg
import msgspec

from services.notify.rules import Told
from services.notify.rules.calls import due_to_a_list
from services.notify.rules.falling import falls_over
from services.notify.store.calls import put_on_list
from services.notify.store.database import SQL, Connection

_decode_event = msgspec.json.Decoder(Told).decode


async def fall_over(connection: Connection, settled: Sequence[asyncpg.Record]) -> list[str]:
    """In the transaction that settled these: by which channels the same is told next, if any."""
    failed = [(row, row["state"]) for row in settled if row["state"] not in ("sent", "delivered")]
    over = [(row["id"], state) for row, state in failed if falls_over(state, _event_of(row))]
    if not over:
        return []
    ids = [message_id for message_id, _ in over]
    await connection.execute(SQL["hold_back_later"], ids)
    again = [state == "unknown" for _, state in over]
    channels = [row["channel"] for row in await connection.fetch(SQL["fall_over"], ids, again)]
    return channels + ["list"] * await _listed(connection, [row for row, _ in failed])


async def _listed(connection: Connection, failed: Sequence[asyncpg.Record]) -> int:
    """What must be heard of is told by the clinic itself where no other channel is left."""
    events = [event for row in failed if (event := _event_of(row)) is not None]
    due = [(event.id, event.owner_id) for event in events if due_to_a_list(event)]
    return await put_on_list(connection, due) if due else 0


def _event_of(row: asyncpg.Record) -> Told | None:
    """What cannot be read cannot be told by another channel either."""
    try:
        event: Told = _decode_event(row["event"])
    except msgspec.DecodeError:
        return None
    return event
