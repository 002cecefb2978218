"""Who sees what is another's for a reason, what has to be said, and what is written down of it?"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientResponse

from services.booking import metrics
from shared.access.entries import CARE, OWN, Entry
from shared.policy import REASON_HEADER, REASON_LENGTH_MAX, REASON_LENGTH_MIN
from tests.access_stories import noted
from tests.booking_doors import Door, a_door, bearer, problem
from tests.booking_stories import ALICE, BORIS
from tests.stories import CLINIC, an_id

DOCTOR = an_id("a doctor")
WHY = "Taken ill at our clinic; what is booked?"


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        yield opened


async def look(
    door: Door, path: str, why: str | None = WHY, *, who: UUID = DOCTOR, **said: Any
) -> ClientResponse:
    """Look at something as a doctor of another clinic, with a reason if one is given."""
    claims = {"roles": ["practitioner"], "clinics": [str(an_id("another clinic"))]} | said
    headers = bearer(who, **claims) | ({} if why is None else {REASON_HEADER: why})
    return await door.client.get(f"/api/v1{path}", headers=headers)


async def seen(door: Door) -> list[Entry]:
    """What was written down of what a doctor saw for a reason."""
    entries = await noted(door.pool, door.access)
    return [entry for entry in entries if entry.reason not in (OWN, CARE)]


def broken(kind: str) -> float:
    """How often it was, of one kind of thing."""
    return metrics.REGISTRY.get_sample_value("booking_glass_broken_total", {"object": kind}) or 0.0


async def a_booking(door: Door) -> str:
    """What Alice has booked."""
    made = await (await door.book(await door.open_slot("Monday", 3))).json()
    return str(made["id"])


async def test_a_doctor_sees_a_stranger_s_booking_and_that_is_written_down(door: Door) -> None:
    booking_id = await a_booking(door)
    before = broken("booking")

    answer = await look(door, f"/bookings/{booking_id}")

    assert (answer.status, (await answer.json())["id"]) == (200, booking_id)
    [entry] = await seen(door)
    assert (entry.actor_id, entry.role, entry.reason) == (DOCTOR, "practitioner", WHY)
    assert (entry.operation, entry.about) == ("show_booking", UUID(booking_id))
    assert entry.persons == (ALICE,)
    assert broken("booking") == before + 1


@pytest.mark.parametrize("role", ["practitioner", "clinic_manager", "operator"])
async def test_the_day_of_another_clinic_is_seen_for_a_reason(door: Door, role: str) -> None:
    path = f"/clinics/{CLINIC}/bookings?date=2030-01-01"
    before = broken("day")

    with_reason = await look(door, path, roles=[role])
    without = await look(door, path, None, roles=[role])

    assert with_reason.status == 200
    assert await problem(without) == (403, "reason_needed")
    assert [(entry.role, entry.about) for entry in await seen(door)] == [(role, CLINIC)]
    assert broken("day") == before + 1


@pytest.mark.parametrize(
    "why",
    [
        None,
        "",
        "x" * (REASON_LENGTH_MIN - 1),
        " " * REASON_LENGTH_MIN,
        "x" * (REASON_LENGTH_MAX + 1),
        "%00" * REASON_LENGTH_MIN,
        "%FF" * REASON_LENGTH_MIN,
    ],
)
async def test_without_a_reason_nothing_is_seen_nor_whether_it_is_there(
    door: Door, why: str | None
) -> None:
    theirs = await look(door, f"/bookings/{await a_booking(door)}", why)
    missing = await look(door, f"/bookings/{uuid4()}", why)

    assert await problem(theirs) == (403, "reason_needed")
    assert await theirs.read() == await missing.read()
    assert await seen(door) == []


@pytest.mark.parametrize("why", ["x" * REASON_LENGTH_MIN, "%D0%B1" * REASON_LENGTH_MAX, "я" * 99])
async def test_a_reason_is_in_any_letters_from_ten_to_two_hundred(door: Door, why: str) -> None:
    answer = await look(door, f"/bookings/{await a_booking(door)}", why)

    assert answer.status == 200


async def test_what_is_seen_for_a_reason_has_to_be_there(door: Door) -> None:
    missing = await look(door, f"/bookings/{uuid4()}")
    malformed = await look(door, "/bookings/nothing")

    assert await problem(missing) == await problem(malformed) == (404, "not_found")
    assert await seen(door) == []


async def test_a_reason_opens_nothing_to_those_who_are_not_named(door: Door) -> None:
    path = f"/bookings/{await a_booking(door)}"

    answers = [
        await look(door, path, who=BORIS, roles=[role])
        for role in ("patient", "front_desk", "clinic_manager", "operator", "auditor")
    ]

    said = [await problem(answer) for answer in answers]
    assert said == [(404, "not_found")] * 4 + [(403, "forbidden")]
    assert await seen(door) == []


async def test_what_is_one_s_own_needs_no_reason_and_is_written_down_as_one_s_own(
    door: Door,
) -> None:
    path = f"/bookings/{await a_booking(door)}"
    day = f"/clinics/{CLINIC}/bookings?date=2030-01-01"

    booking = await look(door, path, who=ALICE)
    at_home = await look(door, day, clinics=[str(CLINIC)])

    assert (booking.status, at_home.status) == (200, 200)
    assert await seen(door) == []


async def test_what_is_asked_wrongly_is_not_seen_and_not_written_down(door: Door) -> None:
    answer = await look(door, f"/clinics/{CLINIC}/bookings?date=never")

    assert await problem(answer) == (422, "invalid_query")
    assert await seen(door) == []


async def test_nothing_is_changed_for_a_reason(door: Door) -> None:
    booking_id = await a_booking(door)
    headers = bearer(DOCTOR, roles=["practitioner"]) | {REASON_HEADER: WHY}

    answer = await door.client.post(
        f"/api/v1/bookings/{booking_id}/cancel",
        json={},
        headers=headers | {"Idempotency-Key": "one"},
    )

    assert await problem(answer) == (404, "not_found")
