"""Do two partitions ever wait for each other in a ring? And would they, if nothing were sorted?

Each lock is taken a little slower than usual, or the two would hardly ever meet.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from services.slots.store import decisions
from shared.messages import BookPlaces, PlacesBooked, Refused
from tests import stories
from tests.referees import Play, play
from tests.stories import a_claim, an_id, as_items

HERE = [an_id(f"slot {n}") for n in range(4)]
THERE = [an_id(f"slot {n} elsewhere") for n in range(4)]
ROUNDS = 6
LIMIT_SECONDS = 20.0

SLOW_SLOTS = ("SELECT s.id,", "SELECT pg_sleep(0.004) IS NULL AS slow, s.id,")
SLOW_CLAIMS = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN PERFORM pg_sleep(0.004); RETURN NEW; END$$;
CREATE TRIGGER slow BEFORE INSERT ON place FOR EACH ROW EXECUTE FUNCTION slow();
"""
EACH_ITS_OWN_WAY = (
    "ORDER BY CASE current_setting('application_name') WHEN 'up' THEN {0} END, {0} DESC"
)
SEATED = "unnest($2::seat[])"
NAMED = SEATED + " AS n "

Wishes = list[BookPlaces]
Story = Callable[[int], tuple[Wishes, Wishes]]


def the_same_slots(n: int) -> tuple[Wishes, Wishes]:
    """Families of three in the same slots, one batch from the front, one from the back."""
    up = [stories.book(*HERE[:3]), stories.book(*HERE[1:])]
    down = [stories.book(*reversed(HERE[1:])), stories.book(*reversed(HERE[:3]))]
    return up, down


def the_same_claims(n: int) -> tuple[Wishes, Wishes]:
    """Families of three who ask at two clinics at once, with nobody's slots in common."""
    claims = [a_claim(f"{n} {who}") for who in "abcdef"]
    back = claims[::-1]
    up = [stories.book(*HERE[:3], claims=tuple(part)) for part in (claims[:3], claims[3:])]
    down = [stories.book(*THERE[:3], claims=tuple(part)) for part in (back[:3], back[3:])]
    return up, down


@pytest.fixture
async def two(slots_dsn: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Play, Play]]:
    """Two referees with a partition each, `up` and `down`, who take their locks slowly."""
    up, down = await play(slots_dsn, 0), await play(slots_dsn, 1)
    await up.connection.execute("SET application_name = 'up'")
    await up.decide(stories.open_clinic(), *(stories.open_slot(s, 99) for s in HERE + THERE))
    await up.connection.execute(SLOW_CLAIMS)
    slow = decisions.SQL["lock_slots"].replace(*SLOW_SLOTS)
    monkeypatch.setitem(decisions.SQL, "lock_slots", slow)
    yield up, down
    up.connection.terminate()
    down.connection.terminate()


@pytest.mark.parametrize("story", [the_same_slots, the_same_claims])
async def test_batches_in_opposite_order_never_wait_in_a_ring(
    two: tuple[Play, Play], story: Story
) -> None:
    replies, rings = await _meet(two, story)

    assert rings == await _deadlocks(two) == 0
    await _is_right(two[0], story, replies)


@pytest.mark.parametrize(
    ("story", "statement", "sorted_by", "unsorted"),
    [
        (the_same_slots, "lock_slots", "ORDER BY s.id", EACH_ITS_OWN_WAY.format("s.id")),
        (the_same_claims, "save", SEATED, NAMED + EACH_ITS_OWN_WAY.format("claim")),
    ],
    ids=["the_same_slots", "the_same_claims"],
)
async def test_unsorted_they_do_and_all_is_decided_right_all_the_same(
    two: tuple[Play, Play],
    story: Story,
    statement: str,
    sorted_by: str,
    unsorted: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    each_its_own_way = decisions.SQL[statement].replace(sorted_by, unsorted)
    monkeypatch.setitem(decisions.SQL, statement, each_its_own_way)

    replies, rings = await _meet(two, story)

    assert rings == await _deadlocks(two) > 0
    await _is_right(two[0], story, replies)


async def _meet(two: tuple[Play, Play], story: Story) -> tuple[list[Any], int]:
    """Both decide their batches at the same moment, round by round: replies, and how many rings."""
    replies, rings = [], 0
    for n in range(ROUNDS):
        both = map(_until_decided, two, story(n))
        for said, again in await asyncio.wait_for(asyncio.gather(*both), LIMIT_SECONDS):
            replies += said
            rings += again
    return replies, rings


async def _until_decided(referee: Play, wishes: Wishes) -> tuple[list[Any], int]:
    """A deadlock is an outage: whoever is its victim takes the same batch again."""
    here = referee.partitions[0]
    items = as_items(*wishes, partition=here, offset=referee.offsets[here])
    referee.offsets[here] += len(items)
    for again in range(99):
        try:
            return await referee.decide_items(items), again
        except asyncpg.DeadlockDetectedError:
            await referee.connection.execute("ROLLBACK")
    raise AssertionError("never decided")


async def _deadlocks(two: tuple[Play, Play]) -> int:
    """What PostgreSQL itself has counted in this database."""
    for referee in two:
        await referee.connection.execute("SELECT pg_stat_force_next_flush()")
    counted: int = await two[0].connection.fetchval(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    return counted


async def _is_right(referee: Play, story: Story, replies: list[Any]) -> None:
    """Every wish has one answer; who was told yes has every place, and nobody else has any."""
    wishes = 4 * ROUNDS
    booked = [reply for reply in replies if isinstance(reply, PlacesBooked)]
    refused = [reply.reason for reply in replies if isinstance(reply, Refused)]
    seats = await referee.connection.fetch("SELECT id FROM place")
    counted = await referee.connection.fetchval("SELECT sum(booked) FROM slot")
    assert len({reply.cause for reply in replies}) == len(replies) == wishes
    assert {seat["id"] for seat in seats} == {p.id for reply in booked for p in reply.places}
    assert len(seats) == counted == 3 * len(booked)
    if story is the_same_claims:
        assert len(booked) == wishes / 2
        assert refused == ["claim_taken"] * len(booked)
    else:
        assert refused == []
