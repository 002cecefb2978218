"""Is what staff book for a patient the patient's, and judged, seen and told of as such?"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientResponse

from services.booking.inbox import Inbox
from services.booking.memory import Kept
from tests.access_stories import noted
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, BORIS
from tests.stories import CLINIC, an_id, open_clinic

AGENT = an_id("an agent on the phone")
PHONE: dict[str, Any] = {"who": AGENT, "roles": ["front_desk"], "clinics": []}
MANAGER: dict[str, Any] = {"who": uuid4(), "roles": ["clinic_manager"], "clinics": [str(CLINIC)]}
KNOWN = {"name": "Patient No. 1", "birth_date": "1950-05-01", "phone": "+7 999 000-00-01"}


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        assert (await opened.ask("PUT", "/me", KNOWN)).status == 200
        yield opened


def places(*slot_ids: UUID, **about: Any) -> dict[str, Any]:
    return {"places": [{"slot_id": str(slot_id)} | about for slot_id in slot_ids]}


async def books(door: Door, slot_id: UUID, patient: UUID = ALICE, **more: Any) -> ClientResponse:
    """Somebody at a clinic books for a patient."""
    asked = {name: more.pop(name) for name in ("hold_id", "campaign_id") if name in more}
    body = places(slot_id) | asked
    return await door.ask("POST", f"/patients/{patient}/bookings", body, **PHONE | more)


async def ahead(door: Door, patient: UUID = ALICE) -> list[dict[str, Any]]:
    """What the agent sees of a patient."""
    answer = await door.ask("GET", f"/patients/{patient}/bookings", **PHONE)
    assert answer.status == 200, await answer.text()
    listed: list[dict[str, Any]] = (await answer.json())["bookings"]
    return listed


async def test_what_is_booked_by_phone_is_the_patient_s_who_sees_by_whom(door: Door) -> None:
    slot = await door.open_slot("Monday")

    made = await books(door, slot)

    body = await made.json()
    mine = (await (await door.ask("GET", "/bookings")).json())["bookings"]
    agent_s = (await (await door.ask("GET", "/bookings", who=AGENT)).json())["bookings"]
    [seen] = await ahead(door)
    assert (made.status, body["status"], body["booked_by"]) == (201, "booked", "clinic")
    assert [(one["id"], one["booked_by"]) for one in mine] == [(body["id"], "clinic")]
    assert mine[0]["places"][0]["patient_id"] == str(ALICE)
    assert str(AGENT) not in str(mine)
    assert agent_s == []
    assert seen["booked_by_id"] == str(AGENT)
    cancelled = await door.ask("POST", f"/bookings/{body['id']}/cancel", {})
    assert (cancelled.status, await ahead(door)) == (200, [])


async def test_who_books_for_themselves_was_booked_by_nobody_else(door: Door) -> None:
    made = await (await door.book(await door.open_slot("Monday"))).json()

    [seen] = await ahead(door)

    assert "booked_by" not in made
    assert seen["booked_by_id"] is None


async def test_every_look_and_every_wish_is_in_the_patient_s_access_log(door: Door) -> None:
    slot = await door.open_slot("Monday")
    made = await (await books(door, slot)).json()
    await ahead(door)
    path = f"/patients/{ALICE}/bookings/{made['id']}/cancel"
    assert (await door.ask("POST", path, {}, **PHONE)).status == 200

    entries = await noted(door.pool, door.access)

    by_agent = [one for one in entries if one.actor_id == AGENT]
    assert [(one.operation, one.role, one.reason) for one in by_agent] == [
        (operation, "front_desk", "care")
        for operation in ("book_for_patient", "list_bookings_of_patient", "cancel_for_patient")
    ]
    assert {person for one in by_agent for person in one.persons} == {ALICE}


async def test_somebody_without_an_account_is_entered_booked_for_and_found_again(
    door: Door,
) -> None:
    by_phone = KNOWN | {"name": "Patient No. 2", "phone": "+7 999 000-00-02"}
    slot = await door.open_slot("Monday")

    first = await door.ask("POST", "/patients", by_phone, key="one", **PHONE)
    again = await door.ask("POST", "/patients", by_phone, key="one", **PHONE)
    other = await door.ask("POST", "/patients", KNOWN, key="one", **PHONE)
    patient = UUID((await first.json())["id"])
    made = await books(door, slot, patient)
    found = await door.ask("POST", "/patients/search", {"phone": by_phone["phone"]}, **PHONE)

    assert (first.status, again.status) == (201, 201)
    assert (
        await first.json()
        == await again.json()
        == {"email": None, "notes": None} | by_phone | {"id": str(patient)}
    )
    assert await problem(other) == (422, "key_reused")
    assert made.status == 201
    assert [one["id"] for one in (await found.json())["patients"]] == [str(patient)]
    assert [one["id"] for one in await ahead(door, patient)] == [(await made.json())["id"]]


async def test_the_same_wish_is_one_booking_and_one_key_is_for_one_patient(door: Door) -> None:
    await door.ask("PUT", "/me", KNOWN, who=BORIS)
    slot = await door.open_slot("Monday", capacity=5)

    answers = [await books(door, slot, key="one") for _ in "ab"]
    another_s = await books(door, slot, BORIS, key="one")

    first, again = [await answer.json() for answer in answers]
    assert first == again
    assert await problem(another_s) == (422, "key_reused")
    assert door.referee.inventory.slots[slot].booked == 1


async def test_a_patient_is_judged_as_if_they_had_asked_themselves(door: Door) -> None:
    slot, other = await door.open_slot("Monday", capacity=5), await door.open_slot("Tuesday")
    await door.book(slot)
    await door.book(other, who=BORIS)

    refused = [
        await books(door, slot),
        await books(door, other),
        await books(door, slot, uuid4()),
        await books(door, slot, campaign_id=str(uuid4())),
    ]

    assert [await problem(answer) for answer in refused] == [
        (409, "already_booked"),
        (409, "slot_full"),
        (404, "not_found"),
        (422, "campaign_unknown"),
    ]


async def test_a_manager_books_moves_and_cancels_at_their_own_clinics_alone(door: Door) -> None:
    here, soon = await door.open_slot("Monday"), await door.open_slot("Tuesday")
    elsewhere = uuid4()
    door.referee.decided(open_clinic(elsewhere), 0)
    there = await door.open_slot("Wednesday", clinic_id=elsewhere)
    before = await door.everything()

    refused = await books(door, there, **MANAGER)
    unknown = await books(door, uuid4(), **MANAGER)
    unchanged = await door.everything()
    made = await (await books(door, here, **MANAGER)).json()
    path = f"/patients/{ALICE}/bookings/{made['id']}"
    away = await door.ask("POST", f"{path}/reschedule", places(there), **MANAGER)
    moved = await door.ask("POST", f"{path}/reschedule", places(soon), **MANAGER)
    stranger = MANAGER | {"clinics": [str(elsewhere)]}
    not_theirs = await door.ask("POST", f"{path}/cancel", {}, **stranger)
    cancelled = await door.ask("POST", f"{path}/cancel", {"reason": "clinic"}, **MANAGER)

    for answer in (refused, unknown, away, not_theirs):
        assert await problem(answer) == (404, "not_found")
    assert unchanged == before
    assert (moved.status, cancelled.status) == (200, 200)
    assert (await moved.json())["places"][0]["slot_id"] == str(soon)
    assert (await cancelled.json())["cancelled_by"] == "clinic"


async def test_what_is_held_while_the_patient_thinks_is_theirs_and_becomes_the_booking(
    door: Door,
) -> None:
    await door.ask("PUT", "/me", KNOWN, who=BORIS)
    slot = await door.open_slot("Monday")

    held = await door.ask("POST", f"/patients/{ALICE}/holds", places(slot), **PHONE)
    hold = (await held.json())["id"]
    seen = (await (await door.ask("GET", "/holds")).json())["holds"]
    taken = await books(door, slot, BORIS, hold_id=hold)
    made = await books(door, slot, hold_id=hold)

    assert (held.status, [one["id"] for one in seen]) == (201, [hold])
    assert await problem(taken) == (404, "not_found")
    body = await made.json()
    assert (made.status, body["id"], body["booked_by"]) == (201, hold, "clinic")


async def test_what_is_booked_for_a_child_is_its_guardian_s(door: Door) -> None:
    child = UUID((await (await door.ask("POST", "/me/dependants", {})).json())["id"])
    slot, later = await door.open_slot("Monday"), await door.open_slot("Tuesday")

    made = await (await books(door, slot, child)).json()
    path = f"/patients/{child}/bookings/{made['id']}/reschedule"
    moved = await (await door.ask("POST", path, places(later), **PHONE)).json()

    [mine] = (await (await door.ask("GET", "/bookings")).json())["bookings"]
    assert mine["id"] == made["id"]
    assert [one["places"][0]["patient_id"] for one in (mine, moved)] == [str(child)] * 2
    assert [one["id"] for one in await ahead(door, child)] == [made["id"]]


async def test_a_key_of_another_patient_finds_no_booking(door: Door) -> None:
    made = await (await door.book(await door.open_slot("Monday"), who=BORIS)).json()

    for path in (f"/patients/{ALICE}/bookings/{made['id']}/cancel",):
        assert await problem(await door.ask("POST", path, {}, **PHONE)) == (404, "not_found")
    assert made["status"] == "booked"


async def test_what_has_been_is_not_shown_to_who_answers_the_phone(door: Door) -> None:
    slot = await door.open_slot("Monday")
    made = await (await books(door, slot)).json()
    await door.is_over(slot, UUID(made["id"]))

    assert await ahead(door) == []


async def test_who_booked_is_known_by_the_event_alone_and_told_the_patient(door: Door) -> None:
    """The process that was asked is gone; another follows the log."""
    slot = await door.open_slot("Monday", starts_at=datetime.now(UTC) + timedelta(days=2))
    made = await (await books(door, slot)).json()
    command = door.referee.taken[-1][0]
    assert command.by == AGENT
    event = door.referee.decided(command, 0)
    await door.pool.execute("DELETE FROM booking")

    inbox = Inbox(Kept(10))
    async with door.pool.acquire() as connection:
        await inbox._keep(connection, [event])  # type: ignore[arg-type]

    [seen] = await ahead(door)
    assert (seen["id"], seen["booked_by_id"]) == (made["id"], str(AGENT))
