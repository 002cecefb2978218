"""Is a second dose that is booked weeks later as far from the first as the campaign says?"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.booking_doors import Door, a_door, problem
from tests.doors.test_booking_admission import CAMPAIGN
from tests.stories import an_id


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        for day in (1, 10, 22, 29, 45):
            starts = datetime.now(UTC) + timedelta(days=day)
            await opened.open_slot(f"day {day}", 9, starts_at=starts)
        yield opened


@pytest.fixture
async def campaign(door: Door) -> str:
    about = CAMPAIGN | {"min_days": 21, "max_days": 28}
    made = await door.ask("POST", "/campaigns", about, roles=["operator"])
    return str((await made.json())["id"])


def dose(nth: int, day: int, **person: str) -> dict[str, Any]:
    return {"slot_id": str(an_id(f"day {day}")), "dose": nth} | person


async def asks(door: Door, campaign: str, *places: dict[str, Any], **said: Any) -> Any:
    body = {"places": places, "campaign_id": campaign}
    return await door.ask("POST", "/bookings", body, **said)


async def move(door: Door, booked: Any, *places: dict[str, Any], **said: Any) -> Any:
    path = f"/bookings/{(await booked.json())['id']}/reschedule"
    return await door.ask("POST", path, {"places": places}, **said)


async def test_a_dose_booked_by_itself_keeps_its_distance_and_so_it_does_when_moved(
    door: Door, campaign: str
) -> None:
    first = await asks(door, campaign, dose(1, 1))
    taken = len(door.referee.taken)
    near = await asks(door, campaign, dose(2, 10))
    far = await asks(door, campaign, dose(2, 45))
    untouched = len(door.referee.taken) == taken
    second = await asks(door, campaign, dose(2, 22), key="second")
    again = await asks(door, campaign, dose(2, 22), key="second")

    first_moved = await move(door, first, dose(1, 10))
    second_moved = await move(door, second, dose(2, 29), key="move")
    moved_again = await move(door, second, dose(2, 29), key="move")

    for said in (near, far, first_moved):
        assert await problem(said) == (422, "not_eligible")
        assert (await said.json())["rule"] == "interval"
    assert untouched
    assert [each.status for each in (first, second, again)] == [201] * 3
    assert [each.status for each in (second_moved, moved_again)] == [200] * 2


async def test_whoever_had_booked_it_the_other_dose_is_known(door: Door, campaign: str) -> None:
    child = (await (await door.ask("POST", "/me/dependants", {})).json())["id"]
    both = await asks(door, campaign, dose(1, 1), dose(1, 10, patient_id=child))

    mine = await asks(door, campaign, dose(2, 22))
    the_child_s = await asks(door, campaign, dose(2, 22, patient_id=child))

    assert (both.status, mine.status) == (201, 201)
    assert (await the_child_s.json())["patient_id"] == child


async def test_what_was_cancelled_is_far_from_nothing(door: Door, campaign: str) -> None:
    first = await asks(door, campaign, dose(1, 1))
    await door.ask("POST", f"/bookings/{(await first.json())['id']}/cancel", {})

    assert (await asks(door, campaign, dose(2, 10))).status == 201
    assert await problem(await asks(door, campaign, dose(1, 22))) == (422, "not_eligible")
