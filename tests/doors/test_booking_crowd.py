"""Who is let to the front desk in a crowd, who is to come again, and is it over afterwards?"""

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from services.booking.api import crowd
from services.booking.api.crowd import CrowdGate
from services.booking.api.desk import DESK
from services.booking.rules import shedding
from shared.policy import POLICY
from tests.booking_doors import Door, a_door, bearer, problem
from tests.booking_stories import BORIS

SEATS = 20
FULL = 18
HALF = 10
LONG = {"patience_seconds": 2.0}
FEW_AT_ONCE = {"person_wishes_at_once_max": 3, "person_wishes_per_second_max": 0.5}


@pytest.fixture
def only_seats_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long people wait: so few seats are full long before a crowd is one."""
    monkeypatch.setattr(shedding, "BUSY_SHARE", 2.0)


async def _crowd(door: Door, slot_id: UUID, count: int) -> list[asyncio.Task[Any]]:
    """So many who have asked and wait, since the referee says nothing."""
    door.referee.silent = True
    before = len(door.referee.taken)
    waiting = [asyncio.create_task(door.book(slot_id, who=uuid4())) for _ in range(count)]
    async with asyncio.timeout(5):
        while len(door.referee.taken) < before + count:  # noqa: ASYNC110 - the log tells nobody
            await asyncio.sleep(0.01)
    return waiting


async def _answer(door: Door, waiting: list[asyncio.Task[Any]]) -> list[int]:
    door.referee.silent = False
    for command, partition in list(door.referee.taken):
        door.referee.say(door.referee.decided(command, partition))
    return [answer.status for answer in await asyncio.gather(*waiting)]


@pytest.mark.usefixtures("only_seats_count")
async def test_when_seats_run_out_looks_go_first_then_wishes_and_who_gives_back_is_let_in(
    booking_dsn: str, tmp_path: Path
) -> None:
    async with a_door(booking_dsn, tmp_path, seats_max=SEATS, **LONG) as door:
        slot_id = await door.open_slot("wanted", 100)
        booked = await (await door.book(slot_id)).json()
        half = await _crowd(door, slot_id, HALF)
        look = await door.ask("GET", "/bookings")
        full = await _crowd(door, slot_id, FULL - HALF)
        wish, hold = await door.book(slot_id), await door.ask("POST", "/holds", _places(slot_id))
        cancels = asyncio.create_task(door.ask("POST", f"/bookings/{booked['id']}/cancel", {}))
        await asyncio.sleep(0.1)
        statuses = await _answer(door, [*half, *full, cancels])
        said = [await problem(each) for each in (look, wish, hold)]
        again = [await door.ask("GET", "/bookings"), await door.book(slot_id)]

    assert said == [(503, "unavailable")] * 3
    assert {each.headers["Retry-After"] for each in (look, wish, hold)} == {"1"}
    assert statuses == [201] * FULL + [200]
    assert [each.status for each in again] == [200, 201]


@pytest.mark.usefixtures("only_seats_count")
async def test_who_confirms_a_hold_and_says_so_is_let_in_where_wishes_are_not(
    booking_dsn: str, tmp_path: Path
) -> None:
    async with a_door(booking_dsn, tmp_path, seats_max=SEATS, **LONG) as door:
        slot_id = await door.open_slot("wanted", 100)
        hold = (await (await door.ask("POST", "/holds", _places(slot_id))).json())["id"]
        waiting = await _crowd(door, slot_id, FULL)
        wish = _places(slot_id) | {"hold_id": hold}
        silent = await door.ask("POST", "/bookings", wish)
        said = asyncio.create_task(_confirm(door, wish, hold))
        other = await _confirm(door, wish, str(uuid4()))
        none = await _confirm(door, _places(slot_id), hold)
        statuses = await _answer(door, [*waiting, said])
        told = [await problem(each) for each in (silent, other, none)]

    assert told == [(503, "unavailable"), (422, "hold_mismatch"), (422, "hold_mismatch")]
    assert statuses[-1] == 201


async def test_where_those_before_one_take_too_long_one_is_to_come_again_and_later_is_let_in(
    booking_dsn: str, tmp_path: Path
) -> None:
    async with a_door(booking_dsn, tmp_path, seats_max=100, **LONG) as door:
        slot_id = await door.open_slot("wanted", 100)
        # Nobody is answered: as soon as that is seen, whoever comes would wait for ever.
        waiting = await _crowd(door, slot_id, 5)
        for _ in range(8):
            await asyncio.sleep(0.1)
            wish = await door.ask("GET", "/bookings")
        statuses = await _answer(door, waiting)
        later = await door.book(slot_id, who=uuid4())
        told = await problem(wish)

    assert told == (503, "unavailable")
    assert (statuses, later.status) == ([201] * 5, 201)


async def test_a_desk_that_is_late_sees_it_and_asks_all_to_come_again_but_who_gives_back(
    booking_dsn: str, tmp_path: Path
) -> None:
    async with a_door(booking_dsn, tmp_path) as door:
        slot_id = await door.open_slot("wanted", 100)
        booked = await (await door.book(slot_id)).json()
        desk = door.client.app[DESK].crowd
        seeing = asyncio.create_task(desk.run())
        await asyncio.sleep(0)
        # All stand still, as when one thread has too much to do.
        time.sleep(0.3)  # noqa: ASYNC251
        await asyncio.sleep(0.01)
        seen = desk.late_seconds
        seeing.cancel()
        desk.late_seconds = 1.1
        said = [await problem(await door.ask("GET", "/bookings"))]
        said += [await problem(await door.book(slot_id, who=BORIS))]
        cancelled = await door.ask("POST", f"/bookings/{booked['id']}/cancel", {})
        desk.late_seconds = 0.1
        later = await door.book(slot_id, who=BORIS)

    assert 0.2 < seen < 1.0
    assert said == [(503, "unavailable")] * 2
    assert (cancelled.status, later.status) == (200, 201)


async def test_one_person_s_too_many_wait_and_neither_others_nor_their_looks_do(
    booking_dsn: str, tmp_path: Path
) -> None:
    async with a_door(booking_dsn, tmp_path, **FEW_AT_ONCE) as door:
        mine = [await door.book(await door.open_slot(f"{nth}", 9)) for nth in range(5)]
        slot_id = await door.open_slot("wanted", 100)
        hold = await door.ask("POST", "/holds", _places(slot_id))
        look, other = await door.ask("GET", "/bookings"), await door.book(slot_id, who=BORIS)
        staff = await door.book(slot_id, roles=["patient", "operator"])
        told = await problem(hold)

    assert [each.status for each in mine] == [201] * 3 + [429] * 2
    assert told == (429, "too_many_wishes")
    assert hold.headers["Retry-After"] == "2"
    assert [each.status for each in (look, other, staff)] == [200, 201, 201]


async def test_asking_in_vain_again_and_again_makes_nobody_wait_longer(
    booking_dsn: str, tmp_path: Path
) -> None:
    often = FEW_AT_ONCE | {"person_wishes_at_once_max": 1, "person_wishes_per_second_max": 2.0}
    async with a_door(booking_dsn, tmp_path, **often) as door:
        slot_id = await door.open_slot("wanted", 100)
        assert (await door.book(slot_id)).status == 201
        began = asyncio.get_running_loop().time()
        refused = 0
        while (await door.book(slot_id)).status == 429:
            refused += 1
        waited = asyncio.get_running_loop().time() - began

    assert refused > 3
    assert 0.3 < waited < 1.5


async def test_only_so_many_people_are_remembered(
    booking_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "PEOPLE_MAX", 2)
    one = FEW_AT_ONCE | {"person_wishes_at_once_max": 1}
    async with a_door(booking_dsn, tmp_path, **one) as door:
        slot_id = await door.open_slot("wanted", 100)
        for _ in range(3):
            assert (await door.book(slot_id, who=uuid4())).status == 201
        assert (await door.book(slot_id)).status == 201
        second = await door.book(slot_id)

    assert second.status == 429


@pytest.mark.parametrize(("route", "kind"), [("POST /bookings", "finish"), ("POST /holds", "wish")])
async def test_only_what_can_confirm_a_hold_is_let_in_as_if_it_did(route: str, kind: str) -> None:
    kinds: list[str] = []
    asked = SimpleNamespace(need_room=kinds.append)
    open_gate = SimpleNamespace(guarded=lambda _rule, handler: handler)

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response()

    guarded = CrowdGate(open_gate, asked).guarded(POLICY[route], handler)
    await guarded(make_mocked_request("POST", "/", headers={"Talon-Hold": str(uuid4())}))
    await guarded(make_mocked_request("POST", "/"))

    assert kinds == [kind, "wish"]


def _places(slot_id: UUID) -> dict[str, Any]:
    return {"places": [{"slot_id": str(slot_id)}]}


async def _confirm(door: Door, wish: dict[str, Any], hold: str) -> Any:
    """As a page does, which says at the door already what it confirms."""
    headers = {"Talon-Hold": hold, "Idempotency-Key": str(uuid4())}
    return await door.client.post("/api/v1/bookings", json=wish, headers=headers | bearer())
