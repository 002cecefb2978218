"""How does one person come to no more visits of a service than there may be, at whatever door?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.booking.rules.limits import Beyond, number_for
from services.booking.rules.visits import Service
from services.booking.store import Database, Seats, limits
from services.booking.store.database import SQL
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, BORIS
from tests.stories import an_id

DAYS = (1, 2, 20, 40)


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        for day in DAYS:
            starts_at = datetime.now(UTC) + timedelta(days=day)
            await opened.open_slot(f"in {day}", 5, starts_at=starts_at)
        yield opened


async def limited(door: Door, **limits: Any) -> None:
    body = {"name": "vaccination", "kind": "vaccination", "needs": []} | limits
    said = await door.ask("PUT", "/services", body, roles=["operator"])
    assert said.status == 200, await said.text()


async def book(door: Door, day: int, **more: Any) -> Any:
    return await door.book(an_id(f"in {day}"), **more)


async def test_one_ahead_is_one_and_another_person_has_one_of_their_own(door: Door) -> None:
    await limited(door, bookings_max=1)

    first = await book(door, 1)
    second = await book(door, 20)
    other = await book(door, 20, who=BORIS)

    said = await second.json()
    assert (first.status, other.status) == (201, 201)
    assert await problem(second) == (409, "limit_reached")
    assert (said["limit"], said["service"], said["patient_id"]) == (
        *("bookings_max", "vaccination"),
        str(ALICE),
    )


async def test_what_was_booked_before_the_limit_counts(door: Door) -> None:
    await book(door, 1)
    await limited(door, bookings_max=1)

    assert await problem(await book(door, 20)) == (409, "limit_reached")


async def test_after_a_cancellation_there_is_room_again(door: Door) -> None:
    await limited(door, bookings_max=1)
    booked = await (await book(door, 1)).json()
    await door.ask("POST", f"/bookings/{booked['id']}/cancel", {})

    assert (await book(door, 20)).status == 201


async def test_who_was_refused_a_full_slot_may_ask_for_another_at_once(door: Door) -> None:
    await limited(door, bookings_max=1)
    await door.open_slot("full", 0)

    full = await door.book(an_id("full"))

    assert await problem(full) == (409, "slot_full")
    assert (await book(door, 20)).status == 201


async def test_a_visit_too_near_is_refused_with_the_day_from_which_it_is_not(door: Door) -> None:
    await limited(door, days_between=30)
    await book(door, 1)

    near = await book(door, 20)
    far = await book(door, 40)

    said = await near.json()
    assert await problem(near) == (409, "limit_reached")
    assert datetime.fromisoformat(said["until"]) > datetime.now(UTC) + timedelta(days=29)
    assert far.status == 201


async def test_a_booking_is_moved_within_its_limits_and_refused_it_stays_what_it_was(
    door: Door,
) -> None:
    await limited(door, bookings_max=2, days_between=15)
    booked = await (await book(door, 1)).json()
    await book(door, 20)
    path = f"/bookings/{booked['id']}/reschedule"

    near = await door.ask("POST", path, {"places": [{"slot_id": str(an_id("in 20"))}]})
    moved = await door.ask("POST", path, {"places": [{"slot_id": str(an_id("in 2"))}]})

    assert await problem(near) == (409, "limit_reached")
    assert moved.status == 200


async def test_without_limits_nothing_is_kept_of_anybody(door: Door) -> None:
    await book(door, 1)

    assert await door.pool.fetchval("SELECT count(*) FROM visit_seat") == 0


async def test_many_wishes_of_one_person_at_once_come_to_one(door: Door) -> None:
    await limited(door, bookings_max=1)

    answers = await asyncio.gather(*(book(door, day) for day in DAYS))

    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]


SERVICE = Service(name="vaccination", kind="vaccination", needs=(), bookings_max=1)


async def taken_at_once(door: Door) -> list[Any]:
    """Eight processes judge eight wishes of one person at once."""
    at = datetime.now(UTC)
    return await asyncio.gather(
        *(
            Seats(Database(door.pool, 5.0)).take(
                SERVICE, [ALICE], an_id(f"wish {nth}"), starts=[at + timedelta(days=1)], at=at
            )
            for nth in range(8)
        ),
        return_exceptions=True,
    )


async def test_one_of_eight_at_once_gets_the_seat(door: Door) -> None:
    said = await taken_at_once(door)

    assert said.count(None) == 1
    assert sum(isinstance(one, Beyond) for one in said) == 7


async def test_without_the_lock_they_judge_by_the_same_past_and_the_number_stops_all_but_one(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SQL, "lock_seats", "SELECT $1::uuid, $2::text")
    pause = "SELECT pg_sleep(0.1), $1::text, $2::uuid[], $3::uuid[]"
    monkeypatch.setitem(SQL, "leave_seats", pause)
    judged: list[int] = []

    def counted(*asked: Any, **about: Any) -> Any:
        said = number_for(*asked, **about)
        judged.append(1 if isinstance(said, int) else 0)
        return said

    monkeypatch.setattr(limits, "number_for", counted)
    said = await taken_at_once(door)

    assert sum(judged) > 1, "the rule alone has let several through"
    assert said.count(None) == 1


async def test_a_number_is_one_booking_s(door: Door) -> None:
    await taken_at_once(door)

    with pytest.raises(asyncpg.UniqueViolationError, match="one_booking_of_a_number"):
        await door.pool.execute(
            "INSERT INTO visit_seat SELECT person_id, service, number, $1, starts FROM visit_seat",
            an_id("another"),
        )
