"""What is remembered when a message has failed? That the same is told by the next channel."""

from collections.abc import Sequence

import asyncpg
import msgspec

from services.notify.rules import Told
from services.notify.rules.falling import falls_over
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
    return [row["channel"] for row in await connection.fetch(SQL["fall_over"], ids, again)]


def _event_of(row: asyncpg.Record) -> Told | None:
    """What cannot be read cannot be told by another channel either."""
    try:
        event: Told = _decode_event(row["event"])
    except msgspec.DecodeError:
        return None
    return event
