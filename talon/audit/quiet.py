"""Has everything that was begun come to its end, so that it can be judged?"""

import asyncio
import time
from collections.abc import Callable, Mapping

import asyncpg

from talon.audit.load import SQL

LOOK_SECONDS = 0.5
STILL_LOOKS = 2
"""Quiet is what was quiet twice in a row: something may be on its way between two services."""

WORTH_WAITING_SECONDS = 30.0
"""Holds that run out so soon are waited for, to see that their seats come free."""

WAITING_FOR = {
    "unannounced": "records to announce",
    "unprojected": "events to project",
    "untold": "events to write messages for",
    "undecided": "wishes to decide",
    "unsent": "messages to send",
    "unswept": "held seats to expire",
}
"""What each statement counts, for people."""

Tell = Callable[[str], None]


async def wait(connection: asyncpg.Connection, *, seconds: float, tell: Tell) -> str:
    """Wait until nothing moves any more; what still moves at the end, or an empty string."""
    until = time.monotonic() + seconds
    still = 0
    while True:
        counts = await _look(connection)
        said = unrest(counts)
        still = 0 if said else still + 1
        if still >= STILL_LOOKS or (said and time.monotonic() > until):
            return said
        tell(said)
        await asyncio.sleep(LOOK_SECONDS)


def unrest(counts: Mapping[str, int]) -> str:
    """What is not finished, in words; an empty string when all is."""
    return ", ".join(f"{count:,} {WAITING_FOR[name]}" for name, count in counts.items() if count)


async def _look(connection: asyncpg.Connection) -> dict[str, int]:
    counts = {}
    for name in WAITING_FOR:
        arguments = (WORTH_WAITING_SECONDS,) if name == "unswept" else ()
        counts[name] = await connection.fetchval(SQL[name], *arguments)
    return counts
