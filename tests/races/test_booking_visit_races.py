"""What if two practitioners click at once, or a patient comes while they are given up?"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from services.booking.store.database import SQL
from tests.booking_doors import Door, a_door
from tests.visiting import booked, is_there, names, passes, sweep, takes, told

ROUNDS = 5
CLICKS = 4


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        yield opened


async def all_click(door: Door, step: str = "admit") -> list[int]:
    """Several do the same at once with somebody who has just come."""
    visit = await booked(door)
    await is_there(door, visit)
    answers = await asyncio.gather(*(takes(door, visit, step) for _ in range(CLICKS)))
    return sorted(answer.status for answer in answers)


def without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for anybody, and whoever has read is given time to be overtaken."""
    monkeypatch.setitem(SQL, "lock_visit", "SELECT id FROM visit, pg_sleep(0.02) WHERE id = $1")


def without_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was read, it is written over."""
    blind = SQL["write_visits"].replace("AND v.version = c.before", "AND c.before >= 0")
    assert blind != SQL["write_visits"]
    monkeypatch.setitem(SQL, "write_visits", blind)


async def test_of_several_clicks_at_once_one_is_the_step(door: Door) -> None:
    for _ in range(ROUNDS):
        assert await all_click(door) == [200, *[409] * (CLICKS - 1)]

    assert Counter(names(await told(door))) == {"VisitArrived": ROUNDS, "VisitAdmitted": ROUNDS}


async def test_without_the_lock_the_version_that_was_read_still_lets_one_through(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_the_lock(monkeypatch)

    for _ in range(ROUNDS):
        assert await all_click(door) == [200, *[409] * (CLICKS - 1)]


async def test_without_either_several_would_have_been_the_step_but_for_the_constraint(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_the_lock(monkeypatch)
    without_the_version(monkeypatch)

    said = [status for _ in range(ROUNDS) for status in await all_click(door)]

    assert said.count(200) == ROUNDS
    assert 500 in said


async def test_the_constraint_is_what_stops_it(door: Door) -> None:
    visit = await booked(door)
    await is_there(door, visit)

    with pytest.raises(asyncpg.UniqueViolationError, match="one_step_of_a_version"):
        await door.pool.execute("INSERT INTO visit_step SELECT * FROM visit_step")


async def test_one_click_that_was_sent_twice_at_once_is_one_step(door: Door) -> None:
    visit = await booked(door)
    await is_there(door, visit)

    answers = await asyncio.gather(*(takes(door, visit, "admit", key="one") for _ in range(3)))

    said = [await answer.json() for answer in answers]
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert said[0] == said[1] == said[2]
    assert names(await told(door)) == ["VisitArrived", "VisitAdmitted"]


async def test_who_comes_while_they_are_given_up_has_come_or_was_given_up(door: Door) -> None:
    for _ in range(ROUNDS):
        visit = await booked(door)
        await sweep(door)
        await passes(door, 16.1)

        answer, _ = await asyncio.gather(is_there(door, visit), sweep(door))

        status = (await answer.json())["status"]
        told_of_it = [event for event in await told(door) if event.place.id == visit.visit]
        tale = {"arrived": "VisitArrived", "noshow": "VisitMissed"}[status]
        assert names(told_of_it) == [tale]


async def test_two_processes_that_sweep_at_once_do_it_once(door: Door) -> None:
    for _ in range(3):
        await booked(door)
    await sweep(door)
    await passes(door, 17)

    swept = await asyncio.gather(*(sweep(door) for _ in range(3)))

    assert sum(swept) == 3
    assert Counter(names(await told(door))) == {"VisitMissed": 3}
