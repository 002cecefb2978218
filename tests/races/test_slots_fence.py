"""Who decides when two believe they own a partition, and what if the answer to COMMIT is lost?"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from shared import database, follow
from shared.batch import Limits
from shared.commit import SQL as STATEMENTS
from shared.follow import Follower
from shared.leases import Leases
from shared.messages import PlacesBooked
from shared.topics import HOMES, SLOTS_COMMANDS, SLOTS_EVENTS
from tests import stories
from tests.followers import Pausing, Town
from tests.lines import Line
from tests.memory_log import LIMIT_SECONDS
from tests.referees import Play, play
from tests.stories import an_id

MONDAY, TUESDAY = an_id("Monday"), an_id("Tuesday")
ALL = set(range(HOMES))


# ---- two owners ----------------------------------------------------------------------------------


@pytest.fixture
async def two(slots_dsn: str) -> AsyncIterator[tuple[Play, Play]]:
    """One who owned partition 0, opened two slots and was replaced, and the other who owns it."""
    late = await play(slots_dsn, 0)
    await late.decide(
        stories.open_clinic(), stories.open_slot(MONDAY, 2), stories.open_slot(TUESDAY, 2)
    )
    taker = await play(slots_dsn, 0)
    yield late, taker
    late.connection.terminate()
    taker.connection.terminate()


async def test_who_lost_the_partition_decides_nothing(two: tuple[Play, Play]) -> None:
    late, taker = two

    too_late = await late.decide(stories.book(MONDAY))
    [reply] = await taker.decide(stories.book(MONDAY))

    assert too_late == []
    assert isinstance(reply, PlacesBooked)
    assert await taker.connection.fetchval("SELECT count(*) FROM place") == 1


async def test_without_the_fence_two_decide_the_same_position_and_its_number_stops_the_later(
    two: tuple[Play, Play], monkeypatch: pytest.MonkeyPatch
) -> None:
    late, taker = two
    _take_the_fence_away(monkeypatch)

    too_late, [reply] = await _decide_the_same_position(late, taker)

    assert isinstance(reply, PlacesBooked)
    assert too_late == []
    assert await taker.connection.fetchval("SELECT count(*) FROM place") == 1


async def test_without_fence_and_number_one_position_is_decided_twice_under_one_number(
    two: tuple[Play, Play], monkeypatch: pytest.MonkeyPatch
) -> None:
    late, taker = two
    _take_the_fence_away(monkeypatch)
    await taker.connection.execute("ALTER TABLE outbox DROP CONSTRAINT announced_once")

    too_late, replies = await _decide_the_same_position(late, taker)

    assert [type(reply) for reply in too_late + replies] == [PlacesBooked] * 2
    assert await taker.connection.fetchval("SELECT count(*) FROM place") == 2
    assert _numbers(late.rows[-1][2]) == _numbers(taker.rows[-1][2]) == [4]


def _take_the_fence_away(patch: pytest.MonkeyPatch) -> None:
    """Neither is the row locked, nor is anybody asked whose it is."""
    open_to_all = STATEMENTS["fence"].replace("AND owner = $2", "AND $2::uuid IS NOT NULL")
    patch.setitem(STATEMENTS, "fence", open_to_all.replace("FOR UPDATE", ""))
    anyone = STATEMENTS["advance"].replace("AND s.owner = $2", "AND $2::uuid IS NOT NULL")
    patch.setitem(STATEMENTS, "advance", anyone)


async def _decide_the_same_position(late: Play, taker: Play) -> tuple[list[Any], list[Any]]:
    """One decides and stops before it moves the position; the other does all of it in between."""
    reached, go = asyncio.Event(), asyncio.Event()

    async def stop() -> None:
        reached.set()
        await go.wait()

    late.commits._handler = Pausing(late.referee, stop)
    deciding = asyncio.create_task(late.decide(stories.book(MONDAY)))
    await asyncio.wait_for(reached.wait(), LIMIT_SECONDS)
    replies = await asyncio.wait_for(taker.decide(stories.book(TUESDAY)), LIMIT_SECONDS)
    go.set()
    return await asyncio.wait_for(deciding, LIMIT_SECONDS), replies


def _numbers(records: list[Any]) -> list[int]:
    return [int(dict(r.headers)["ce_sequence"]) for r in records if r.topic == SLOTS_EVENTS.name]


# ---- a frozen owner, and a lost answer -----------------------------------------------------------


@pytest.fixture
def town(slots_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Town:
    """A town without Kafka: what is read comes from the log in memory."""
    made = Town(slots_dsn)
    monkeypatch.setattr(follow, "Reader", made.log.reader)
    return made


async def test_who_froze_in_its_transaction_has_lost_it_and_each_wish_is_decided_once(
    town: Town,
) -> None:
    wishes = [stories.book(MONDAY) for _ in range(3)]
    froze, thaw = asyncio.Event(), asyncio.Event()
    again: list[str] = []

    async def freeze() -> None:
        if town.asked > 3:
            froze.set()
            await thaw.wait()

    async with town.referee(pause=freeze) as frozen:
        frozen.commits.on_again = again.append
        await _open_two_slots(town)
        await town.ask(wishes[0])
        await asyncio.wait_for(froze.wait(), LIMIT_SECONDS)
        async with town.referee() as taker:
            await town.ask(wishes[1])
            await town.replies(5)
            while_frozen = list(again)
            thaw.set()
            await _until_each_owns_two(frozen, taker)
            await town.ask(wishes[2])
            replies = await town.replies(6)

    assert (while_frozen, again) == ([], ["outage"])
    assert _outcomes(replies, wishes) == ["PlacesBooked", "PlacesBooked", "full"]
    await _is_decided_and_told_once(town)


async def test_a_commit_whose_answer_is_lost_is_not_decided_again_and_still_announced(
    town: Town,
) -> None:
    wishes = [stories.book(MONDAY) for _ in range(3)]
    again: list[str] = []
    async with Line(town.dsn).open() as line, town.referee(dsn=line.dsn) as referee:
        referee.commits.on_again = again.append
        await _open_two_slots(town)
        line.armed = True
        await town.ask(wishes[0])
        await asyncio.wait_for(line.lost.wait(), LIMIT_SECONDS)
        told = await town.replies(3)
        answered = await _fetchval(town, "SELECT count(*) FROM answer")

        await town.ask(wishes[1])
        await town.ask(wishes[2])
        replies = await town.replies(6)

    assert (len(told), answered) == (3, 4), "decided, and nobody was told"
    assert again == ["outage"]
    assert _outcomes(replies, wishes) == ["PlacesBooked", "PlacesBooked", "full"]
    await _is_decided_and_told_once(town)


async def _open_two_slots(town: Town) -> None:
    for wish in (
        stories.open_clinic(),
        stories.open_slot(MONDAY, 2),
        stories.open_slot(TUESDAY, 2),
    ):
        await town.ask(wish)
    await town.replies(3)


async def _until_each_owns_two(*followers: Follower) -> None:
    for _ in range(500):
        if [len(follower.owned) for follower in followers] == [2, 2]:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("never shared")


def _outcomes(replies: list[Any], wishes: list[Any]) -> list[str]:
    said = {reply.cause: getattr(reply, "reason", type(reply).__name__) for reply in replies}
    assert len(said) == len(replies), "each was told once"
    return [said[wish.id] for wish in wishes]


async def _is_decided_and_told_once(town: Town) -> None:
    """A clinic, two slots, two bookings and a refusal, each in one answer and one event at most."""
    told = _numbers(town.log.records[SLOTS_EVENTS.name, 0])
    assert told == [1, 2, 3, 4, 5]
    assert await _fetchval(town, "SELECT count(*) FROM answer") == 6
    assert await _fetchval(town, "SELECT count(*) FROM place") == 2
    assert await _fetchval(town, "SELECT sum(next_offset) FROM partition_state") == 6


async def _fetchval(town: Town, query: str) -> Any:
    connection = await asyncpg.connect(town.dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


# ---- leases --------------------------------------------------------------------------------------


@pytest.fixture
async def lines(slots_dsn: str) -> AsyncIterator[list[asyncpg.Connection]]:
    """Three connections to a database where nobody owns a partition yet."""
    opened = [await database.connect(slots_dsn) for _ in range(3)]
    await opened[0].execute(STATEMENTS["ensure_partitions"], SLOTS_COMMANDS.name, HOMES)
    yield opened
    for line in opened:
        line.terminate()


async def test_two_share_the_partitions_and_a_third_gets_its_fair_share(
    lines: list[asyncpg.Connection],
) -> None:
    leases = [Leases(SLOTS_COMMANDS, Limits(lease_seconds=30)) for _ in lines]

    alone = await _settle(leases[:1], lines)
    two = await _settle(leases[:2], lines)
    three = await _settle(leases, lines)

    assert _sizes(alone) == [4]
    assert _sizes(two) == [2, 2]
    assert _sizes(three) == [1, 1, 2]
    assert set().union(*alone) == set().union(*two) == set().union(*three) == ALL


async def test_who_leaves_is_replaced_at_once(lines: list[asyncpg.Connection]) -> None:
    stays, leaves = (Leases(SLOTS_COMMANDS, Limits(lease_seconds=30)) for _ in range(2))
    _, half = await _settle([stays, leaves], lines)

    await leaves.leave(lines[1], sorted(half))

    assert await stays.keep(lines[0]) == ALL


async def test_who_falls_silent_is_replaced_when_its_lease_is_over_and_not_before(
    lines: list[asyncpg.Connection],
) -> None:
    stays, silent = (Leases(SLOTS_COMMANDS, Limits(lease_seconds=0.8)) for _ in range(2))
    await _settle([stays, silent], lines)
    last_heard = time.monotonic()

    while len(await stays.keep(lines[0])) < HOMES:
        assert time.monotonic() - last_heard < LIMIT_SECONDS
        await asyncio.sleep(0.05)

    assert 0.7 < time.monotonic() - last_heard < 2.0
    assert await silent.keep(lines[1]) == set()


async def _settle(leases: list[Leases], lines: list[asyncpg.Connection]) -> list[set[int]]:
    """What each has once all have kept theirs a few times, in turns."""
    for _ in range(3):
        owned = [await each.keep(line) for each, line in zip(leases, lines, strict=False)]
    return owned


def _sizes(owned: list[set[int]]) -> list[int]:
    return sorted(map(len, owned))
