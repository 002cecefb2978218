"""What is held for whoever was refused, and who else may have it?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from shared.messages import Alternative, HoldPlaces, ReleaseHold
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, BORIS
from tests.stories import CLINIC, an_id

NEAR = ("Tuesday", "Wednesday", "Thursday")
AGAIN_SECONDS = 0.06
"""Longer than after which a refusal is one that was told before."""


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        yield opened


async def full_with_three_near(door: Door, capacity: int = 1) -> UUID:
    """A slot that Boris has, and three near it."""
    full = await door.open_slot("Monday")
    assert (await door.book(full, who=BORIS)).status == 201
    for name in NEAR:
        await door.open_slot(name, capacity=capacity)
    door.referee.near = tuple(near(name, capacity) for name in NEAR)
    return full


def near(name: str, free: int) -> Alternative:
    starts_at = datetime.now(UTC) + timedelta(days=1)
    return Alternative(
        slot_id=an_id(name), clinic_id=CLINIC, starts_at=starts_at, ends_at=starts_at, free=free
    )


async def offers_in(answer: Any) -> list[dict[str, Any]]:
    assert await problem(answer) == (409, "slot_full")
    return list((await answer.json())["alternatives"])


def held(door: Door) -> list[int]:
    return [door.referee.inventory.slots[an_id(name)].held for name in NEAR]


def asked_for(door: Door, kind: type) -> list[Any]:
    return [command for command, _ in door.referee.taken if isinstance(command, kind)]


async def test_whoever_is_refused_is_told_what_is_held_for_them(door: Door) -> None:
    full = await full_with_three_near(door)

    offers = await offers_in(await door.book(full))

    assert [offer["slot_id"] for offer in offers] == [str(an_id(name)) for name in NEAR]
    assert held(door) == [1, 1, 1]
    assert all(offer["hold_id"] and offer["free"] == 0 for offer in offers)
    left = datetime.fromisoformat(offers[0]["expires_at"]) - datetime.now(UTC)
    assert timedelta(seconds=55) < left <= timedelta(seconds=60)
    assert {home for _, home in door.referee.taken[-3:]} == {door.referee.taken[-4][1]}


async def test_what_is_held_is_booked_with_its_hold_and_the_others_are_free_at_once(
    door: Door,
) -> None:
    offers = await offers_in(await door.book(await full_with_three_near(door)))

    booked = await door.book(an_id("Wednesday"), hold_id=offers[1]["hold_id"], key="one")
    again = await door.book(an_id("Wednesday"), hold_id=offers[1]["hold_id"], key="one")

    assert (booked.status, again.status) == (201, 201)
    assert held(door) == [0, 0, 0]
    assert (await door.book(an_id("Tuesday"), who=BORIS)).status == 201
    gone = await (await door.ask("GET", f"/holds/{offers[0]['hold_id']}")).json()
    assert gone["status"] == "released"


async def test_asked_again_it_is_the_same_answer_and_nothing_is_held_twice(door: Door) -> None:
    full = await full_with_three_near(door, capacity=9)
    first = await offers_in(await door.book(full, key="one"))
    await asyncio.sleep(AGAIN_SECONDS)
    door.referee.near = (near("Thursday", 8), near("Tuesday", 8))

    again = await offers_in(await door.book(full, key="one"))

    def told(offers: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
        return {(o["slot_id"], o["hold_id"], o["expires_at"]) for o in offers}

    assert told(again) == told(first)
    assert held(door) == [1, 1, 1]


async def test_asked_twice_at_once_it_is_held_once(door: Door) -> None:
    full = await full_with_three_near(door, capacity=9)

    await asyncio.gather(*(door.book(full, key="one") for _ in range(5)))

    assert held(door) == [1, 1, 1]


async def test_what_was_not_taken_is_named_again_and_not_held(door: Door) -> None:
    full = await full_with_three_near(door)
    offers = await offers_in(await door.book(full, key="one"))
    for offer in offers:
        await door.ask("DELETE", f"/holds/{offer['hold_id']}", {})
    await asyncio.sleep(AGAIN_SECONDS)

    again = await offers_in(await door.book(full, key="one"))

    assert [offer["hold_id"] for offer in again] == [None, None, None]
    assert held(door) == [0, 0, 0]


async def test_what_somebody_else_took_meanwhile_comes_unheld(door: Door) -> None:
    full = await full_with_three_near(door)
    await door.book(an_id("Wednesday"), who=BORIS)

    offers = await offers_in(await door.book(full))

    assert [offer["hold_id"] is not None for offer in offers] == [True, False, True]


async def test_a_family_s_places_are_held_together(door: Door) -> None:
    full = await full_with_three_near(door, capacity=2)
    monday = {"slot_id": str(full)}

    offers = await offers_in(await door.ask("POST", "/holds", {"places": [monday, monday]}))

    assert held(door) == [2, 2, 2]
    hold = await (await door.ask("GET", f"/holds/{offers[0]['hold_id']}")).json()
    assert [place["slot_id"] for place in hold["places"]] == [str(an_id("Tuesday"))] * 2


async def test_another_s_offer_is_another_s(door: Door) -> None:
    offers = await offers_in(await door.book(await full_with_three_near(door)))

    stolen = await door.book(an_id("Tuesday"), hold_id=offers[0]["hold_id"], who=BORIS)

    assert await problem(stolen) == (404, "not_found")


async def test_a_move_is_told_what_is_near_and_nothing_is_held(door: Door) -> None:
    full = await full_with_three_near(door)
    booking = (await (await door.book(await door.open_slot("Sunday"))).json())["id"]

    places = {"places": [{"slot_id": str(full)}]}
    offers = await offers_in(await door.ask("POST", f"/bookings/{booking}/reschedule", places))

    assert [offer["hold_id"] for offer in offers] == [None] * 3
    assert held(door) == [0, 0, 0]


async def test_a_refusal_with_nothing_near_asks_the_referee_for_nothing_more(door: Door) -> None:
    full = await full_with_three_near(door)
    door.referee.near = ()
    before = len(door.referee.taken)

    assert await offers_in(await door.book(full)) == []

    assert len(door.referee.taken) == before + 1


async def test_while_a_crowd_waits_nothing_is_held(booking_dsn: str, tmp_path: Path) -> None:
    async with a_door(booking_dsn, tmp_path, offer_crowd_seats=1) as door:
        full = await full_with_three_near(door)
        quiet = await offers_in(await door.book(full))
        door.referee.silent = True
        waiting = [asyncio.create_task(door.book(full, who=an_id(f"{n}"))) for n in range(2)]
        await asyncio.sleep(0.1)
        door.referee.silent = False

        offers = await offers_in(await door.book(full, who=BORIS))

        await asyncio.gather(*waiting)
    assert all(offer["hold_id"] for offer in quiet)
    assert [offer["hold_id"] for offer in offers] == [None] * 3


async def test_only_so_many_a_second_have_something_held(booking_dsn: str, tmp_path: Path) -> None:
    async with a_door(booking_dsn, tmp_path, offers_per_second_max=0) as door:
        offers = await offers_in(await door.book(await full_with_three_near(door)))

    assert [offer["hold_id"] for offer in offers] == [None] * 3
    assert asked_for(door, HoldPlaces) == []


async def test_where_no_answer_comes_the_refusal_is_told_in_time(door: Door) -> None:
    full = await full_with_three_near(door)
    post = door.referee.post

    def answering_bookings_alone(command: Any, *rest: Any) -> None:
        door.referee.silent = isinstance(command, HoldPlaces)
        post(command, *rest)

    door.referee.post = answering_bookings_alone  # type: ignore[method-assign]

    offers = await offers_in(await door.book(full))

    assert [offer["hold_id"] for offer in offers] == [None] * 3
    assert await door.pool.fetchval("SELECT count(*) FROM pending_command") == 0
    for command in asked_for(door, HoldPlaces):
        assert command.deadline < datetime.now(UTC) + timedelta(seconds=0.1)


async def test_where_letting_go_fails_the_booking_is_made_all_the_same(door: Door) -> None:
    offers = await offers_in(await door.book(await full_with_three_near(door)))
    post = door.referee.post

    def keeping_what_is_let_go(command: Any, *rest: Any) -> None:
        door.referee.silent = isinstance(command, ReleaseHold)
        post(command, *rest)

    door.referee.post = keeping_what_is_let_go  # type: ignore[method-assign]

    booked = await door.book(an_id("Tuesday"), hold_id=offers[0]["hold_id"])

    assert (booked.status, (await booked.json())["places"][0]["patient_id"]) == (201, str(ALICE))
    assert held(door) == [0, 1, 1]


async def test_whoever_holds_enough_is_told_what_is_near_and_has_no_more_held(door: Door) -> None:
    full = await full_with_three_near(door, capacity=9)
    sunday = {"places": [{"slot_id": str(await door.open_slot("Sunday", capacity=9))}]}
    for _ in range(2):
        await door.ask("POST", "/holds", sunday)

    offers = await offers_in(await door.book(full))

    assert [offer["hold_id"] is not None for offer in offers] == [True, False, False]
    assert await problem(await door.ask("POST", "/holds", sunday)) == (409, "too_many_held")
