"""What does a patient get when the referee is silent, or the log or the database is away?"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.booking_doors import PATIENCE_SECONDS, Door, a_door, problem
from tests.booking_stories import BORIS, refused

ANSWER_SECONDS_MAX = 2.5


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        yield opened


@asynccontextmanager
async def no_database(dsn: str) -> AsyncIterator[None]:
    """Nobody can read or write a booking while the block runs."""
    connection = await asyncpg.connect(dsn)
    async with connection.transaction():
        await connection.execute("LOCK TABLE booking IN ACCESS EXCLUSIVE MODE")
        yield
    await connection.close()


async def seen(door: Door, booking_id: str) -> dict[str, Any]:
    answer = await door.ask("GET", f"/bookings/{booking_id}")
    assert answer.status == 200
    body: dict[str, Any] = await answer.json()
    return body


async def test_a_wish_without_an_answer_is_pending_and_ends_booked_when_it_comes(
    door: Door,
) -> None:
    slot = await door.open_slot("Monday")
    door.referee.silent = True

    accepted = await door.book(slot)
    body = await accepted.json()
    pending = await seen(door, body["id"])
    await door.referee.say(door.referee.decided(*door.referee.taken[0]))
    after = await seen(door, body["id"])

    assert (accepted.status, body["status"], pending["status"]) == (202, "pending", "pending")
    assert after["status"] == "booked"
    assert accepted.headers["Location"] == f"/api/v1/bookings/{body['id']}"


@pytest.mark.parametrize(("reason", "status"), [("full", "refused"), ("expired", "expired")])
async def test_a_pending_wish_ends_refused_or_expired_when_that_is_the_answer(
    door: Door, reason: str, status: str
) -> None:
    door.referee.silent = True
    body = await (await door.book(await door.open_slot("Monday"))).json()

    await door.referee.say(refused(UUID(body["id"]), reason))

    after = await seen(door, body["id"])
    assert (after["status"], after["reason"]) == (status, reason)


async def test_a_pending_wish_asked_again_gets_its_answer(door: Door) -> None:
    slot = await door.open_slot("Monday")
    door.referee.silent = True
    await door.book(slot, key="one")
    door.referee.silent = False

    again = await door.book(slot, key="one")

    assert again.status == 201
    assert door.referee.inventory.slots[slot].booked == 1


async def test_a_wish_that_had_run_out_before_it_is_asked_again_is_decided_anew(
    door: Door,
) -> None:
    slot = await door.open_slot("Monday")
    door.referee.silent = True
    ran_out = (await (await door.book(slot, key="one")).json())["id"]
    await door.referee.say(door.referee.ran_out(UUID(ran_out)))
    door.referee.silent = False

    again = await door.book(slot, key="one")
    once_more = await door.book(slot, key="one")

    booked = (await again.json())["id"]
    assert (again.status, once_more.status) == (201, 201)
    assert (await once_more.json())["id"] == booked != ran_out
    assert (await seen(door, ran_out))["status"] == "expired"
    assert door.referee.inventory.slots[slot].booked == 1


async def test_a_wish_that_runs_out_while_it_is_waited_for_has_run_out(door: Door) -> None:
    slot = await door.open_slot("Monday")
    door.referee.silent = True
    booking_id = (await (await door.book(slot, key="one")).json())["id"]

    asking = asyncio.create_task(door.book(slot, key="one"))
    await asyncio.sleep(PATIENCE_SECONDS / 4)
    door.referee.say(door.referee.ran_out(UUID(booking_id)))

    assert await problem(await asking) == (409, "expired")
    assert door.referee.inventory.slots[slot].booked == 0


async def test_a_pending_booking_cannot_be_changed_yet(door: Door) -> None:
    slot = await door.open_slot("Monday")
    door.referee.silent = True
    booking_id = (await (await door.book(slot)).json())["id"]

    cancel = await door.ask("POST", f"/bookings/{booking_id}/cancel", {})
    move = await door.ask(
        "POST", f"/bookings/{booking_id}/reschedule", {"places": [{"slot_id": str(slot)}]}
    )

    assert await problem(cancel) == await problem(move) == (409, "booking_pending")


async def test_a_change_without_an_answer_is_accepted_and_asked_until_it_has_one(
    door: Door,
) -> None:
    booking_id = (await (await door.book(await door.open_slot("Monday"))).json())["id"]
    door.referee.silent = True

    accepted = await door.ask("POST", f"/bookings/{booking_id}/cancel", {})
    waits = await door.pool.fetchval("SELECT count(*) FROM pending_command")
    await door.referee.say(door.referee.decided(*door.referee.taken[-1]))
    after = await seen(door, booking_id)

    assert (accepted.status, (await accepted.json())["status"]) == (202, "booked")
    assert (waits, after["status"]) == (1, "cancelled")
    assert await door.pool.fetchval("SELECT count(*) FROM pending_command") == 0


async def test_a_hold_without_an_answer_is_pending_and_cannot_be_confirmed_yet(
    door: Door,
) -> None:
    slot = await door.open_slot("Monday")
    door.referee.silent = True

    accepted = await door.ask("POST", "/holds", {"places": [{"slot_id": str(slot)}]})
    hold = await accepted.json()
    confirm = await door.book(slot, hold_id=hold["id"])

    assert (accepted.status, hold["status"]) == (202, "pending")
    assert accepted.headers["Location"] == f"/api/v1/holds/{hold['id']}"
    assert await problem(confirm) == (409, "hold_pending")


async def test_a_hold_being_confirmed_is_a_pending_booking(door: Door) -> None:
    slot = await door.open_slot("Monday")
    held = await door.ask("POST", "/holds", {"places": [{"slot_id": str(slot)}]})
    hold_id = (await held.json())["id"]
    door.referee.silent = True

    accepted = await door.book(slot, hold_id=hold_id)
    pending = await seen(door, hold_id)
    await door.referee.say(door.referee.decided(*door.referee.taken[-1]))
    after = await seen(door, hold_id)

    assert (accepted.status, pending["status"]) == (202, "pending")
    assert after["status"] == "booked"


async def test_while_the_log_is_away_nobody_is_let_in_and_nothing_is_left_behind(
    door: Door,
) -> None:
    slot = await door.open_slot("Monday")
    before = await door.everything()
    door.referee.away = True

    answer = await door.book(slot)

    assert await problem(answer) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert await door.everything() == before


async def test_when_all_seats_are_taken_the_next_one_is_asked_to_come_again(
    booking_dsn: str, tmp_path: Path
) -> None:
    async with a_door(booking_dsn, tmp_path, seats_max=1) as door:
        slot = await door.open_slot("Monday", capacity=2)
        door.referee.silent = True

        answers = await asyncio.gather(door.book(slot), door.book(slot, who=BORIS))

        assert sorted(answer.status for answer in answers) == [202, 503]


@pytest.mark.parametrize("silent", [True, False])
async def test_an_answer_that_cannot_be_written_down_is_unknown_in_time_and_one_in_the_end(
    door: Door, booking_dsn: str, silent: bool
) -> None:
    slot = await door.open_slot("Monday")
    door.referee.silent = silent

    began = time.monotonic()
    async with no_database(booking_dsn):
        unknown = await door.book(slot, key="one")
    seconds = time.monotonic() - began
    door.referee.silent = False
    again = await door.book(slot, key="one")

    assert await problem(unknown) == (504, "outcome_unknown")
    assert seconds < ANSWER_SECONDS_MAX
    assert again.status == 201
    assert door.referee.inventory.slots[slot].booked == 1


async def test_a_refusal_needs_no_database(door: Door, booking_dsn: str) -> None:
    slot = await door.open_slot("Monday")
    await door.book(slot, who=BORIS)

    async with no_database(booking_dsn):
        refused_all_the_same = await door.book(slot)

    assert await problem(refused_all_the_same) == (409, "slot_full")


async def test_a_database_that_is_away_before_anything_is_handed_over_is_no_unknown_outcome(
    door: Door, booking_dsn: str
) -> None:
    booking_id = (await (await door.book(await door.open_slot("Monday"))).json())["id"]
    taken = len(door.referee.taken)

    async with no_database(booking_dsn):
        answer = await door.ask("POST", f"/bookings/{booking_id}/cancel", {})

    assert await problem(answer) == (503, "unavailable")
    assert len(door.referee.taken) == taken
