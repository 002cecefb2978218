"""Who decides when two believe they own a partition, and what if the answer to COMMIT is lost?"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from services.slots.store import REFEREE_SESSION
from shared import database
from shared.batch import Announcements, Head, Item, Limits
from shared.commit import SQL as STATEMENTS
from shared.leases import Leases
from shared.messages import PlacesBooked
from shared.outbox import Relay
from shared.topics import HOMES, SLOTS_COMMANDS
from tests import stories
from tests.referees import Play, own, play
from tests.stories import an_id, as_items

MONDAY, TUESDAY = an_id("Monday"), an_id("Tuesday")
LIMIT_SECONDS = 10.0


class Pausing:
    """The referee, who stops for a while when a batch is written and not yet advanced."""

    def __init__(self, playing: Play, pause: Callable[[], Awaitable[object]]) -> None:
        self._referee = playing.referee
        self._pause = pause
        playing.commits._handler = self

    async def handle(
        self, connection: asyncpg.Connection, heads: dict[int, Head], items: Sequence[Item]
    ) -> Announcements:
        """Decide, then pause, all within the transaction."""
        announcements = await self._referee.handle(connection, heads, items)
        await self._pause()
        return announcements

    async def set_aside(
        self, connection: asyncpg.Connection, heads: dict[int, Head], item: Item
    ) -> Announcements:
        """As the referee."""
        return await self._referee.set_aside(connection, heads, item)

    async def has_due(self, connection: asyncpg.Connection, partitions: Sequence[int]) -> bool:
        """As the referee."""
        return await self._referee.has_due(connection, partitions)


@pytest.fixture
async def owner(slots_dsn: str) -> AsyncIterator[Play]:
    """Owns partition 0, where two slots for two were opened."""
    playing = await play(slots_dsn, 0)
    await playing.decide(
        stories.open_clinic(), stories.open_slot(MONDAY, 2), stories.open_slot(TUESDAY, 2)
    )
    yield playing
    playing.connection.terminate()


async def test_who_lost_the_partition_decides_nothing(owner: Play, slots_dsn: str) -> None:
    taker = await play(slots_dsn, 0)

    late = await owner.decide(stories.book(MONDAY))
    [reply] = await taker.decide(stories.book(MONDAY))

    assert late == []
    assert isinstance(reply, PlacesBooked)
    assert await taker.connection.fetchval("SELECT count(*) FROM place") == 1
    taker.connection.terminate()


async def test_without_the_fence_two_owners_announce_under_one_number_and_the_key_stops_it(
    owner: Play, slots_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("fence", "advance"):
        anyone = STATEMENTS[name].replace("FOR UPDATE", "")
        for owned in ("AND s.owner = $2", "AND owner = $2"):
            anyone = anyone.replace(owned, "AND $2::uuid IS NOT NULL")
        monkeypatch.setitem(
            STATEMENTS, name, anyone.replace("partition_state\n", "partition_state\n")
        )
    monkeypatch.setitem(
        STATEMENTS,
        "fence",
        STATEMENTS["fence"].replace("WHERE topic = $1", "WHERE partition = 0 AND topic = $1"),
    )
    reached, go = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        reached.set()
        await go.wait()

    Pausing(owner, wait)
    taker = await play(slots_dsn, 0)
    late = asyncio.create_task(
        owner.commits._commit(owner.connection, as_items(stories.book(MONDAY), offset=3))
    )
    await asyncio.wait_for(reached.wait(), LIMIT_SECONDS)
    await asyncio.wait_for(taker.decide(stories.book(TUESDAY)), LIMIT_SECONDS)
    go.set()

    with pytest.raises(asyncpg.UniqueViolationError, match="announced_once"):
        await asyncio.wait_for(late, LIMIT_SECONDS)
    taker.connection.terminate()


async def test_an_owner_that_froze_in_its_transaction_has_lost_it_when_it_wakes_up(
    owner: Play, slots_dsn: str
) -> None:
    await owner.connection.execute("SET idle_in_transaction_session_timeout = 300")
    wish = stories.book(MONDAY)
    Pausing(owner, lambda: asyncio.sleep(1.0))
    frozen = asyncio.create_task(owner.commits.handle(owner.connection, as_items(wish, offset=3)))
    await asyncio.sleep(0.2)

    taker = await asyncio.wait_for(play(slots_dsn, 0), LIMIT_SECONDS)
    [reply] = await taker.decide(wish)
    with pytest.raises(database.AWAY) as woken:
        await asyncio.wait_for(frozen, LIMIT_SECONDS)

    assert database.is_outage(woken.value)
    assert isinstance(reply, PlacesBooked)
    assert await taker.connection.fetchval("SELECT count(*) FROM place") == 1
    assert owner.rows[1:] == []
    taker.connection.terminate()


async def test_a_commit_whose_answer_is_lost_is_found_again_and_still_announced(
    owner: Play, slots_dsn: str
) -> None:
    items = as_items(stories.book(MONDAY), offset=3)
    relay = Relay(SLOTS_COMMANDS.name, None, None)  # type: ignore[arg-type]
    already = await relay.recover(owner.connection, 0)
    async with _a_line_that_goes_dead_after_commit(slots_dsn) as dsn:
        owner.connection.terminate()
        owner.connection = await database.connect(dsn, REFEREE_SESSION)
        with pytest.raises(database.AWAY) as lost:
            await asyncio.wait_for(owner.commits.handle(owner.connection, items), LIMIT_SECONDS)

    owner.connection = await database.connect(slots_dsn, REFEREE_SESSION)
    await own(owner)
    unannounced = await relay.recover(owner.connection, 0)
    await owner.commits.handle(owner.connection, items)

    assert database.is_outage(lost.value)
    assert unannounced == already + 1
    assert owner.offsets[0] == 4
    assert len(owner.rows) == 1, "the lost batch was not decided, nor offered, a second time"
    assert await owner.connection.fetchval("SELECT count(*) FROM place") == 1


async def test_two_share_the_partitions_and_one_that_leaves_or_falls_silent_is_replaced(
    slots_dsn: str,
) -> None:
    limits = Limits(lease_seconds=0.6)
    lines = [await database.connect(slots_dsn) for _ in range(3)]
    await lines[0].execute(STATEMENTS["ensure_partitions"], SLOTS_COMMANDS.name, HOMES)
    first, second, third = (Leases(SLOTS_COMMANDS, limits) for _ in lines)

    alone = await first.keep(lines[0])
    await second.keep(lines[1])
    halves = [await first.keep(lines[0]), await second.keep(lines[1])]
    await second.leave(lines[1], sorted(halves[1]))
    again = await first.keep(lines[0])
    await asyncio.sleep(limits.lease_seconds + 0.1)
    heir = await third.keep(lines[2])

    assert alone == again == heir == set(range(HOMES))
    assert [len(half) for half in halves] == [2, 2]
    assert halves[0] | halves[1] == set(range(HOMES))
    assert await first.keep(lines[0]) == set()
    for line in lines:
        line.terminate()


@asynccontextmanager
async def _a_line_that_goes_dead_after_commit(dsn: str) -> AsyncIterator[str]:
    """A line to PostgreSQL on which nothing comes back once COMMIT has gone through."""
    to = urlsplit(dsn)

    serving: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())  # type: ignore[arg-type]
        back, there = await asyncio.open_connection(to.hostname, to.port)
        answers = asyncio.create_task(_pass_on(back, writer))
        try:
            while data := await reader.read(65536):
                committing = b"COMMIT" in data
                if committing:
                    answers.cancel()
                    await asyncio.wait([answers])
                there.write(data)
                await there.drain()
                if committing:
                    await back.read(65536)  # it is committed, and nobody will hear of it
                    return
        finally:
            answers.cancel()
            there.transport.abort()
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield to._replace(netloc=to.netloc.replace(f":{to.port}", f":{port}")).geturl()
    finally:
        server.close()
        await asyncio.gather(*serving, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
