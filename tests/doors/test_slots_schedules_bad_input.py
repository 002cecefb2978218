"""What is no schedule, and who may not make one?"""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.slots.api.weekly import WEEKDAYS
from services.slots.rules.schedules import SCHEDULE_AHEAD_DAYS_MAX, SCHEDULE_SLOTS_MAX
from shared.web import cursor_after
from tests.booking_doors import problem
from tests.slots_doors import ONE_DAY, TODAY, Door, a_door, a_week


@pytest.fixture
async def door(slots_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    """The API of a referee with an empty database."""
    async with a_door(slots_dsn, tmp_path) as door:
        yield door


TOO_FAR = (TODAY + (SCHEDULE_AHEAD_DAYS_MAX + 2) * ONE_DAY).isoformat()
A_YEAR_ON = (TODAY + 368 * ONE_DAY).isoformat()


@pytest.mark.parametrize(
    ("about", "code"),
    [
        ({"weekdays": []}, "invalid_body"),
        ({"weekdays": ["monday", "monday"]}, "invalid_body"),
        ({"weekdays": ["someday"]}, "invalid_body"),
        ({"weekdays": [*WEEKDAYS, "monday"]}, "invalid_body"),
        ({"starts": "9:00"}, "invalid_body"),
        ({"starts": "09:00:00"}, "invalid_body"),
        ({"starts": "24:00"}, "invalid_body"),
        ({"starts": "09:00\n"}, "invalid_body"),
        ({"ends": "24:30"}, "invalid_body"),
        ({"ends": "09:00"}, "invalid_body"),
        ({"ends": "08:00"}, "invalid_body"),
        ({"slot_minutes": 0}, "invalid_body"),
        ({"slot_minutes": 1_441}, "invalid_body"),
        ({"slot_minutes": 7.5}, "invalid_body"),
        ({"capacity": -1}, "invalid_body"),
        ({"capacity": 10**9}, "invalid_body"),
        ({"dose": 5}, "invalid_body"),
        ({"service": ""}, "invalid_body"),
        ({"service": "a\x00b"}, "invalid_body"),
        ({"valid_from": "2030-02-30"}, "invalid_body"),
        ({"valid_to": TODAY.isoformat()}, "invalid_body"),
        ({"valid_to": A_YEAR_ON}, "invalid_body"),
        ({"valid_from": TOO_FAR, "valid_to": TOO_FAR}, "invalid_body"),
        ({"valid_from": "9999-12-31", "valid_to": "9999-12-31"}, "invalid_body"),
        ({"valid_from": "0001-01-01", "valid_to": "0001-01-01"}, "no_slots"),
        ({"slot_minutes": 121}, "no_slots"),
        ({"starts": "00:00", "ends": "24:00", "slot_minutes": 1}, "too_many_slots"),
        ({"colour": "red"}, "invalid_body"),
    ],
)
async def test_what_makes_no_sense_is_refused_and_remembered_nowhere(
    door: Door, about: dict[str, Any], code: str
) -> None:
    clinic_id = await door.a_clinic()

    answer = await door.hours(clinic_id, a_week(**about))

    assert await problem(answer) == (422, code)
    assert await door.everything() == (1, 0, 0)
    assert (await door.schedules(clinic_id))["schedules"] == []


async def test_a_day_of_the_week_that_does_not_come_is_no_schedule(door: Door) -> None:
    clinic_id = await door.a_clinic()
    one_day = (TODAY + ONE_DAY).isoformat()
    other = WEEKDAYS[(date.fromisoformat(one_day).weekday() + 1) % 7]

    answer = await door.hours(
        clinic_id, a_week(valid_from=one_day, valid_to=one_day, weekdays=[other])
    )

    assert await problem(answer) == (422, "no_slots")


async def test_too_many_slots_are_refused_with_their_number_and_as_many_as_may_be_are_opened(
    door: Door,
) -> None:
    clinic_id = await door.a_clinic()
    hours = {"starts": "00:00", "ends": "24:00"}
    days = {"valid_from": (TODAY + ONE_DAY).isoformat()}
    as_many = a_week(**hours, **days, slot_minutes=5, valid_to=(TODAY + 6 * ONE_DAY).isoformat())

    too_many = await door.hours(clinic_id, a_week(**hours, slot_minutes=5))
    enough = await door.hours(clinic_id, as_many)

    body = await too_many.json()
    assert (body["code"], body["slots"]) == ("too_many_slots", 7 * 288)
    assert (enough.status, (await enough.json())["opened"]) == (201, 6 * 288)
    assert 6 * 288 <= SCHEDULE_SLOTS_MAX < 7 * 288


@pytest.mark.parametrize(
    "cursor",
    [
        "zz",
        cursor_after("2030-01-01T09:00:00", uuid4()),
        cursor_after("0001-01-01T00:00:00+05:00", uuid4()),
        cursor_after("2030-01-01T09:00:00Z", "nobody"),
        cursor_after("2030-01-01T09:00:00Z"),
    ],
)
async def test_a_cursor_that_was_not_given_out_is_refused(door: Door, cursor: str) -> None:
    answer = await door.ask("GET", f"/clinics/{uuid4()}/schedules?cursor={cursor}")

    assert await problem(answer) == (422, "invalid_query")


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
async def test_who_may_not_is_turned_away(door: Door, method: str) -> None:
    clinic_id, elsewhere = await door.a_clinic(), await door.a_clinic()
    path = f"/clinics/{clinic_id}/schedules" + (f"/{uuid4()}" if method == "DELETE" else "")

    patient = await door.ask(method, path, a_week(), roles=["patient"])
    theirs = {"roles": ["clinic_manager"], "clinics": [str(elsewhere)]}
    stranger = await door.ask(method, path, a_week(), **theirs)

    assert await problem(patient) == (403, "forbidden")
    assert await problem(stranger) == (404, "not_found")
    assert await door.everything() == (2, 0, 0)


async def test_a_manager_opens_the_hours_of_their_own_clinic(door: Door) -> None:
    clinic_id = await door.a_clinic()

    answer = await door.hours(clinic_id, roles=["clinic_manager"], clinics=[str(clinic_id)])

    assert answer.status == 201


@pytest.mark.parametrize("clinic", [str(uuid4()), "nobody"])
async def test_a_clinic_that_nobody_knows_has_no_hours(door: Door, clinic: str) -> None:
    answer = await door.ask("POST", f"/clinics/{clinic}/schedules", a_week())

    assert await problem(answer) == (404, "not_found")
