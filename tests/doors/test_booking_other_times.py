"""Who was reminded and cannot come then: do they take another time by the link, and no more?"""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientResponse

from services.booking.api.desk import DESK
from shared.links.rules import Keys, Link, token_of
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, BORIS
from tests.doors.test_booking_day import NOON
from tests.stories import an_id

KEYS = Keys(signs=1, secrets={1: bytes(32)})


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    """A front desk that knows the messenger's keys."""
    async with a_door(booking_dsn, tmp_path) as door:
        door.client.app[DESK].link_keys = KEYS
        yield door


async def a_slot(door: Door, hours: int = 0, capacity: int = 5, **about: Any) -> UUID:
    starts_at = NOON + timedelta(hours=hours)
    return await door.open_slot(uuid4(), capacity, starts_at=starts_at, **about)


async def booked(door: Door, *slots: UUID, who: UUID = ALICE) -> dict[str, Any]:
    """Alice has a visit tomorrow at noon, or several."""
    body = {"places": [{"slot_id": str(slot)} for slot in slots]}
    answer = await door.ask("POST", "/bookings", body, who=who)
    assert answer.status == 201, await answer.text()
    made: dict[str, Any] = await answer.json()
    return made


def a_token(booking: dict[str, Any], **about: Any) -> str:
    """What Alice was sent when she was reminded of noon."""
    said: dict[str, Any] = {"purpose": "move_visit", "person_id": ALICE, "until": NOON}
    return token_of(Link(**said | {"object_id": UUID(booking["id"])} | about), KEYS)


async def looks(door: Door, token: str) -> ClientResponse:
    return await door.client.get(f"/api/v1/links/{token}/time")


async def takes(door: Door, token: str, slot: UUID, key: str | None = None) -> ClientResponse:
    headers = {"Idempotency-Key": key or str(uuid4())}
    path = f"/api/v1/links/{token}/time"
    return await door.client.post(path, json={"slot_id": str(slot)}, headers=headers)


async def slots_of(door: Door, booking: dict[str, Any]) -> list[str]:
    """Where Alice sees that she is expected."""
    said = await (await door.ask("GET", f"/bookings/{booking['id']}")).json()
    return [place["slot_id"] for place in said["places"]]


async def test_another_time_is_taken_and_the_first_is_free_at_once(door: Door) -> None:
    noon, later = await a_slot(door, capacity=1), await a_slot(door, 2)
    made = await booked(door, noon)
    token = a_token(made)

    looked = await (await looks(door, token)).json()
    taken = await takes(door, token, later)

    said = await taken.json()
    assert (looked["service"], len(looked["visits"])) == ("vaccination", 1)
    assert str(ALICE) not in await taken.text()
    assert (taken.status, said["status"]) == (200, "moved")
    assert said["visits"][0]["starts_at"] > looked["visits"][0]["starts_at"]
    assert await slots_of(door, made) == [str(later)]
    assert (await door.book(noon, who=BORIS)).status == 201


async def test_only_the_visit_that_was_reminded_of_moves(door: Door) -> None:
    noon, week, later = await a_slot(door), await a_slot(door, 24 * 21), await a_slot(door, 1)
    body = {"places": [{"slot_id": str(noon), "dose": 1}, {"slot_id": str(week), "dose": 2}]}
    made = await (await door.ask("POST", "/bookings", body)).json()

    taken = await takes(door, a_token(made), later)

    assert taken.status == 200, await taken.text()
    assert sorted(await slots_of(door, made)) == sorted([str(later), str(week)])


async def test_the_same_request_again_gets_the_same_answer_and_the_link_is_gone(door: Door) -> None:
    made = await booked(door, await a_slot(door))
    later, third = await a_slot(door, 1), await a_slot(door, 2)
    token = a_token(made)

    first = await takes(door, token, later, key="one")
    again = await takes(door, token, later, key="one")
    other = await takes(door, token, third)

    assert (first.status, again.status) == (200, 200)
    assert await first.json() == await again.json()
    assert await problem(other) == await problem(await looks(door, token)) == (404, "link_gone")
    assert await slots_of(door, made) == [str(later)]


async def test_refused_the_visit_stays_and_the_link_is_good_for_another_try(door: Door) -> None:
    made = await booked(door, noon := await a_slot(door))
    full = await a_slot(door, 1, capacity=1)
    await door.book(full, who=BORIS)
    token = a_token(made)

    refused = await takes(door, token, full)

    assert await problem(refused) == (409, "slot_full")
    assert await slots_of(door, made) == [str(noon)]
    assert (await takes(door, token, await a_slot(door, 2))).status == 200


async def test_it_is_the_same_service_at_the_same_clinic(door: Door) -> None:
    made = await booked(door, await a_slot(door))
    other = await a_slot(door, 1, service="clinic-visit")
    token = a_token(made)

    said = [await problem(await takes(door, token, slot)) for slot in (other, uuid4())]

    assert said == [(409, "slot_unknown")] * 2 or said == [(404, "slot_unknown")] * 2


async def test_whatever_is_wrong_with_the_link_it_is_gone_in_the_same_words(door: Door) -> None:
    made = await booked(door, await a_slot(door))
    later = await a_slot(door, 1)
    wrong = [
        a_token(made, until=NOON + timedelta(hours=3)),
        a_token(made, person_id=BORIS),
        a_token({"id": str(an_id("nothing"))}),
        a_token(made, purpose="confirm_visit"),
        a_token(made, purpose="cancel_booking"),
        "time",
    ]

    said = {await (await takes(door, token, later)).text() for token in wrong}
    said |= {await (await looks(door, token)).text() for token in wrong}
    await door.ask("POST", f"/bookings/{made['id']}/cancel", {})
    said.add(await (await takes(door, a_token(made), later)).text())

    assert len(said) == 1
    assert "link_gone" in said.pop()


async def test_of_several_at_one_time_none_is_moved_by_a_link(door: Door) -> None:
    noon, later = await a_slot(door), await a_slot(door, 1)
    child = await (await door.ask("POST", "/me/dependants", {})).json()
    places = [{"slot_id": str(noon)}, {"slot_id": str(noon), "patient_id": child["id"]}]
    made = await (await door.ask("POST", "/bookings", {"places": places})).json()

    assert await problem(await takes(door, a_token(made), later)) == (404, "link_gone")


async def test_not_decided_yet_it_stays_as_it_is_and_says_so(door: Door) -> None:
    made = await booked(door, noon := await a_slot(door))
    later = await a_slot(door, 1)
    door.referee.silent = True

    taken = await takes(door, a_token(made), later)

    assert (taken.status, (await taken.json())["status"]) == (202, "moving")
    door.referee.silent = False
    assert await slots_of(door, made) == [str(noon)]
