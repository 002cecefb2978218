"""Is a booking that is asked for after an adult took it back ever made?"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from services.booking.families import Families
from tests.booking_doors import Door, a_door
from tests.booking_stories import ALICE, BORIS
from tests.stories import an_id

SLOTS = [an_id(f"slot {n}") for n in range(12)]
AGREED, NOT_AGREED = {"given": True, "version": 1}, {"given": False}


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        for slot in SLOTS:
            await opened.open_slot(slot, capacity=9)
        about = {"name": "Patient 5", "birth_date": "1950-01-02"}
        await opened.ask("PUT", "/me", about, who=BORIS)
        asked = {"kind": "adult", "person_id": str(BORIS)}
        assert (await opened.ask("POST", "/me/dependants", asked)).status == 201
        assert await _say(opened, AGREED) == 200
        yield opened


async def _say(door: Door, answer: dict[str, object]) -> int:
    listed = await (await door.ask("GET", "/me/proxies", who=BORIS)).json()
    path = f"/me/proxies/{listed['proxies'][0]['id']}"
    return (await door.ask("PUT", path, answer, who=BORIS)).status


async def _booked_after_it_was_taken_back(door: Door) -> tuple[list[int], list[int]]:
    """What was answered to whom who asked before the withdrawal was answered, and who after it."""
    loop = asyncio.get_running_loop()
    asked: list[tuple[float, int]] = []

    async def book(slot: UUID) -> None:
        began = loop.time()
        places = [{"slot_id": str(slot), "patient_id": str(BORIS)}]
        asked.append((began, (await door.ask("POST", "/bookings", {"places": places})).status))

    early = [asyncio.create_task(book(slot)) for slot in SLOTS[:4]]
    assert await _say(door, NOT_AGREED) == 200
    answered = loop.time()
    await asyncio.gather(*early, *(book(slot) for slot in SLOTS[4:]))
    before = [status for began, status in asked if began < answered]
    return before, [status for began, status in asked if began >= answered]


async def test_once_it_is_taken_back_nobody_books_for_an_adult(door: Door) -> None:
    before, after = await _booked_after_it_was_taken_back(door)

    # Who asked before may have been early enough, or not; who asked afterwards was not.
    assert set(before) <= {201, 404}
    assert after == [404] * 8
    assert sum(slot.booked for slot in door.referee.inventory.slots.values()) == before.count(201)


async def test_remembered_for_a_moment_it_would_be_booked_against_the_adult_s_word(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Families.adults
    remembered: dict[UUID, set[UUID]] = {}

    async def as_it_was(families: Families, actor_id: UUID, persons: list[UUID]) -> set[UUID]:
        if actor_id not in remembered:
            remembered[actor_id] = await asked(families, actor_id, persons)
        return remembered[actor_id]

    monkeypatch.setattr(Families, "adults", as_it_was)
    places = [{"slot_id": str(SLOTS[-1]), "patient_id": str(BORIS)}]
    assert (await door.ask("POST", "/bookings", {"places": places}, who=ALICE)).status == 201

    _, after = await _booked_after_it_was_taken_back(door)

    assert 201 in after
