"""How does a campaign go? All are told while the messenger is killed; then it reads all anew."""

import asyncio
import signal
import time
from collections import Counter
from random import Random

import asyncpg
import msgspec

from deploy.local import processes, state
from deploy.local.stack import SUPERUSER, Stack
from shared.topics import BOOKING_EVENTS
from tests.messages import ground
from tests.messages.provider import Provider
from tests.messages.sizes import Size

LOOK_SECONDS = 0.3
QUIET_SECONDS = 3.0
"""So long nothing more comes to the provider after all was read anew."""

UNSETTLED = "SELECT count(*) FROM notify.message WHERE state IN ('waiting', 'claimed')"
WRITTEN = "SELECT count(DISTINCT event_id) FROM notify.message"
FATES = """
    SELECT owner_id, array_agg(state ORDER BY nth) AS states
      FROM notify.message WHERE channel = 'sms' GROUP BY owner_id
"""
READ_ANEW = """
    UPDATE notify.partition_state SET next_offset = 0, next_index = 0
     WHERE topic = $1
"""


class Found(msgspec.Struct, kw_only=True):
    """What came of it: `taken` is the provider's own count, everything else is beside it."""

    events: int
    taken: int = 0
    twice: int = 0
    fates: Counter[str] = msgspec.field(default_factory=Counter)
    untrue: list[str] = []
    kills: int = 0
    seconds: float = 0.0
    anew: int = 0
    did: Counter[str] = msgspec.field(default_factory=Counter)


async def play(stack: Stack, size: Size, provider: Provider, dice: Random) -> Found:
    """On a stack that is up, with the provider listening; everything is settled when it ends."""
    persons = ground.people(size.events, dice)
    await ground.give_phones(stack, persons)
    found, began = Found(events=size.events), time.monotonic()
    killing = asyncio.create_task(_kill(stack, size, found))
    try:
        await ground.tell(stack, persons)
        async with asyncio.timeout(size.seconds_max):
            await _settled(stack, size)
    except TimeoutError:
        found.untrue.append(f"not all was settled after {size.seconds_max:.0f} s")
    finally:
        killing.cancel()
    found.seconds = time.monotonic() - began
    await _judge(stack, size, provider, found, persons)
    await _read_anew(stack, size, provider, found)
    return found


async def _kill(stack: Stack, size: Size, found: Found) -> None:
    while True:
        await asyncio.sleep(size.kill_seconds)
        live = state.read_live(stack.home)
        for part in live.parts if live is not None else []:
            # Who is not up again yet has nothing in hand.
            if part.name == "notify" and part.state == "ready" and part.process is not None:
                processes.send(part.process, signal.SIGKILL)
                found.kills += 1


async def _settled(stack: Stack, size: Size) -> None:
    connection = await asyncpg.connect(stack.dsn(SUPERUSER))
    try:
        while (
            await connection.fetchval(WRITTEN) < size.events
            or await connection.fetchval(UNSETTLED) > 0
        ):
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await connection.close()


async def _judge(
    stack: Stack, size: Size, provider: Provider, found: Found, persons: list[ground.UUID]
) -> None:
    connection = await asyncpg.connect(stack.dsn(SUPERUSER))
    try:
        rows = await connection.fetch(FATES)
    finally:
        await connection.close()
    fates = {row["owner_id"]: row["states"] for row in rows}
    found.taken = len(provider.taken)
    found.twice = sum(count > 1 for count in provider.taken.values())
    found.did = provider.did
    for nth, person in enumerate(persons):
        states, times = fates.get(person, []), provider.taken[ground.number_of(nth)]
        fate = states[0] if len(states) == 1 else f"{len(states)} messages"
        found.fates[fate] += 1
        is_true = (
            (fate == "sent" and times == 1)
            or (fate == "failed" and times == 0)
            or (fate == "unknown" and times <= 1)
        )
        if not is_true:
            found.untrue.append(f"{fate}, and taken {times} times")


async def _read_anew(stack: Stack, size: Size, provider: Provider, found: Found) -> None:
    """The messenger reads the topic from its beginning, and nobody hears anything."""
    before = provider.taken.total()
    connection = await asyncpg.connect(stack.dsn(SUPERUSER))
    try:
        live = state.read_live(stack.home)
        await connection.execute(READ_ANEW, BOOKING_EVENTS.name)
        for part in live.parts if live is not None else []:
            if part.name == "notify" and part.process is not None:
                processes.send(part.process, signal.SIGKILL)
        async with asyncio.timeout(size.seconds_max):
            while True:
                behind = await connection.fetchval(
                    "SELECT count(*) FROM notify.partition_state"
                    " WHERE topic = $1 AND next_offset = 0 AND taken_seq > 0",
                    BOOKING_EVENTS.name,
                )
                if behind == 0:
                    break
                await asyncio.sleep(LOOK_SECONDS)
        await asyncio.sleep(QUIET_SECONDS)
        await _settled(stack, size)
    finally:
        await connection.close()
    found.anew = provider.taken.total() - before
