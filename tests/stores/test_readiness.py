"""Does a part that hangs say so, so that nobody is sent to its process any more?"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from services.slots.store import Reads
from shared import asking, database, follow, health, outbox
from shared.asking import Replies
from shared.follow import Follower
from shared.health import Health
from shared.log import Appender, Outgoing
from shared.messages import Refused
from shared.outbox import Relay
from shared.pool import Pool
from shared.pulse import Pulse
from shared.topics import SLOTS_COMMANDS, SLOTS_REPLIES
from shared.web import Check, ops_app
from tests import stories
from tests.followers import Town
from tests.memory_log import NOBODY, MemoryLog
from tests.stories import an_id

SHORT_SECONDS = 0.1
LONG_SECONDS = 0.3
PATIENCE_SECONDS = 5.0


@pytest.fixture
async def pool(slots_dsn: str) -> AsyncIterator[Pool]:
    opened = await database.open_pool(slots_dsn, size_max=1, name="readiness")
    yield opened
    opened.terminate()


@pytest.fixture
def town(slots_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Town:
    town = Town(slots_dsn)
    monkeypatch.setattr(follow, "Reader", town.log.reader)
    return town


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
    replies = Replies(broker=NOBODY, name="test", partition=0, seats_max=1)
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


async def test_a_database_that_does_not_answer_is_not_ready_until_it_does(
    pool: Pool, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "SILENCE_SECONDS_MAX", SHORT_SECONDS)
    monkeypatch.setattr(health, "PING_SECONDS", SHORT_SECONDS / 10)
    async with town.referee() as follower:
        watched = a_health(pool, follower, ping=Reads(pool).takes_writes)
        database_says = watched.checks()["database"]
        running = asyncio.create_task(watched.keep())
        at_first = database_says()
        await _until_it_is(True, database_says)

        async with pool.acquire():
            await _until_it_is(False, database_says)
            in_vain = database_says()
        await _until_it_is(True, database_says)
        running.cancel()

    assert at_first == in_vain == "it does not take writes"


async def test_a_log_that_cannot_be_reached_is_not_ready(pool: Pool, town: Town) -> None:
    async with town.referee() as follower:
        said = a_health(pool, follower).checks()["log"]()

    assert said == "it does not take records"


async def test_a_follower_is_not_ready_while_a_batch_does_not_end(
    pool: Pool, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "SILENCE_SECONDS_MAX", LONG_SECONDS)
    ended = asyncio.Event()
    async with town.referee(pause=ended.wait) as follower:
        following = a_health(pool, follower).checks()["follower"]
        await asyncio.sleep(LONG_SECONDS * 2)
        nothing_came = following()

        await town.ask(stories.book(an_id("nowhere")))
        await _until_it_is(False, following)
        hanging = following()
        ended.set()
        await _until_it_is(True, following)

    assert nothing_came is None
    assert str(hanging).startswith("no progress for")


async def test_a_follower_is_not_ready_while_the_log_lacks_what_comes_next(
    pool: Pool, town: Town
) -> None:
    async with town.referee() as follower:
        await _until_it_is(True, lambda: None if follower.owned else "it owns nothing yet")
    await pool.execute("UPDATE partition_state SET next_offset = 7 WHERE partition = 3")

    async with town.referee() as follower:
        following = a_health(pool, follower).checks()["follower"]
        await _until_it_is(False, following)
        said = following()

    assert said == "partitions stand still: {3: 'the log ends at 0, before 7'}"


async def test_a_log_cut_past_a_position_keeps_that_partition_and_no_other(
    pool: Pool, town: Town
) -> None:
    town.log.starts[SLOTS_COMMANDS.name, 3] = 9
    elsewhere = stories.book(an_id("nowhere"))

    async with town.referee() as follower:
        following = a_health(pool, follower).checks()["follower"]
        await _until_it_is(False, following)
        said = following()
        await town.ask(elsewhere, partition=2)
        replies = await town.replies(1)

    assert said == "partitions stand still: {3: 'the log begins at 9, after 0'}"
    assert [reply.cause for reply in replies] == [elsewhere.id]


async def test_whoever_asks_is_told_which_parts_are_not_ready_and_why() -> None:
    wrong: dict[str, str | None] = {"relay": "a batch waits", "door": None}
    app = ops_app({name: lambda name=name: wrong[name] for name in wrong}, CollectorRegistry())

    async with TestClient(TestServer(app)) as client:
        red = await client.get("/readyz")
        alive = await client.get("/healthz")
        wrong["relay"] = None
        green = await client.get("/readyz")

        assert (red.status, alive.status, green.status) == (503, 200, 200)
        assert await red.json() == {"status": "not ready", "wrong": {"relay": "a batch waits"}}
        assert await green.json() == {"status": "ready", "wrong": {}}


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


async def _nobody_asks() -> bool:
    raise TimeoutError


def a_health(
    pool: Pool, follower: Follower, *, ping: Callable[[], Awaitable[bool]] = _nobody_asks
) -> Health:
    """Watches a follower, beside a log that nobody can reach."""
    relay = Relay(SLOTS_COMMANDS.name, pool, MemoryLog())  # type: ignore[arg-type]
    appender = Appender(NOBODY, "test")
    return Health(appender=appender, follower=follower, relay=relay, ping=ping)


async def _until_it_is(ready: bool, check: Check) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (check() is None) is not ready:  # noqa: ASYNC110 - a check is asked, it does not call
            await asyncio.sleep(SHORT_SECONDS / 10)


async def _until(kept: asyncio.Event) -> None:
    await kept.wait()


def a_reply() -> Outgoing:
    """A record with one reply."""
    reply = Refused(id=an_id("reply"), cause=an_id("wish"), at=datetime.now(UTC), reason="full")
    encoded = msgspec.msgpack.encode([msgspec.msgpack.encode(reply)])
    return Outgoing(SLOTS_REPLIES.name, 0, None, encoded)
