"""What is left to somebody in whose booking another's place is, once they act for them no more?"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.booking.api.desk import DESK
from shared.links.rules import Link, token_of
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, BORIS
from tests.family_stories import NOT_AGREED, agrees, body, for_each, who_is_in
from tests.visiting import DOCTOR, KEYS, told


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        opened.client.app[DESK].link_keys = KEYS
        yield opened


async def a_slot(door: Door, **about: Any) -> UUID:
    slot = uuid4()
    soon = datetime.now(UTC) + timedelta(minutes=2)
    await door.open_slot(slot, capacity=3, starts_at=soon, **about)
    return slot


async def from_afar(door: Door) -> UUID:
    """Alice books a doctor's time from afar for herself and for Boris, who has agreed."""
    await agrees(door, BORIS)
    slot = await a_slot(door, modality="virtual", practitioner_id=DOCTOR)
    made = await body(door.ask("POST", "/bookings", for_each([ALICE, BORIS], [slot, slot])))
    return UUID(made["id"])


async def ways(door: Door, booking: UUID, who: UUID) -> dict[str, str]:
    """The links into visits that somebody finds, by whose visit it is."""
    found = await body(door.ask("GET", f"/bookings/{booking}/visits", who=who))
    return {way["patient_id"]: f"/api/v1/links/{way['token']}/visit" for way in found["visits"]}


async def test_the_link_into_another_s_visit_leads_nowhere_any_more_and_their_own_does(
    door: Door,
) -> None:
    booking = await from_afar(door)
    before = await ways(door, booking, ALICE)
    own = (await ways(door, booking, BORIS))[str(BORIS)]
    by_her = await door.client.get(before[str(BORIS)])

    await agrees(door, BORIS, NOT_AGREED)
    after = await ways(door, booking, ALICE)
    looked = await door.client.get(before[str(BORIS)])
    said = await door.client.put(before[str(BORIS)], json={"is_here": True})

    assert by_her.status == 200
    assert before.keys() == {str(ALICE), str(BORIS)}
    assert after.keys() == {str(ALICE)}
    assert await problem(looked) == (404, "link_gone")
    assert await problem(said) == (404, "link_gone")
    for path in (own, before[str(ALICE)]):
        assert (await door.client.put(path, json={"is_here": True})).status == 200


async def test_each_step_of_a_visit_is_told_to_who_acts_for_the_patient_and_else_to_the_patient(
    door: Door,
) -> None:
    booking = await from_afar(door)
    own = (await ways(door, booking, BORIS))[str(BORIS)]

    await door.client.put(own, json={"is_here": True})
    [while_agreed] = await told(door)
    await agrees(door, BORIS, NOT_AGREED)
    await door.client.put(own, json={"is_here": True, "is_ready": True})
    [afterwards] = await told(door)

    assert (while_agreed.owner_id, while_agreed.place.patient_id) == (ALICE, BORIS)
    assert (afterwards.owner_id, afterwards.place.patient_id) == (BORIS, BORIS)


async def test_what_became_of_a_visit_is_taken_away_by_whose_it_is(door: Door) -> None:
    booking = await from_afar(door)
    for path in (await ways(door, booking, ALICE)).values():
        await door.client.put(path, json={"is_here": True})
    with_consent = await body(door.ask("GET", "/me/export"))
    await agrees(door, BORIS, NOT_AGREED)

    hers = await body(door.ask("GET", "/me/export"))
    his = await body(door.ask("GET", "/me/export", who=BORIS))

    assert [len(one["visits"]) for one in (with_consent, hers, his)] == [2, 1, 1]
    assert hers["visits"] != his["visits"]
    assert [who_is_in(one) for one in hers["bookings"]] == [[ALICE]]
    assert [who_is_in(one) for one in his["bookings"]] == [[BORIS]]


async def test_what_was_held_once_and_booked_shows_no_more_than_the_booking(door: Door) -> None:
    await agrees(door, BORIS)
    slot = await a_slot(door)
    kept = {"places": [{"slot_id": str(slot)}] * 2, "ttl_seconds": 300}
    hold = await body(door.ask("POST", "/holds", kept))
    wanted = for_each([ALICE, BORIS], [slot, slot])
    await body(door.ask("POST", "/bookings", wanted | {"hold_id": hold["id"]}))
    path = f"/holds/{hold['id']}"

    whole = await body(door.ask("GET", path))
    await agrees(door, BORIS, NOT_AGREED)
    part = await body(door.ask("GET", path))

    assert who_is_in(whole) == [ALICE, BORIS]
    assert who_is_in(part) == [ALICE]
    assert await problem(await door.ask("GET", path, who=BORIS)) == (404, "not_found")


async def test_a_mailed_link_cancels_nobody_for_whom_its_reader_acts_no_more(door: Door) -> None:
    await agrees(door, BORIS)
    slot = await a_slot(door)
    made = await body(door.ask("POST", "/bookings", for_each([ALICE, BORIS], [slot, slot])))
    until = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
    link = Link(purpose="cancel_booking", person_id=ALICE, object_id=UUID(made["id"]), until=until)
    path = f"/api/v1/links/{token_of(link, KEYS)}"

    before = await door.client.get(path)
    await agrees(door, BORIS, NOT_AGREED)
    after = await door.client.get(path)
    used = await door.client.post(path, json={}, headers={"Idempotency-Key": "once"})

    assert before.status == 200
    assert await problem(after) == (404, "link_gone")
    assert await problem(used) == (404, "link_gone")
    shown = await body(door.ask("GET", f"/bookings/{made['id']}", who=BORIS))
    assert shown["status"] == "booked"


async def test_what_is_booked_for_another_alone_is_not_there_for_who_booked_it(door: Door) -> None:
    await agrees(door, BORIS)
    slot = await a_slot(door)
    made = await body(door.ask("POST", "/bookings", for_each([BORIS], [slot])))
    path = f"/bookings/{made['id']}"

    await agrees(door, BORIS, NOT_AGREED)

    for method, of, said in (
        ("GET", path, None),
        ("GET", f"{path}/visits", None),
        ("POST", f"{path}/cancel", {}),
        ("POST", f"{path}/reschedule", for_each([ALICE], [slot])),
    ):
        assert await problem(await door.ask(method, of, said)) == (404, "not_found")
    assert (await body(door.ask("GET", "/bookings")))["bookings"] == []
    assert (await body(door.ask("GET", "/me/export")))["bookings"] == []
    assert who_is_in(await body(door.ask("GET", path, who=BORIS))) == [BORIS]
    assert door.referee.inventory.slots[slot].booked == 1


async def test_who_has_come_of_age_is_seen_and_given_up_by_who_was_their_guardian_no_more(
    door: Door,
) -> None:
    child = UUID((await body(door.ask("POST", "/me/dependants", {})))["id"])
    slot = await a_slot(door)
    made = await body(door.ask("POST", "/bookings", for_each([ALICE, child], [slot, slot])))
    path = f"/bookings/{made['id']}"
    grown = {"name": "Patient 17", "birth_date": "2000-01-02"}
    await body(door.ask("PUT", f"/me/dependants/{child}", grown))

    shown = await body(door.ask("GET", path))
    cancelled = await body(door.ask("POST", f"{path}/cancel", {}))

    assert who_is_in(shown) == [ALICE]
    assert (cancelled["status"], cancelled["places"]) == ("cancelled", [])
    assert door.referee.inventory.slots[slot].booked == 1
    assert who_is_in(await body(door.ask("GET", path, who=child))) == [child]
