"""Does a family come and go as one, and can one of them stay at home?"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, BORIS

NINE = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
QUARTER = timedelta(minutes=15)


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        yield opened


async def a_child(door: Door, **who: Any) -> UUID:
    """A dependant of whoever asks."""
    made = await door.ask("POST", "/me/dependants", {}, **who)
    assert made.status == 201, await made.text()
    return UUID((await made.json())["id"])


async def a_morning(door: Door, name: str = "morning", *capacities: int) -> list[UUID]:
    """Slots of a quarter of an hour, one after the other."""
    return [
        await door.open_slot(f"{name} {n}", seats, starts_at=NINE + n * QUARTER)
        for n, seats in enumerate(capacities or (2, 1))
    ]


def for_each(people: list[UUID], seats: list[UUID]) -> dict[str, Any]:
    """A seat for each of them, as a body says it."""
    return {
        "places": [
            {"slot_id": str(slot), "patient_id": str(one)}
            for one, slot in zip(people, seats, strict=True)
        ]
    }


def who_is_in(body: dict[str, Any]) -> list[UUID]:
    return [UUID(place["patient_id"]) for place in body["places"]]


async def test_a_family_is_booked_at_adjacent_times_moved_and_cancelled_as_one(door: Door) -> None:
    family = [ALICE, await a_child(door), await a_child(door)]
    first, second = await a_morning(door)
    third, fourth = await a_morning(door, "later")

    made = await (
        await door.ask("POST", "/bookings", for_each(family, [first, first, second]))
    ).json()
    path = f"/bookings/{made['id']}"
    moved = await door.ask("POST", f"{path}/reschedule", for_each(family, [third, third, fourth]))
    cancelled = await door.ask("POST", f"{path}/cancel", {})

    assert (made["status"], who_is_in(made)) == ("booked", family)
    assert (moved.status, who_is_in(await moved.json())) == (200, family)
    assert (await cancelled.json())["status"] == "cancelled"
    assert {slot.booked for slot in door.referee.inventory.slots.values()} == {0}


async def test_where_one_seat_is_missing_nobody_of_the_family_has_one(door: Door) -> None:
    family = [ALICE, await a_child(door), await a_child(door)]
    first, second = await a_morning(door)
    await door.book(second, who=BORIS)

    refused = await door.ask("POST", "/bookings", for_each(family, [first, first, second]))

    assert await problem(refused) == (409, "slot_full")
    assert door.referee.inventory.slots[first].booked == 0


async def test_one_of_a_family_stays_at_home_and_the_others_keep_their_seats(door: Door) -> None:
    family = [ALICE, await a_child(door), await a_child(door)]
    first, second = await a_morning(door)
    made = await (
        await door.ask("POST", "/bookings", for_each(family, [first, first, second]))
    ).json()

    fewer = for_each([family[0], family[2]], [first, second])
    left = await door.ask("POST", f"/bookings/{made['id']}/reschedule", fewer)
    other = await door.book(first, who=BORIS)
    again = await door.ask("POST", "/bookings", for_each([family[1]], [first]))

    assert (left.status, who_is_in(await left.json())) == (200, [family[0], family[2]])
    # The seat is somebody else's to have at once, and so is the claim of who stayed at home.
    assert (other.status, await problem(again)) == (201, (409, "slot_full"))


async def test_a_move_of_the_family_that_is_refused_leaves_everybody_where_they_are(
    door: Door,
) -> None:
    family = [ALICE, await a_child(door)]
    [first] = await a_morning(door, "morning", 2)
    [narrow] = await a_morning(door, "narrow", 1)
    made = await (await door.ask("POST", "/bookings", for_each(family, [first, first]))).json()

    path = f"/bookings/{made['id']}"
    refused = await door.ask("POST", f"{path}/reschedule", for_each(family, [narrow, narrow]))

    assert await problem(refused) == (409, "slot_full")
    now = await (await door.ask("GET", path)).json()
    assert [place["slot_id"] for place in now["places"]] == [str(first)] * 2
