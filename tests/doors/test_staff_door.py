"""Do staff come in beside the line, as many as a person allows, and nobody else by their door?"""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientResponse

from services.booking.api.desk import DESK
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, MONDAY
from tests.doors.test_waiting_room import OPERATOR, a_campaign, it_opens, opens
from tests.worlds import LINK_KEYS

PHONE: dict[str, Any] = {"who": uuid4(), "roles": ["front_desk"]}
KNOWN = {"name": "Patient No. 1", "birth_date": "1950-05-01"}
TOO_EARLY_SECONDS_MAX = 0.1


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    """A front desk, a slot with many places, and somebody who is known and calls."""
    async with a_door(booking_dsn, tmp_path, link_keys=LINK_KEYS) as door:
        await door.open_slot(MONDAY, capacity=50)
        await door.ask("PUT", "/me", KNOWN)
        yield door


async def a_room(door: Door, *, is_open: bool = True, share: float = 0.5) -> UUID:
    """A waiting room before Monday; `is_open`: its line moves, two people a second."""
    campaign_id = await a_campaign(door)
    await opens(door, campaign_id)
    said = {"speed_min": 2, "speed_max": 2, "staff_share": share}
    changed = await door.ask("PATCH", f"/campaigns/{campaign_id}/waiting-room", said, **OPERATOR)
    assert (await changed.json())["staff_share"] == share
    if is_open:
        await it_opens(door, campaign_id)
    return campaign_id


async def has_room_for(door: Door, many: int) -> None:
    """So many of the staff may come in now, and for long no other."""
    await door.pool.execute(
        "UPDATE staff_door SET credit = $1, filled_at = clock_timestamp()", many + 0.01
    )
    await door.pool.execute("UPDATE line SET speed_min = 0.01, speed = 0.01")
    door.client.app[DESK].waiting.staff._full_until.clear()


def wants(slot_id: UUID = MONDAY) -> dict[str, Any]:
    return {"places": [{"slot_id": str(slot_id)}]}


async def books(door: Door, patient: UUID = ALICE, key: str | None = None) -> ClientResponse:
    """Somebody calls, and is booked for Monday."""
    path = f"/patients/{patient}/bookings"
    return await door.ask("POST", path, wants(), key=key, **PHONE)


async def test_who_books_for_who_calls_needs_no_pass(door: Door) -> None:
    await a_room(door)

    for_alice = await books(door)
    for_herself = await door.ask("POST", "/bookings", wants())
    staff_s_own = await door.ask("POST", "/bookings", wants(), **PHONE)

    assert for_alice.status == 201, await for_alice.text()
    refused = [await problem(one) for one in (for_herself, staff_s_own)]
    assert refused == [(403, "pass_needed")] * 2


async def test_beyond_their_quota_staff_are_told_when_to_come_and_nothing_is_handed_over(
    door: Door,
) -> None:
    await a_room(door)
    await has_room_for(door, 1)
    first = await books(door, key="one")
    before = await door.everything()

    answers, seconds = [], []
    for wish in (wants(), wants()) * 10:
        began = time.perf_counter()
        answers.append(await door.ask("POST", f"/patients/{ALICE}/holds", wish, **PHONE))
        seconds.append(time.perf_counter() - began)
    again = await books(door, key="one")

    assert {await problem(one) for one in answers} == {(429, "staff_quota_used")}
    assert all(1 <= int(one.headers["Retry-After"]) <= 200 for one in answers)
    assert sorted(seconds)[len(seconds) // 2] < TOO_EARLY_SECONDS_MAX
    assert await door.everything() == before
    assert (again.status, await again.json()) == (201, await first.json())


async def test_as_many_as_may_come_in_at_once_and_no_more(door: Door) -> None:
    await a_room(door)
    patients = [uuid4() for _ in range(10)]
    for patient in patients:
        await door.ask("PUT", "/me", KNOWN, who=patient)
    # One a second, and two seconds' worth saved: three.
    await door.pool.execute(
        "UPDATE staff_door SET credit = 3, filled_at = clock_timestamp() WHERE share = 0.5"
    )

    began = time.perf_counter()
    answers = await asyncio.gather(*(books(door, patient) for patient in patients))
    seconds = time.perf_counter() - began

    statuses = [answer.status for answer in answers]
    booked = statuses.count(201)
    assert 3 <= booked <= 3 + seconds + 1
    assert statuses.count(429) == len(patients) - booked
    assert door.referee.inventory.slots[MONDAY].booked == booked


async def test_before_it_opens_nobody_is_booked_by_telephone_either(door: Door) -> None:
    await a_room(door, is_open=False)

    held = await door.ask("POST", f"/patients/{ALICE}/holds", wants(), **PHONE)

    assert await problem(held) == (409, "campaign_not_open")
    assert door.referee.inventory.slots[MONDAY].held == 0


async def test_where_a_person_gives_staff_no_share_there_is_no_such_door(door: Door) -> None:
    await a_room(door, share=0.0)

    assert await problem(await books(door)) == (403, "pass_needed")


async def test_what_a_patient_has_is_moved_within_it_and_cancelled_without_a_turn(
    door: Door,
) -> None:
    made = await (await books(door)).json()
    tuesday = await door.open_slot(uuid4(), capacity=5)
    await a_room(door)
    await has_room_for(door, 0)

    path = f"/patients/{ALICE}/bookings/{made['id']}"
    moved = await door.ask("POST", f"{path}/reschedule", wants(tuesday), **PHONE)
    cancelled = await door.ask("POST", f"{path}/cancel", {}, **PHONE)

    assert (moved.status, cancelled.status) == (200, 200)


@pytest.mark.parametrize("share", [-0.1, 0.51, 1])
async def test_a_share_that_would_starve_the_line_is_no_share(door: Door, share: float) -> None:
    campaign_id = await a_campaign(door)
    await opens(door, campaign_id)

    said = {"speed_min": 1, "speed_max": 2, "staff_share": share}
    answer = await door.ask("PATCH", f"/campaigns/{campaign_id}/waiting-room", said, **OPERATOR)

    assert await problem(answer) == (422, "invalid_body")
