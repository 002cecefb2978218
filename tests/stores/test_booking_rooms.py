"""Does everybody keep the one place they have, whoever writes it down, and when?"""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.booking.admission import Joining
from services.booking.admission.joining import NotOpenError, TooManyComeError
from services.booking.rules.line import Bounds, Pressure, Room, draw, hash_of
from services.booking.store import Database, Rooms, rooms
from shared import database

SEED = bytes(32)
BOUNDS = Bounds(answer_seconds_max=0.5, seats_share_max=0.5)
AT_EASE = Pressure(answer_seconds=0.01, seats_share=0.0, turned_away=0)


@pytest.fixture
async def pool(booking_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    opened = await database.open_pool(booking_dsn, size_max=8, name="rooms-test")
    yield opened
    await opened.close()


@pytest.fixture
def lines(pool: asyncpg.Pool) -> Rooms:
    return Rooms(Database(pool, 5.0))


async def a_room(pool: asyncpg.Pool, lines: Rooms, **about: Any) -> UUID:
    """A room that is open and will be drawn tomorrow, before a campaign of its own."""
    campaign_id, now = uuid4(), datetime.now(UTC)
    await pool.execute(
        """INSERT INTO campaign
           (id, wish_id, body_hash, name, service, opens_at, doses, min_days, max_days)
           VALUES ($1, $1, '', 'numbered', 'vaccination', now(), 1, 0, 0)""",
        campaign_id,
    )
    room = Room(
        **{
            "campaign_id": campaign_id,
            "service": "vaccination",
            "opens_at": now - timedelta(hours=1),
            "draws_at": now + timedelta(days=1),
            "seed": SEED,
            "seed_hash": hash_of(SEED),
            "speed_min": 1.0,
            "speed_max": 100.0,
            "speed": 1.0,
            "arrivals": 0,
            "early": None,
            "drawn_at": None,
            "serving": 0.0,
            "moved_at": None,
        }
        | about
    )
    assert await lines.make(room, uuid4(), b"")
    return campaign_id


async def comes_noon(pool: asyncpg.Pool, campaign_id: UUID) -> None:
    """The hour of the draw has come."""
    await pool.execute(
        "UPDATE waiting_room SET draws_at = clock_timestamp() WHERE campaign_id = $1", campaign_id
    )


async def places(pool: asyncpg.Pool, campaign_id: UUID) -> dict[UUID, int | None]:
    """Who stands where."""
    rows = await pool.fetch(
        "SELECT person_id, place FROM waiter WHERE campaign_id = $1", campaign_id
    )
    return {row["person_id"]: row["place"] for row in rows}


def people(many: int) -> list[UUID]:
    """So many."""
    return [uuid4() for _ in range(many)]


async def test_early_comers_have_no_place_until_the_draw_and_the_drawn_one_after(
    pool: asyncpg.Pool, lines: Rooms
):
    campaign_id, early = await a_room(pool, lines), people(50)

    before = await lines.join(campaign_id, early)
    await comes_noon(pool, campaign_id)
    drawn = await lines.draw_what_is_due()

    assert set(before.values()) == {None}
    assert drawn == [(campaign_id, 50)]
    expected = {person: place for place, person in enumerate(draw(SEED, early), start=1)}
    assert await places(pool, campaign_id) == expected
    assert await lines.join(campaign_id, early) == expected


async def test_late_comers_stand_behind_the_early_in_the_order_they_came_even_before_the_draw(
    pool: asyncpg.Pool, lines: Rooms
):
    campaign_id, early, late = await a_room(pool, lines), people(5), people(4)
    await lines.join(campaign_id, early)
    await comes_noon(pool, campaign_id)

    first = await lines.join(campaign_id, late[:2])
    await lines.draw_what_is_due()
    then = await lines.join(campaign_id, late[2:])

    assert [first[p] for p in late[:2]] == [6, 7]
    assert [then[p] for p in late[2:]] == [8, 9]
    assert sorted((await places(pool, campaign_id)).values()) == list(range(1, 10))


async def test_who_comes_again_by_many_browsers_keeps_one_place(pool: asyncpg.Pool, lines: Rooms):
    campaign_id, bots = await a_room(pool, lines), people(50)
    processes = [Joining(lines, batch_max=20, waiting_max=10_000) for _ in range(3)]
    tries = [(processes[n % 3], bot) for n in range(10) for bot in bots]
    random.Random(7).shuffle(tries)

    await asyncio.gather(*(joining.join(campaign_id, bot) for joining, bot in tries))

    room = (await lines.all())[0]
    assert room.arrivals == len(bots) == len(await places(pool, campaign_id))


async def test_without_the_lock_two_processes_give_one_place_twice_and_are_stopped(
    pool: asyncpg.Pool, lines: Rooms, monkeypatch: pytest.MonkeyPatch
):
    campaign_id = await a_room(pool, lines)
    await comes_noon(pool, campaign_id)
    monkeypatch.setitem(rooms.SQL, "lock_room", "SELECT $1::uuid")

    done = await asyncio.gather(
        *(lines.join(campaign_id, people(20)) for _ in range(40)), return_exceptions=True
    )

    wrong = {error.constraint_name for error in done if isinstance(error, asyncpg.PostgresError)}
    assert wrong & {"one_person_per_arrival", "one_person_per_place"}


async def test_with_the_lock_processes_number_people_without_a_gap(
    pool: asyncpg.Pool, lines: Rooms
):
    campaign_id = await a_room(pool, lines)
    await comes_noon(pool, campaign_id)

    await asyncio.gather(*(lines.join(campaign_id, people(20)) for _ in range(40)))

    assert sorted((await places(pool, campaign_id)).values()) == list(range(1, 801))


async def test_two_processes_that_draw_at_once_make_one_draw(pool: asyncpg.Pool, lines: Rooms):
    campaign_id, early = await a_room(pool, lines), people(200)
    await lines.join(campaign_id, early)
    await comes_noon(pool, campaign_id)

    await asyncio.gather(*(lines.draw_what_is_due() for _ in range(4)))

    expected = {person: place for place, person in enumerate(draw(SEED, early), start=1)}
    assert await places(pool, campaign_id) == expected


async def test_a_draw_that_was_broken_off_is_made_as_it_would_have_been(
    pool: asyncpg.Pool, lines: Rooms, monkeypatch: pytest.MonkeyPatch
):
    campaign_id, early = await a_room(pool, lines), people(30)
    await lines.join(campaign_id, early)
    await comes_noon(pool, campaign_id)
    with monkeypatch.context() as broken:
        broken.setitem(rooms.SQL, "note_drawn", "SELECT 1/0, $1::uuid")
        with pytest.raises(asyncpg.DivisionByZeroError):
            await lines.draw_what_is_due()
    await lines.join(campaign_id, people(3))

    await lines.draw_what_is_due()

    found = await places(pool, campaign_id)
    assert [found[person] for person in draw(SEED, early)] == list(range(1, 31))


async def test_nobody_comes_before_the_room_opens_or_after_it_is_closed(
    pool: asyncpg.Pool, lines: Rooms
):
    later = datetime.now(UTC) + timedelta(hours=1)
    not_yet = await a_room(pool, lines, opens_at=later)
    closed = await a_room(pool, lines)
    await lines.close(closed)
    joining = Joining(lines, batch_max=10, waiting_max=10)

    for campaign_id in (not_yet, closed):
        with pytest.raises(NotOpenError):
            await joining.join(campaign_id, uuid4())
        assert await places(pool, campaign_id) == {}


async def test_the_seed_and_its_hash_cannot_be_changed(pool: asyncpg.Pool, lines: Rooms):
    campaign_id = await a_room(pool, lines)

    with pytest.raises(asyncpg.CheckViolationError, match="seed_is_the_one_that_was_told"):
        await pool.execute(
            "UPDATE waiting_room SET seed = $2 WHERE campaign_id = $1", campaign_id, b"x" * 32
        )


async def test_the_line_moves_at_the_speed_that_is_borne_and_stands_still_at_its_end(
    pool: asyncpg.Pool, lines: Rooms
):
    campaign_id = await a_room(pool, lines, speed_min=10.0, speed_max=10.0)
    await lines.join(campaign_id, people(12))
    await comes_noon(pool, campaign_id)
    await lines.draw_what_is_due()
    await lines.tell_pressure(0, AT_EASE)

    seen = []
    for _ in range(3):
        await pool.execute("UPDATE line SET moved_at = moved_at - interval '0.5 s'")
        await lines.move_lines(0.4, 5.0, BOUNDS)
        seen.append((await lines.all())[0].serving)

    assert 5 <= seen[0] < 7
    assert 10 <= seen[1] <= 12
    assert seen[2] == 12


async def test_two_processes_move_a_line_once(pool: asyncpg.Pool, lines: Rooms):
    campaign_id = await a_room(pool, lines, speed_min=10.0, speed_max=10.0)
    await lines.join(campaign_id, people(100))
    await comes_noon(pool, campaign_id)
    await lines.draw_what_is_due()
    await pool.execute("UPDATE line SET moved_at = moved_at - interval '0.5 s'")

    await asyncio.gather(*(lines.move_lines(0.4, 5.0, BOUNDS) for _ in range(6)))

    assert (await lines.all())[0].serving < 8


async def test_what_was_told_long_ago_or_by_nobody_lets_the_fewest_in(
    pool: asyncpg.Pool, lines: Rooms
):
    campaign_id = await a_room(pool, lines, speed_min=2.0, speed_max=100.0)
    await lines.join(campaign_id, people(100))
    await comes_noon(pool, campaign_id)
    await lines.draw_what_is_due()
    await lines.tell_pressure(0, AT_EASE)
    await pool.execute("UPDATE desk_pressure SET at = at - interval '1 min'")
    await pool.execute("UPDATE line SET moved_at = moved_at - interval '1 s', speed = 50")

    await lines.move_lines(0.4, 5.0, BOUNDS)

    assert (await lines.all())[0].speed == 2.0


async def test_more_than_may_wait_to_be_written_down_are_told_at_once(
    pool: asyncpg.Pool, lines: Rooms
):
    campaign_id = await a_room(pool, lines)
    joining = Joining(lines, batch_max=5, waiting_max=20)

    done = await asyncio.gather(
        *(joining.join(campaign_id, person) for person in people(50)), return_exceptions=True
    )

    turned_away = [error for error in done if isinstance(error, TooManyComeError)]
    assert len(turned_away) == 30
    assert len(await places(pool, campaign_id)) == 20
