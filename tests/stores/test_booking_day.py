"""Is a clinic's day the right one in every time zone, and found without reading everything?"""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from services.booking.rules.life import change_of
from services.booking.store import Bookings, Database
from services.booking.store.bookings import apply
from services.booking.store.database import SQL
from services.booking.store.slots import project
from shared import database
from tests.booking_stories import booked, opened
from tests.stories import CLINIC, an_id

DAY = date(2030, 5, 14)
MIDNIGHT = datetime(2030, 5, 14, tzinfo=UTC)


@pytest.fixture
async def connection(booking_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """The front desk's database."""
    opened_connection = await database.connect(booking_dsn)
    yield opened_connection
    await opened_connection.close()


async def book(connection: asyncpg.Connection, name: str, starts_at: datetime, zone: str) -> UUID:
    """A booking at a clinic in that zone, in a slot of its own."""
    slot_id, booking_id = an_id(f"slot {name}"), an_id(f"booking {name}")
    event = booked(booking_id, slot_id)
    place = msgspec.structs.replace(event.places[0], starts_at=starts_at, time_zone=zone)
    event = msgspec.structs.replace(event, places=(place,))
    await project(connection, [opened(slot_id, starts_at=starts_at)])
    await apply(connection, [change_of(event)], [], {})
    return booking_id


async def on(dsn: str, day: date, **about: Any) -> list[UUID]:
    """The bookings of a day, in order."""
    pool = await database.open_pool(dsn, size_max=1, name="booking-test")
    asked: dict[str, Any] = {"service": None, "status": "booked", "after": None, "limit": 100}
    rows = await Bookings(Database(pool, 2.0)).of_day(CLINIC, day, **asked | about)
    await pool.close()
    return [row["booking_id"] for row in rows]


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        ("Europe/Moscow", -3),
        ("UTC", 0),
        ("Pacific/Kiritimati", -14),
        ("Etc/GMT+12", 12),
        ("Asia/Kathmandu", -5.75),
    ],
)
async def test_a_day_begins_and_ends_with_the_clinic_s_midnight(
    booking_dsn: str, connection: asyncpg.Connection, zone: str, begins: float
) -> None:
    first = MIDNIGHT + timedelta(hours=begins)
    last = first + timedelta(days=1) - timedelta(minutes=1)
    ids = [await book(connection, f"{at}", at, zone) for at in (first, last)]
    before = await book(connection, "before", first - timedelta(minutes=1), zone)
    after = await book(connection, "after", last + timedelta(minutes=1), zone)

    assert await on(booking_dsn, DAY) == ids
    assert await on(booking_dsn, DAY - timedelta(days=1)) == [before]
    assert await on(booking_dsn, DAY + timedelta(days=1)) == [after]


async def test_a_day_with_25_hours_has_them_all(
    booking_dsn: str, connection: asyncpg.Connection
) -> None:
    autumn = date(2030, 10, 27)
    first = datetime(2030, 10, 26, 22, tzinfo=UTC)
    hours = [
        await book(connection, f"{hour}", first + timedelta(hours=hour), "Europe/Berlin")
        for hour in range(26)
    ]

    assert await on(booking_dsn, autumn) == hours[:25]


FULL = """
INSERT INTO slot (id, clinic_id, service, starts_at, ends_at, open, version)
SELECT md5('slot ' || n)::uuid, md5('clinic ' || n % 50)::uuid, 'vaccination',
       '2030-05-01'::timestamptz + n * interval '2 minutes',
       '2030-05-01'::timestamptz + n * interval '2 minutes' + interval '15 minutes', true, 1
  FROM generate_series(1, 30000) AS n;
INSERT INTO booking (id, owner_id, kind, status, version, home, places, slot_ids, made_at)
SELECT md5('booking ' || n)::uuid, md5('owner ' || n)::uuid, 'booking', 'booked', 1, 0,
       json_build_array(json_build_object('id', md5('place ' || n)::uuid, 'slot_id', s.id,
           'clinic_id', s.clinic_id, 'service', s.service, 'starts_at', s.starts_at,
           'ends_at', s.ends_at, 'time_zone', 'Europe/Moscow')),
       ARRAY[s.id], now()
  FROM generate_series(1, 30000) AS n JOIN slot AS s ON s.id = md5('slot ' || n)::uuid;
ANALYZE slot, booking;
"""


@pytest.mark.parametrize("planned", ["empty", "full"])
async def test_a_day_is_found_by_index_whenever_it_was_planned(
    connection: asyncpg.Connection, planned: str
) -> None:
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    if planned == "full":
        await connection.execute(FULL)
    await connection.execute(f"PREPARE day AS {SQL['list_day']}")
    ask = "EXECUTE day (md5('clinic 7')::uuid, '2030-05-14', NULL, 'booked', NULL, NULL, 100)"
    assert len(await connection.fetch(ask)) == (14 if planned == "full" else 0)
    if planned == "empty":
        await connection.execute(FULL)

    [[explained]] = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {ask}")

    plan = json.dumps(json.loads(explained))
    assert "slots_of_a_clinic" in plan
    assert "bookings_in_slot" in plan
    assert "Seq Scan" not in plan
