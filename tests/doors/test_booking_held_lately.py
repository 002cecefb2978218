"""Who let a hold run out: what may they do at once, and what a little later?"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import BORIS

PAUSE = timedelta(seconds=120)


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        yield opened


async def hold(door: Door, slot_id: UUID, **more: Any) -> Any:
    return await door.ask("POST", "/holds", {"places": [{"slot_id": str(slot_id)}]}, **more)


async def runs_out(door: Door, hold_id: str, status: str = "expired") -> datetime:
    """Its time was over a minute ago: the referee has its place again."""
    booking = door.referee.inventory.bookings.pop(UUID(hold_id))
    for place in booking.places:
        door.referee.inventory.slots[place.slot_id].held -= 1
    door.referee.inventory.hands.clear()
    at: datetime = await door.pool.fetchval(
        """UPDATE booking SET status = $2, made_at = made_at - interval '10 min',
                  expires_at = clock_timestamp() - interval '1 min'
            WHERE id = $1 RETURNING expires_at""",
        UUID(hold_id),
        status,
    )
    return at


@pytest.mark.parametrize("status", ["expired", "held"])
async def test_who_let_it_run_out_holds_another_books_this_one_and_waits_to_hold_it(
    door: Door, status: str
) -> None:
    # Held, as it still is with the front desk until the referee has said that it is over.
    monday, tuesday = await door.open_slot("Monday", capacity=2), await door.open_slot("Tuesday")
    held = await (await hold(door, monday, key="one")).json()
    ended = await runs_out(door, held["id"], status)

    refused = await hold(door, monday)
    answers = [await hold(door, tuesday), await hold(door, monday, who=BORIS)]
    same_wish = await hold(door, monday, key="one")
    booked = await door.book(monday)

    body = await refused.json(content_type=None)
    assert await problem(refused) == (409, "held_lately")
    assert (body["slot_id"], "hold_id" in body) == (str(monday), False)
    assert datetime.fromisoformat(body["until"]) == ended + PAUSE
    assert [answer.status for answer in answers] == [201, 201]
    assert (await same_wish.json())["id"] == held["id"]
    assert booked.status == 201


async def test_after_the_pause_it_is_held_again_and_what_was_given_back_at_once(
    door: Door,
) -> None:
    monday = await door.open_slot("Monday")
    held = await (await hold(door, monday)).json()
    await door.ask("DELETE", f"/holds/{held['id']}", {})
    again = await hold(door, monday)
    await runs_out(door, (await again.json())["id"])
    await door.pool.execute("UPDATE booking SET expires_at = expires_at - interval '1 min'")

    later = await hold(door, monday)

    assert (again.status, later.status) == (201, 201)


async def test_what_is_held_for_a_while_is_named_and_renewed_but_not_held_twice(
    door: Door,
) -> None:
    monday = await door.open_slot("Monday", capacity=5)
    held = await (await hold(door, monday)).json()
    on_another_device = await hold(door, monday)
    await door.pool.execute("UPDATE booking SET made_at = made_at - interval '10 min'")

    refused = await hold(door, monday)
    renewed = await door.ask("POST", f"/holds/{held['id']}/renew", {"ttl_seconds": 900})
    booked = await door.book(monday, hold_id=held["id"])

    body = await refused.json(content_type=None)
    assert await problem(refused) == (409, "held_lately")
    assert body["hold_id"] == (await on_another_device.json())["id"]
    assert (on_another_device.status, renewed.status, booked.status) == (201, 200, 201)


async def test_without_a_pause_nobody_is_asked_to_make_one(
    booking_dsn: str, tmp_path: Path
) -> None:
    async with a_door(booking_dsn, tmp_path, hold_again_seconds=0) as door:
        monday = await door.open_slot("Monday")
        held = await (await hold(door, monday)).json()
        await runs_out(door, held["id"])

        assert (await hold(door, monday)).status == 201
