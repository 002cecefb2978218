"""Do as many come in by the staff's door as a person said, whoever asks at once, and once each?"""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.booking.admission.staff import StaffEntrance
from services.booking.store import Database, Rooms, StaffDoors, rooms, staff_doors
from tests.stores.test_booking_rooms import (
    AT_EASE,
    BOUNDS,
    a_room,
    comes_noon,
    people,
    pool,
)

__all__ = ["pool"]

SAVED = 4


@pytest.fixture
def doors(pool: asyncpg.Pool) -> StaffDoors:
    return StaffDoors(Database(pool, 5.0))


async def a_drawn_room(pool: asyncpg.Pool, *, waiting: int = 0, **about: Any) -> UUID:
    """One whose line moves, before which so many wait; nothing was saved for staff."""
    lines = Rooms(Database(pool, 5.0))
    campaign_id = await a_room(pool, lines, **{"staff_share": 0.5} | about)
    await comes_noon(pool, campaign_id)
    await lines.join(campaign_id, people(waiting))
    await lines.draw_what_is_due()
    return campaign_id


async def has_earned(pool: asyncpg.Pool, campaign_id: UUID, credit: float) -> None:
    """There is room for so many now, and no more for long."""
    await pool.execute(
        "UPDATE staff_door SET credit = $2, filled_at = clock_timestamp() WHERE campaign_id = $1",
        campaign_id,
        credit,
    )
    await pool.execute(
        "UPDATE line SET speed_min = 0.01, speed = 0.01 WHERE campaign_id = $1", campaign_id
    )


async def test_of_twenty_at_once_as_many_come_in_as_there_is_room_for(
    pool: asyncpg.Pool, doors: StaffDoors
) -> None:
    campaign_id = await a_drawn_room(pool)
    await has_earned(pool, campaign_id, 1.01)

    said = await asyncio.gather(*(doors.come(campaign_id, uuid4()) for _ in range(20)))

    assert said.count(0.0) == 1
    assert all(0 < wait <= 1 / 0.005 for wait in said if wait != 0)  # type: ignore[operator]
    row = await pool.fetchrow("SELECT credit, come FROM staff_door")
    assert row is not None
    assert (row["come"], row["credit"] < 1) == (1, True)


async def test_without_the_lock_the_race_is_real_and_the_constraint_stops_it(
    pool: asyncpg.Pool, doors: StaffDoors, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await a_drawn_room(pool)
    await has_earned(pool, campaign_id, 1.01)
    both = asyncio.Barrier(2)

    async def who_looks_first(connection: Any, *about: Any) -> Any:
        await both.wait()
        return await connection.fetchrow(staff_doors.SQL["staff_door"], *about)

    async def unlocked() -> None:
        async with pool.acquire() as connection, connection.transaction():
            row = await who_looks_first(connection, campaign_id, uuid4())
            assert row["credit"] >= 1
            await both.wait()
            await connection.execute(staff_doors.SQL["staff_come"], campaign_id, uuid4(), 0.0, 0.0)

    said = await asyncio.gather(unlocked(), unlocked(), return_exceptions=True)

    [stopped] = [one for one in said if one is not None]
    assert isinstance(stopped, asyncpg.CheckViolationError)
    assert "nobody_comes_in_on_credit" in str(stopped)


async def test_a_wish_comes_in_once_however_often_it_is_asked(
    pool: asyncpg.Pool, doors: StaffDoors
) -> None:
    campaign_id, wish = await a_drawn_room(pool), uuid4()
    await has_earned(pool, campaign_id, 1.01)

    said = await asyncio.gather(*(doors.come(campaign_id, wish) for _ in range(5)))

    assert said == [0.0] * 5
    assert await pool.fetchval("SELECT come FROM staff_door") == 1


async def test_before_the_draw_nobody_comes_in_and_without_a_share_nobody_ever(
    pool: asyncpg.Pool, doors: StaffDoors
) -> None:
    undrawn = await a_room(pool, Rooms(Database(pool, 5.0)))
    shut = await a_drawn_room(pool, staff_share=0.0)

    assert await doors.come(undrawn, uuid4()) == "not_open"
    assert await doors.come(shut, uuid4()) == "never"


async def test_whom_staff_bring_in_the_line_moves_less_but_never_by_more_than_their_share(
    pool: asyncpg.Pool, doors: StaffDoors
) -> None:
    lines = Rooms(Database(pool, 5.0))
    fast = {"speed_min": 10.0, "speed": 10.0, "speed_max": 10.0}
    alone, beside = [await a_drawn_room(pool, waiting=90, **fast) for _ in range(2)]
    await pool.execute("UPDATE staff_door SET come = 90 WHERE campaign_id = $1", beside)

    await lines.tell_pressure(1, AT_EASE)
    await pool.execute("UPDATE line SET moved_at = clock_timestamp() - interval '2 s'")
    await lines.move_lines(0.5, 60.0, BOUNDS)

    rows = {
        row["campaign_id"]: row
        for row in await pool.fetch(
            "SELECT campaign_id, serving, counted FROM line JOIN staff_door USING (campaign_id)"
        )
    }
    assert rows[alone]["serving"] == pytest.approx(20, abs=0.5)
    assert rows[beside]["serving"] == pytest.approx(10, abs=0.5)
    assert rows[beside]["counted"] == pytest.approx(10, abs=0.5)


async def test_where_nobody_waits_who_came_in_is_owed_to_nobody(pool: asyncpg.Pool) -> None:
    campaign_id = await a_drawn_room(pool, speed_min=100.0, speed=100.0)
    await pool.execute("UPDATE staff_door SET come = 7")
    await pool.execute("UPDATE line SET moved_at = clock_timestamp() - interval '1 s'")

    await Rooms(Database(pool, 5.0)).move_lines(0.5, 60.0, BOUNDS)

    assert await pool.fetchval(
        "SELECT counted FROM staff_door WHERE campaign_id = $1", campaign_id
    ) == pytest.approx(7)


async def test_who_is_too_early_costs_the_database_nothing(
    pool: asyncpg.Pool, doors: StaffDoors
) -> None:
    campaign_id, entrance = await a_drawn_room(pool), StaffEntrance(doors)
    await has_earned(pool, campaign_id, 1.01)
    came = uuid4()
    assert await entrance.come(campaign_id, came) == 0

    asked: list[UUID] = []
    ask = doors.come

    async def counted(*about: UUID) -> Any:
        asked.append(about[1])
        return await ask(*about)

    doors.come = counted  # type: ignore[method-assign]
    said = await asyncio.gather(*(entrance.come(campaign_id, uuid4()) for _ in range(500)))

    assert len(asked) == 1
    assert all(isinstance(wait, float) and wait > 0 for wait in said)
    assert await entrance.come(campaign_id, came) == 0
    assert len(asked) == 1


async def test_which_wishes_came_in_is_forgotten_with_their_keys(
    pool: asyncpg.Pool, doors: StaffDoors
) -> None:
    campaign_id = await a_drawn_room(pool)
    await has_earned(pool, campaign_id, 2.0)
    await doors.come(campaign_id, uuid4())
    await pool.execute("UPDATE staff_turn SET come_at = come_at - interval '8 days'")

    assert await rooms.Rooms(Database(pool, 5.0)).forget_old(days=30, rows_max=100) == 1
