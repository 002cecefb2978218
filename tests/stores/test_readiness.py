"""Does a part that hangs say so, so that nobody is sent to its process any more?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec
import pytest

from shared import asking, database, outbox
from shared.asking import Replies
from shared.log import Outgoing
from shared.messages import Refused
from shared.outbox import Relay
from shared.pool import Pool
from shared.pulse import Pulse
from shared.topics import SLOTS_REPLIES
from tests.memory_log import MemoryLog
from tests.stories import an_id

SHORT_SECONDS = 0.1
LONG_SECONDS = 0.3


@pytest.fixture
async def pool(slots_dsn: str) -> AsyncIterator[Pool]:
    opened = await database.open_pool(slots_dsn, size_max=1, name="readiness")
    yield opened
    opened.terminate()


class DeafLog(MemoryLog):
    """Takes every record and never says that it has it."""

    async def append(self, record: Outgoing) -> asyncio.Future[None]:
        await super().append(record)
        return asyncio.get_running_loop().create_future()


async def test_a_part_is_ready_while_it_shows_that_it_lives() -> None:
    pulse = Pulse(SHORT_SECONDS)
    at_first = pulse.wrong()

    await asyncio.sleep(LONG_SECONDS)
    silent = pulse.wrong()
    pulse.beat()

    assert at_first is None
    assert silent is not None
    assert silent.startswith("no sign of life for")
    assert pulse.wrong() is None


async def test_a_relay_is_not_ready_while_the_log_keeps_it_waiting(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "SILENCE_SECONDS_MAX", SHORT_SECONDS)
    relay = Relay("slots.commands", pool, DeafLog())  # type: ignore[arg-type]
    running = asyncio.create_task(relay.run())
    nothing_to_tell = relay.wrong()

    relay.offer(0, 1, [Outgoing("slots.events", 0, None, b"told")])
    await asyncio.sleep(LONG_SECONDS)

    assert nothing_to_tell is None
    assert "waits to be announced" in str(relay.wrong())
    running.cancel()


async def test_replies_are_not_ready_while_those_that_came_are_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "SILENCE_SECONDS_MAX", SHORT_SECONDS)
    monkeypatch.setattr(asking, "READ_SECONDS", SHORT_SECONDS / 10)
    log = MemoryLog()
    monkeypatch.setattr(asking, "Reader", log.reader)
    replies = Replies(servers="none:1", name="test", partition=0, seats_max=1)
    kept = asyncio.Event()
    replies.on_replies = lambda _replies: _until(kept)
    running = asyncio.create_task(replies.run())
    await asyncio.sleep(LONG_SECONDS)
    nothing_came = replies.wrong()

    await log.append(a_reply())
    await asyncio.sleep(LONG_SECONDS)
    hanging = replies.wrong()
    kept.set()
    await asyncio.sleep(SHORT_SECONDS / 2)

    assert nothing_came is None
    assert "no sign of life" in str(hanging)
    assert replies.wrong() is None
    running.cancel()


async def test_the_pool_says_how_long_a_connection_was_waited_for_and_who_has_one(
    pool: Pool,
) -> None:
    waits: list[float] = []
    pool.on_wait = waits.append

    async with pool.acquire(timeout=1):
        in_use = dict(pool.use())
        with pytest.raises(TimeoutError):
            await pool.acquire(timeout=SHORT_SECONDS)

    assert in_use == {("in_use",): 1, ("idle",): 0}
    assert dict(pool.use()) == {("in_use",): 0, ("idle",): 1}
    assert waits[0] < SHORT_SECONDS <= waits[1]


async def _until(kept: asyncio.Event) -> None:
    await kept.wait()


def a_reply() -> Outgoing:
    """A record with one reply."""
    reply = Refused(id=an_id("reply"), cause=an_id("wish"), at=datetime.now(UTC), reason="full")
    encoded = msgspec.msgpack.encode([msgspec.msgpack.encode(reply)])
    return Outgoing(SLOTS_REPLIES.name, 0, None, encoded)
