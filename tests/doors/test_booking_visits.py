"""Who gets a visit for which several must be free together, or which comes after another?"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, BORIS
from tests.stories import an_id

DOCTOR = an_id("a doctor")
SOON = datetime.now(UTC) + timedelta(days=1)
OPERATOR: dict[str, Any] = {"roles": ["operator"]}
SURGERY = {"name": "surgery", "kind": "clinic-visit", "needs": ["practitioner", "room"]}


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        yield opened


@pytest.fixture
async def surgery(door: Door) -> tuple[UUID, UUID]:
    """A doctor's time and a room at the same time; the service needs both."""
    said = await door.ask("PUT", "/services", SURGERY, **OPERATOR)
    assert said.status == 200, await said.text()
    about = {"service": "room 3", "resource": "room", "starts_at": SOON}
    return await a_doctor(door, "doctor"), await door.open_slot("room", **about)


async def a_doctor(door: Door, name: str) -> UUID:
    """A quarter of an hour of a surgeon."""
    about = {"service": "surgery", "practitioner_id": DOCTOR, "starts_at": SOON}
    return await door.open_slot(name, **about)


async def follow(door: Door, slot_id: UUID, before: Any, **more: Any) -> Any:
    place = {"slot_id": str(slot_id), "follows": before, **more}
    return await door.ask("POST", "/bookings", {"places": [place]})


async def test_doctor_and_room_are_booked_together_or_neither_is(
    door: Door, surgery: tuple[UUID, UUID]
) -> None:
    alone = await door.book(surgery[0])
    before = await door.everything()

    both = await door.book(*surgery)

    body = await both.json()
    said = await alone.json()
    assert (alone.status, said["code"], said["missing"]) == (422, "visit_incomplete", ["room"])
    assert before[0] == []
    assert both.status == 201
    assert [place["practitioner_id"] for place in body["places"]] == [str(DOCTOR), None]


async def test_nobody_has_a_room_for_themselves(door: Door, surgery: tuple[UUID, UUID]) -> None:
    answer = await door.book(surgery[1])

    assert await problem(answer) == (422, "visit_incomplete")


async def test_who_has_the_last_room_decides_about_the_doctor(
    door: Door, surgery: tuple[UUID, UUID]
) -> None:
    other = await a_doctor(door, "another doctor")
    assert (await door.book(*surgery)).status == 201

    answer = await door.book(other, surgery[1], who=BORIS)

    assert await problem(answer) == (409, "slot_full")
    assert door.referee.inventory.slots[other].booked == 0


async def test_what_is_held_together_is_confirmed_together(
    door: Door, surgery: tuple[UUID, UUID]
) -> None:
    alone = await door.ask("POST", "/holds", {"places": [{"slot_id": str(surgery[0])}]})
    hold = (await alone.json())["id"]
    assert await problem(await door.book(surgery[0], hold_id=hold)) == (422, "visit_incomplete")
    await door.ask("DELETE", f"/holds/{hold}")

    held = await door.ask("POST", "/holds", {"places": [{"slot_id": str(one)} for one in surgery]})
    answer = await door.book(*surgery, hold_id=(await held.json())["id"])

    assert answer.status == 201


async def test_a_visit_is_not_moved_to_where_there_is_no_room(
    door: Door, surgery: tuple[UUID, UUID]
) -> None:
    made = await (await door.book(*surgery)).json()
    other = await a_doctor(door, "another doctor")

    answer = await door.ask(
        "POST", f"/bookings/{made['id']}/reschedule", {"places": [{"slot_id": str(other)}]}
    )

    assert await problem(answer) == (422, "visit_incomplete")
    assert door.referee.inventory.slots[surgery[0]].booked == 1


async def test_what_was_booked_stays_booked_when_the_service_needs_more_since(
    door: Door, surgery: tuple[UUID, UUID]
) -> None:
    made = await door.book(*surgery, key="one")
    more = SURGERY | {"needs": ["practitioner", "room", "interpreter"]}
    await door.ask("PUT", "/services", more, **OPERATOR)

    again = await door.book(*surgery, key="one")

    assert (again.status, await again.json()) == (201, await made.json())


async def test_a_telemedicine_visit_is_seen_from_afar(door: Door) -> None:
    about = {"service": "telemedicine-visit", "practitioner_id": DOCTOR}
    here = await door.open_slot("here", **about)
    afar = await door.open_slot("afar", modality="virtual", **about)

    answer = await (await door.book(afar)).json()

    assert answer["places"][0]["modality"] == "virtual"
    assert await problem(await door.book(here)) == (422, "visit_incomplete")


async def test_a_service_that_nobody_declared_needs_nothing(door: Door) -> None:
    slot = await door.open_slot("imported", service="Приём терапевта")

    assert (await door.book(slot)).status == 201


async def test_a_follow_up_comes_after_a_visit_of_the_same_person(door: Door) -> None:
    first = await door.open_slot("first", capacity=2)
    later = datetime.now(UTC) + timedelta(days=8)
    again = await door.open_slot("again", capacity=3, service="follow-up", starts_at=later)
    mine = await (await door.book(first)).json()
    theirs = await (await door.book(first, who=BORIS)).json()

    refused = [
        await door.book(again),
        await follow(door, again, theirs["id"]),
        await follow(door, again, str(uuid4())),
    ]
    answer = await follow(door, again, mine["id"])

    assert [await problem(one) for one in refused] == [(422, "nothing_to_follow")] * 3
    body = await answer.json()
    shown = await (await door.ask("GET", f"/bookings/{body['id']}")).json()
    assert answer.status == 201
    assert body["places"][0]["follows"] == shown["places"][0]["follows"] == mine["id"]


async def test_nothing_follows_what_is_cancelled_or_comes_later(door: Door) -> None:
    late = await door.open_slot("late", starts_at=datetime.now(UTC) + timedelta(days=9))
    first, again = await door.open_slot("first"), await door.open_slot("again", service="follow-up")
    later = await (await door.book(late)).json()
    gone = await (await door.book(first)).json()
    await door.ask("POST", f"/bookings/{gone['id']}/cancel", {})

    answers = [await follow(door, again, one["id"]) for one in (later, gone)]

    assert [await problem(one) for one in answers] == [(422, "nothing_to_follow")] * 2


async def test_a_dependant_s_follow_up_comes_after_the_dependant_s_visit(door: Door) -> None:
    first = await door.open_slot("first", capacity=2)
    later = datetime.now(UTC) + timedelta(days=8)
    again = await door.open_slot("again", service="follow-up", starts_at=later)
    child = (await (await door.ask("POST", "/me/dependants", {})).json())["id"]
    mine = await (await door.book(first)).json()
    places = [{"slot_id": str(first), "patient_id": child}]
    theirs = await (await door.ask("POST", "/bookings", {"places": places})).json()

    wrong = await follow(door, again, mine["id"], patient_id=child)
    right = await follow(door, again, theirs["id"], patient_id=child)

    assert await problem(wrong) == (422, "nothing_to_follow")
    assert right.status == 201, await right.text()


async def test_services_are_shown_to_everybody_and_declared_by_operators(door: Door) -> None:
    listed = await door.client.get("/api/v1/services")
    twice = await door.ask("PUT", "/services", SURGERY | {"needs": ["room", "room"]}, **OPERATOR)
    nobody = await door.ask("PUT", "/services", SURGERY, who=ALICE)

    names = [service["name"] for service in (await listed.json())["services"]]
    assert names == ["clinic-visit", "follow-up", "telemedicine-visit", "vaccination"]
    assert await problem(twice) == (422, "invalid_body")
    assert await problem(nobody) == (403, "forbidden")
