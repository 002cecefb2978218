"""How does a telemedicine visit go, for the patient behind the link and for the practitioner?"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.booking.api.desk import DESK
from services.booking.store.televisits import take_untold
from shared.messages import VisitAdmitted, VisitMissed
from tests.access_stories import noted
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, BORIS
from tests.stories import CLINIC
from tests.visiting import (
    DOCTOR,
    NURSE,
    STAFF,
    Booked,
    a_link,
    booked,
    ids_in,
    is_there,
    looks,
    names,
    passes,
    queue,
    sweep,
    takes,
    told,
    took,
)


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        yield opened


async def test_a_visit_from_the_link_to_its_end_and_every_step_is_told_in_order(
    door: Door,
) -> None:
    visit = await booked(door, minutes=1, who=ALICE)
    await sweep(door)
    [before] = await queue(door)

    came = await (await is_there(door, visit)).json()
    ready = await (await is_there(door, visit, is_ready=True)).json()
    [waiting] = await queue(door)
    admitted = await (await takes(door, visit, "admit")).json()
    inside = await looks(door, visit)
    ended = await (await takes(door, visit, "end")).json()

    assert [before["status"], came["status"], ready["status"]] == ["booked", "arrived", "waiting"]
    assert [admitted["status"], inside["status"], ended["status"]] == [
        "admitted",
        "admitted",
        "ended",
    ]
    assert (waiting["appointment"], waiting["is_here"]) == ("checked-in", True)
    assert (ready["turn"]["place"], inside["turn"]) == (1, None)
    events = await told(door)
    assert names(events) == ["VisitArrived", "VisitWaiting", "VisitAdmitted", "VisitEnded"]
    assert [event.step for event in events] == [1, 2, 3, 4]
    assert {event.owner_id for event in events} == {ALICE}
    assert await told(door) == []


async def test_before_the_window_the_link_says_when_it_opens_and_after_it_that_it_is_over(
    door: Door,
) -> None:
    visit = await booked(door, minutes=30)

    early = await looks(door, visit)
    too_early = await is_there(door, visit)
    said = await too_early.json()
    await passes(door, 25.1)
    in_time = await is_there(door, visit)
    await passes(door, 65)
    late = await looks(door, visit)
    too_late = await is_there(door, visit)

    opens, starts = early["opens_at"], early["visit"]["starts_at"]
    assert early["window"] == "early"
    assert datetime.fromisoformat(starts) - datetime.fromisoformat(opens) == timedelta(minutes=5)
    assert (too_early.status, said["code"], said["since"]) == (409, "visit_not_open", opens)
    assert in_time.status == 200
    assert late["window"] == "over"
    assert await problem(too_late) == (409, "visit_over")


async def test_looking_changes_nothing_and_the_page_may_say_the_same_again(door: Door) -> None:
    visit = await booked(door)
    await looks(door, visit)
    assert await door.pool.fetchval("SELECT count(*) FROM visit") == 0

    for _ in range(3):
        assert (await is_there(door, visit)).status == 200

    assert names(await told(door)) == ["VisitArrived"]


async def test_each_of_a_family_comes_by_a_link_of_their_own_and_sees_nobody_else(
    door: Door,
) -> None:
    slot, soon = uuid4(), datetime.now(UTC) + timedelta(minutes=2)
    about = {"modality": "virtual", "practitioner_id": DOCTOR}
    await door.open_slot(slot, capacity=3, starts_at=soon, **about)
    child = UUID((await (await door.ask("POST", "/me/dependants", {})).json())["id"])
    places = [{"slot_id": str(slot)}, {"slot_id": str(slot), "patient_id": str(child)}]
    made = await (await door.ask("POST", "/bookings", {"places": places})).json()
    booking = UUID(made["id"])

    answer = await door.client.put(a_link(door, child, booking), json={"is_here": True})

    came = {one["patient_id"]: one["status"] for one in await queue(door)}
    assert came == {str(ALICE): "booked", str(child): "arrived"}
    assert [event.place.patient_id for event in await told(door)] == [child]
    assert ids_in(await answer.json()) == []
    stranger_s = a_link(door, BORIS, booking)
    assert await problem(await door.client.get(stranger_s)) == (404, "link_gone")
    said = await door.client.put(stranger_s, json={"is_here": True})
    assert await problem(said) == (404, "link_gone")


async def test_a_link_to_cancel_is_no_link_to_a_visit_nor_the_other_way(door: Door) -> None:
    visit = await booked(door)
    to_cancel = visit.path.removesuffix("/visit")

    assert await problem(await door.client.get(to_cancel)) == (404, "link_gone")
    posted = await door.client.post(to_cancel, json={}, headers={"Idempotency-Key": "one"})
    assert await problem(posted) == (404, "link_gone")


async def test_who_drops_keeps_their_place_and_comes_back_by_the_same_link(door: Door) -> None:
    first, second = await booked(door, minutes=1), await booked(door, minutes=2)
    await is_there(door, first, is_ready=True)
    await is_there(door, second, is_ready=True)
    place = (await looks(door, second))["turn"]["place"]

    left = await is_there(door, second, is_here=False)
    back = await is_there(door, second)
    await passes(door, 2)
    assert await sweep(door) == 2
    late = await (await is_there(door, second)).json()

    assert place == 2
    assert (await left.json())["is_here"] is False
    assert (await back.json())["turn"]["place"] == late["turn"]["place"] == 2
    assert late["status"] == "waiting"
    second_s = [event for event in await told(door) if event.place.id == second.visit]
    assert names(second_s)[2:] == ["VisitDropped", "VisitRejoined"] * 2


async def test_of_two_visits_the_link_leads_to_the_one_that_goes_on_however_late(
    door: Door,
) -> None:
    starts = [datetime.now(UTC) + timedelta(minutes=more) for more in (1, 120)]
    about = {"modality": "virtual", "practitioner_id": DOCTOR}
    slots = [await door.open_slot(uuid4(), starts_at=at, **about) for at in starts]
    made = await (await door.book(*slots)).json()
    first, second = sorted(made["places"], key=lambda place: place["starts_at"])
    visit = Booked(UUID(first["id"]), UUID(made["id"]), a_link(door, ALICE, UUID(made["id"])))

    await is_there(door, visit)
    await takes(door, visit, "admit")
    await passes(door, 63)
    late = await (await is_there(door, visit)).json()
    await takes(door, visit, "end")
    then = await looks(door, visit)

    assert (late["status"], late["window"]) == ("admitted", "open")
    assert (then["status"], then["window"]) == ("booked", "early")
    assert second["id"] != first["id"]


async def test_by_phone_the_visit_is_kept_though_nobody_comes_to_the_page(door: Door) -> None:
    visit = await booked(door)
    await sweep(door)

    phoned = await takes(door, visit, "phone")
    line = await looks(door, visit)
    await passes(door, 20)
    await sweep(door)
    admitted, ended = await takes(door, visit, "admit"), await takes(door, visit, "end")

    assert [answer.status for answer in (phoned, admitted, ended)] == [200, 200, 200]
    assert (line["by_phone"], line["status"]) == (True, "waiting")
    assert names(await told(door)) == ["VisitByPhone", "VisitAdmitted", "VisitEnded"]


async def test_the_interval_is_as_visits_go_today_and_moves_when_the_doctor_runs_late(
    door: Door,
) -> None:
    quick = [await booked(door, minutes=1 + n / 10) for n in range(3)]
    for visit in quick:
        await is_there(door, visit)
        await takes(door, visit, "admit")
        await takes(door, visit, "end")
        await took(door, visit, 4)
    now, mine = await booked(door, minutes=2), await booked(door, minutes=3)
    await is_there(door, now)
    await takes(door, now, "admit")

    planned = turn(await (await is_there(door, mine)).json())
    await passes(door, 15)
    late = turn(await (await is_there(door, mine)).json())

    assert planned[0] == late[0] == 1
    assert planned[1] - timedelta(minutes=5) < planned[2] <= planned[1] + timedelta(minutes=5)
    assert late[1] >= planned[1] - timedelta(minutes=15) + timedelta(minutes=10)
    assert late[2] >= late[1]


def turn(line: dict[str, Any]) -> tuple[int, datetime, datetime]:
    """Place in line, and between when and when."""
    said = line["turn"]
    times = (datetime.fromisoformat(said[name]) for name in ("earliest", "latest"))
    return said["place"], *times  # type: ignore[return-value]


async def test_who_does_not_come_in_time_did_not_come_and_is_told_once(door: Door) -> None:
    visit = await booked(door)
    await sweep(door)
    await passes(door, 14)
    early = await sweep(door)
    too_early = await takes(door, visit, "noshow")
    await passes(door, 3)

    swept = [await sweep(door), await sweep(door)]

    assert (early, swept) == (0, [1, 0])
    assert await problem(too_early) == (409, "visit_too_early")
    [event] = await told(door)
    assert isinstance(event, VisitMissed)
    assert event.noshow_by == "patient"
    late = await (await is_there(door, visit)).json()
    assert (late["status"], late["is_here"], late["noshow_by"]) == ("noshow", False, "patient")
    assert await told(door) == []


async def test_who_came_and_was_never_called_in_was_let_down_by_the_practitioner(
    door: Door,
) -> None:
    visit = await booked(door)
    await is_there(door, visit, is_ready=True)
    await passes(door, 67)

    while await sweep(door):
        pass

    [one] = await queue(door)
    assert (one["status"], one["noshow_by"]) == ("noshow", "practitioner")
    assert names(await told(door)) == [
        "VisitArrived",
        "VisitWaiting",
        "VisitDropped",
        "VisitMissed",
    ]


async def test_a_practitioner_writes_nobody_off_who_sits_there(door: Door) -> None:
    visit = await booked(door)
    await is_there(door, visit)
    await passes(door, 20)

    assert await problem(await takes(door, visit, "noshow")) == (409, "visit_step_impossible")
    await is_there(door, visit, is_here=False)
    assert (await takes(door, visit, "noshow")).status == 200


async def test_the_same_click_twice_is_one_step_and_its_key_is_good_for_no_other(
    door: Door,
) -> None:
    visit, other = await booked(door), await booked(door)
    await is_there(door, visit)
    await is_there(door, other)

    once = await takes(door, visit, "admit", key="one")
    await takes(door, visit, "end")
    again = await takes(door, visit, "admit", key="one")
    another = await takes(door, visit, "end", key="one")
    elsewhere = await takes(door, other, "admit", key="one")

    assert await once.json() == await again.json()
    assert await problem(another) == (422, "key_reused")
    assert await problem(elsewhere) == (422, "key_reused")
    assert names(await told(door)).count("VisitAdmitted") == 1


async def test_a_step_that_is_not_next_is_refused_and_nothing_is_told(door: Door) -> None:
    visit = await booked(door)
    await sweep(door)

    assert await problem(await takes(door, visit, "admit")) == (409, "visit_step_impossible")
    assert await problem(await takes(door, visit, "end")) == (409, "visit_step_impossible")
    assert await problem(await takes(door, visit, "fly")) == (422, "invalid_body")
    assert await told(door) == []


async def test_a_cancelled_place_is_no_visit_any_more(door: Door) -> None:
    visit = await booked(door, minutes=3, who=ALICE)
    await is_there(door, visit)
    answer = await door.ask("POST", f"/bookings/{visit.booking}/cancel", {})
    assert answer.status == 200

    assert await problem(await takes(door, visit, "admit")) == (409, "visit_off")
    assert await problem(await door.client.get(visit.path)) == (404, "link_gone")
    await passes(door, 5)
    await sweep(door)

    assert await queue(door) == []
    assert await door.pool.fetchval("SELECT status FROM visit") == "cancelled"
    assert names(await told(door)) == ["VisitArrived"]


async def test_a_visit_is_for_those_who_work_at_its_clinic_and_each_look_is_noted(
    door: Door,
) -> None:
    visit = await booked(door, who=ALICE)
    await is_there(door, visit)
    elsewhere = {"clinics": [str(uuid4())]}

    strange = await takes(door, visit, "admit", **elsewhere)
    own_clinic = f"/clinics/{elsewhere['clinics'][0]}/visits/{visit.visit}/steps"
    lured = await door.ask("POST", own_clinic, {"step": "admit"}, **STAFF | elsewhere)
    patient = await takes(door, visit, "admit", who=ALICE, roles=["patient"])
    await queue(door)
    await takes(door, visit, "admit")

    assert await problem(strange) == await problem(lured) == (404, "not_found")
    assert await problem(patient) == (403, "forbidden")
    entries = await noted(door.pool, door.access)
    by_link = [one for one in entries if one.operation == "be_at_visit"]
    at_work = [one for one in entries if one.actor_id == NURSE and one.persons == (ALICE,)]
    assert [(one.role, one.actor_id) for one in by_link] == [("link", ALICE)]
    assert {one.operation for one in at_work} == {"list_queue", "take_step"}
    assert {one.reason for one in at_work} == {"care"}


async def test_a_slot_that_names_nobody_is_in_its_clinic_s_queue(door: Door) -> None:
    visit = await booked(door, practitioner_id=None)

    await is_there(door, visit)

    assert await queue(door) == []
    assert [one["visit_id"] for one in await queue(door, CLINIC)] == [str(visit.visit)]


async def test_a_physical_place_is_no_visit(door: Door) -> None:
    visit = await booked(door, modality="physical")

    await sweep(door)

    assert await problem(await door.client.get(visit.path)) == (404, "link_gone")
    assert await queue(door) == []
    assert await door.pool.fetchval("SELECT count(*) FROM visit") == 0


async def test_what_is_told_has_all_that_a_mail_needs(door: Door) -> None:
    visit = await booked(door, who=ALICE)
    await is_there(door, visit)
    await takes(door, visit, "admit")

    *_, admitted = await told(door)

    assert isinstance(admitted, VisitAdmitted)
    assert (admitted.booking_id, admitted.version) == (visit.booking, 1)
    assert (admitted.place.id, admitted.place.clinic_name) == (visit.visit, "Polyclinic No. 1")


async def test_what_opened_while_nobody_looked_is_opened_when_somebody_does(door: Door) -> None:
    await booked(door, minutes=3)
    await passes(door, 30)
    visits = door.client.app[DESK].televisits

    since = await visits.open(None)
    await booked(door, minutes=3)
    await visits.open(since)

    assert await door.pool.fetchval("SELECT count(*) FROM visit") == 2


async def test_a_step_whose_telling_was_lost_is_told_by_the_next_who_looks(door: Door) -> None:
    visit = await booked(door)
    await is_there(door, visit)

    async with door.pool.acquire() as connection:
        lost = connection.transaction()
        await lost.start()
        said = await take_untold(connection, range(4))  # type: ignore[arg-type]
        await lost.rollback()

    assert [one.event for one in said] == await told(door)
    assert await told(door) == []


async def test_who_is_signed_in_finds_the_link_beside_their_booking_and_nobody_else_does(
    door: Door,
) -> None:
    visit = await booked(door, who=ALICE)
    path = f"/bookings/{visit.booking}/visits"

    [way] = (await (await door.ask("GET", path)).json())["visits"]
    came = await door.client.put(f"/api/v1/links/{way['token']}/visit", json={"is_here": True})
    [then] = (await (await door.ask("GET", path)).json())["visits"]
    taken = await (await door.ask("GET", "/me/export")).json()

    assert came.status == 200
    assert (way["visit"]["status"], then["visit"]["status"]) == ("booked", "arrived")
    assert way["patient_id"] == str(ALICE)
    assert [one["status"] for one in taken["visits"]] == ["arrived"]
    assert await problem(await door.ask("GET", path, who=BORIS)) == (404, "not_found")
