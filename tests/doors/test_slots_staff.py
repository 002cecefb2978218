"""What may staff do at the referee's door, and what is turned away there?"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests import stories
from tests.booking_doors import bearer, problem
from tests.slots_doors import A_CLINIC, OPERATOR, SOON, Door, a_door, slot


@pytest.fixture
async def door(slots_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    """The API of a referee with an empty database."""
    async with a_door(slots_dsn, tmp_path) as door:
        yield door


async def test_a_clinic_and_its_slots_are_opened_and_shown(door: Door) -> None:
    clinic_id = await door.a_clinic()
    slots = [slot(3), slot(2, service="clinic-visit")]

    answer = await door.ask("POST", f"/clinics/{clinic_id}/slots", {"slots": slots})

    body = await answer.json()
    day = SOON.astimezone().date().isoformat()
    listed = await door.client.get(
        f"/api/v1/slots?clinic={clinic_id}&date={day}&service=vaccination"
    )
    assert answer.status == 201
    assert [(s["capacity"], s["free"], s["status"]) for s in body["slots"]] == [
        (3, 3, "free"),
        (2, 2, "free"),
    ]
    assert listed.status == 200


async def test_whose_time_a_slot_is_and_what_it_asks_for_is_shown(door: Door) -> None:
    clinic_id, doctor = await door.a_clinic(), str(uuid4())
    said = {"id": doctor, "name": "Practitioner No. 1"}
    await door.ask("PUT", f"/clinics/{clinic_id}/practitioners", said)
    about = {
        "modality": "virtual",
        "practitioner_id": doctor,
        "resource": "service",
        "asks_for": "attachment",
    }

    answer = await door.ask("POST", f"/clinics/{clinic_id}/slots", {"slots": [slot(**about)]})

    [opened] = (await answer.json())["slots"]
    changed = await (await door.ask("PATCH", f"/slots/{opened['id']}", {"capacity": 4})).json()
    assert {name: opened[name] for name in about} == about
    assert {name: changed[name] for name in about} == about


async def test_practitioners_have_slots_of_their_own_where_they_work_and_while_they_do(
    door: Door,
) -> None:
    here, elsewhere = await door.a_clinic(), await door.a_clinic()
    doctor = {"id": str(uuid4()), "name": "Practitioner No. 1", "qualification": "Cardiologist"}
    slots = {"slots": [slot(practitioner_id=doctor["id"])]}

    unknown = await door.ask("POST", f"/clinics/{here}/slots", slots)
    said = await door.ask("PUT", f"/clinics/{here}/practitioners", doctor)
    opened = await door.ask("POST", f"/clinics/{here}/slots", slots)
    other = await door.ask("POST", f"/clinics/{elsewhere}/slots", slots)
    left = await door.ask("PUT", f"/clinics/{here}/practitioners", doctor | {"active": False})
    late = await door.ask("POST", f"/clinics/{here}/slots", slots)
    nowhere = await door.ask("PUT", f"/clinics/{uuid4()}/practitioners", doctor)

    listed = await (await door.client.get(f"/api/v1/clinics/{here}/practitioners")).json()
    assert (said.status, opened.status, left.status) == (200, 201, 200)
    refused = [await problem(one) for one in (unknown, other, late)]
    assert refused == [(422, "practitioner_unknown")] * 3
    assert await problem(nowhere) == (404, "not_found")
    assert listed["practitioners"] == [doctor | {"active": False}]


async def test_whoever_has_left_meanwhile_changes_no_answer_that_was_given(door: Door) -> None:
    clinic_id, doctor = await door.a_clinic(), {"id": str(uuid4()), "name": "Practitioner No. 1"}
    path = f"/clinics/{clinic_id}"
    await door.ask("PUT", f"{path}/practitioners", doctor)
    slots = {"slots": [slot(practitioner_id=doctor["id"])]}

    first = await door.ask("POST", f"{path}/slots", slots, key="one")
    await door.ask("PUT", f"{path}/practitioners", doctor | {"active": False})
    again = await door.ask("POST", f"{path}/slots", slots, key="one")
    other = await door.ask("POST", f"{path}/slots", {"slots": [slot(), *slots["slots"]]}, key="one")
    anew = await door.ask("POST", f"{path}/slots", slots)

    assert (again.status, await again.json()) == (201, await first.json())
    refused = [await problem(one) for one in (other, anew)]
    assert refused == [(422, "practitioner_unknown")] * 2


async def test_the_same_request_gets_the_same_answer_and_opens_nothing_twice(door: Door) -> None:
    first = await door.ask("POST", "/clinics", A_CLINIC, key="one")
    again = await door.ask("POST", "/clinics", A_CLINIC, key="one")

    assert (first.status, await first.json()) == (again.status, await again.json())
    assert await door.everything() == (1, 0, 0)


async def test_a_slot_is_known_once_and_its_neighbours_are_opened(door: Door) -> None:
    clinic_id, slot_id = await door.a_clinic(), str(uuid4())
    await door.ask("POST", f"/clinics/{clinic_id}/slots", {"slots": [slot(id=slot_id)]})

    answer = await door.ask(
        "POST", f"/clinics/{clinic_id}/slots", {"slots": [slot(id=slot_id), slot()]}
    )

    body = await answer.json()
    assert answer.status == 201
    assert (len(body["slots"]), body["refused"][0]["code"]) == (1, "already_exists")


async def test_capacity_is_changed_but_never_below_what_is_taken(door: Door) -> None:
    slot_id = await door.a_slot(2)
    await door.log.referee.decide(stories.book(slot_id), stories.book(slot_id), partition=0)

    too_small = await door.ask("PATCH", f"/slots/{slot_id}", {"capacity": 1})
    larger = await door.ask("PATCH", f"/slots/{slot_id}", {"capacity": 5})

    assert await problem(too_small) == (409, "slot_in_use")
    body = await larger.json()
    assert (larger.status, body["capacity"], body["free"], body["booked"]) == (200, 5, 3, 2)


async def test_a_slot_is_shut_and_reopened(door: Door) -> None:
    slot_id = await door.a_slot()

    shut = await door.ask("PATCH", f"/slots/{slot_id}", {"status": "busy-unavailable"})
    refused = await door.log.referee.decide(stories.book(slot_id), partition=0)
    reopened = await door.ask("PATCH", f"/slots/{slot_id}", {"status": "free"})

    assert (await shut.json())["status"] == "busy-unavailable"
    assert refused[0].reason == "closed"
    assert (await reopened.json())["status"] == "free"


async def test_a_clinic_moves_and_keeps_what_nobody_changed(door: Door) -> None:
    clinic_id = await door.a_clinic()
    there = {"address": "North Street 5", "latitude": 55.8, "longitude": 37.5}

    moved = await door.ask("PATCH", f"/clinics/{clinic_id}", there, key="move")
    renamed = await door.ask("PATCH", f"/clinics/{clinic_id}", {"name": "Polyclinic No. 2"})
    again = await door.ask("PATCH", f"/clinics/{clinic_id}", there, key="move")

    expected = {"id": str(clinic_id), "district": ""} | A_CLINIC | there
    assert (moved.status, await moved.json()) == (200, expected)
    assert await renamed.json() == expected | {"name": "Polyclinic No. 2"}
    assert await again.json() == expected


async def test_nothing_on_a_day_is_an_answer(door: Door) -> None:
    clinic_id = await door.a_clinic()

    answer = await door.client.get(f"/api/v1/slots?clinic={clinic_id}&date=2030-01-01")

    body = await answer.json()
    assert (answer.status, body["slots"], body["cursor"]) == (200, [], None)


async def test_clinics_are_listed_page_by_page(door: Door) -> None:
    for number in range(3):
        await door.ask("POST", "/clinics", A_CLINIC | {"name": f"Polyclinic No. {number}"})

    first = await (await door.client.get("/api/v1/clinics?limit=2")).json()
    rest = await (await door.client.get(f"/api/v1/clinics?limit=2&cursor={first['cursor']}")).json()

    names = [clinic["name"][-1] for clinic in first["clinics"] + rest["clinics"]]
    assert names == ["0", "1", "2"]
    assert rest["cursor"] is None


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/clinics", {"name": "x"}, (422, "invalid_body")),
        ("POST", "/clinics", A_CLINIC | {"colour": "red"}, (422, "invalid_body")),
        ("POST", "/clinics", A_CLINIC | {"time_zone": "Moscow"}, (422, "invalid_body")),
        ("POST", "/clinics", A_CLINIC | {"latitude": 55.7}, (422, "invalid_body")),
        ("POST", "/clinics", A_CLINIC | {"name": "a\x00b"}, (422, "invalid_body")),
        ("POST", "/clinics", A_CLINIC | {"name": "two lines\n"}, (422, "invalid_body")),
        ("PATCH", f"/clinics/{uuid4()}", {"name": "x"}, (404, "slot_unknown")),
        ("PATCH", f"/clinics/{uuid4()}", {}, (422, "invalid_body")),
        ("PATCH", f"/clinics/{uuid4()}", {"name": ""}, (422, "invalid_body")),
        ("PATCH", f"/clinics/{uuid4()}", {"latitude": 55.8}, (422, "invalid_body")),
        ("PATCH", f"/clinics/{uuid4()}", {"time_zone": "Europe/Rome"}, (422, "invalid_body")),
        ("PATCH", "/clinics/nobody", {"name": "x"}, (404, "not_found")),
        ("POST", f"/clinics/{uuid4()}/slots", {"slots": [slot()]}, (404, "slot_unknown")),
        ("POST", f"/clinics/{uuid4()}/slots", {"slots": []}, (422, "invalid_body")),
        ("POST", f"/clinics/{uuid4()}/slots", {"slots": [slot()] * 501}, (422, "invalid_body")),
        ("POST", f"/clinics/{uuid4()}/slots", {"slots": [slot(-1)]}, (422, "invalid_body")),
        ("POST", f"/clinics/{uuid4()}/slots", {"slots": [slot(10**12)]}, (422, "invalid_body")),
        (
            "POST",
            f"/clinics/{uuid4()}/slots",
            {"slots": [slot(ends_at=SOON.isoformat())]},
            (422, "invalid_body"),
        ),
        (
            "POST",
            f"/clinics/{uuid4()}/slots",
            {"slots": [slot(starts_at="2030-01-01T09:00:00")]},
            (422, "invalid_body"),
        ),
        (
            "POST",
            f"/clinics/{uuid4()}/slots",
            {"slots": [slot(starts_at="0001-01-01T00:00:00+05:00")]},
            (422, "invalid_body"),
        ),
        ("POST", "/clinics/nobody/slots", {"slots": [slot()]}, (404, "not_found")),
        (
            "POST",
            f"/clinics/{uuid4()}/slots",
            {"slots": [slot(practitioner_id=str(uuid4()), resource="room")]},
            (422, "invalid_body"),
        ),
        ("PATCH", f"/slots/{uuid4()}", {"capacity": 3}, (404, "not_found")),
        ("PATCH", "/slots/nobody", {"capacity": 3}, (404, "not_found")),
        ("GET", f"/slots/{uuid4()}", None, (404, "not_found")),
        ("GET", "/slots", None, (422, "invalid_query")),
        ("GET", "/clinics?limit=1000", None, (422, "invalid_query")),
        ("GET", "/clinics?cursor=zz", None, (422, "invalid_query")),
        ("GET", "/nothing", None, (404, "not_found")),
        ("DELETE", "/clinics", None, (405, "method_not_allowed")),
    ],
)
async def test_what_is_not_asked_rightly_is_refused_and_changes_nothing(
    door: Door, method: str, path: str, body: Any, expected: tuple[int, str]
) -> None:
    answer = await door.ask(method, path, body)

    assert await problem(answer) == expected
    assert await door.everything() == (0, 0, 0)


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"{", (400, "malformed_json")), (b"x" * 1_000_000, (413, "body_too_large"))],
)
async def test_what_is_no_body_is_refused(
    door: Door, body: bytes, expected: tuple[int, str]
) -> None:
    headers = bearer(roles=["operator"]) | {"Idempotency-Key": "one"}

    answer = await door.client.post("/api/v1/clinics", data=body, headers=headers)

    assert await problem(answer) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (None, "idempotency_key_missing"),
        ("", "idempotency_key_malformed"),
        ("ä", "idempotency_key_malformed"),
        ("k" * 129, "idempotency_key_malformed"),
    ],
)
async def test_a_wish_without_a_proper_key_is_refused(
    door: Door, key: str | None, expected: str
) -> None:
    headers = bearer(roles=["operator"]) | ({} if key is None else {"Idempotency-Key": key})

    answer = await door.client.post("/api/v1/clinics", json=A_CLINIC, headers=headers)

    assert await problem(answer) == (400, expected)
    assert await door.everything() == (0, 0, 0)


async def test_another_body_under_the_same_key_is_refused(door: Door) -> None:
    await door.ask("POST", "/clinics", A_CLINIC, key="one")

    answer = await door.ask("POST", "/clinics", A_CLINIC | {"district": "North"}, key="one")

    assert await problem(answer) == (422, "key_reused")
    assert await door.everything() == (1, 0, 0)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, (401, "token_missing")),
        ({"Authorization": "Basic abc"}, (401, "token_missing")),
        ({"Authorization": "Bearer abc"}, (401, "token_invalid")),
        (bearer(roles=["operator"], exp=1), (401, "token_expired")),
        (bearer(roles=["operator"], aud="elsewhere"), (401, "token_invalid")),
        (bearer(roles=["operator"], iss="nobody"), (401, "token_invalid")),
        (bearer(key=ec.generate_private_key(ec.SECP256R1())), (401, "token_invalid")),
        (
            {
                "Authorization": "Bearer "
                + jwt.encode({"sub": str(OPERATOR)}, None, "none", headers={"kid": "test"})
            },
            (401, "token_invalid"),
        ),
        (bearer(roles=["patient"]), (403, "forbidden")),
    ],
)
async def test_who_may_not_is_turned_away(
    door: Door, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    answer = await door.client.post(
        "/api/v1/clinics", json=A_CLINIC, headers=headers | {"Idempotency-Key": "one"}
    )

    assert await problem(answer) == expected
    assert await door.everything() == (0, 0, 0)


async def test_who_manages_one_clinic_may_not_change_another(door: Door) -> None:
    clinic_id, elsewhere = await door.a_clinic(), await door.a_clinic()

    theirs = await door.ask(
        "POST",
        f"/clinics/{clinic_id}/slots",
        {"slots": [slot()]},
        roles=["clinic_manager"],
        clinics=[str(elsewhere)],
    )
    own = await door.ask(
        "POST",
        f"/clinics/{elsewhere}/slots",
        {"slots": [slot()]},
        roles=["clinic_manager"],
        clinics=[str(elsewhere)],
    )

    assert await problem(theirs) == (404, "not_found")
    assert own.status == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"capacity": -1},
        {"capacity": None, "status": None},
        {"status": "busy"},
        {"status": "free", "cancel_bookings": True},
        {"capacity": 3, "cancel_bookings": True},
        {"service": "another"},
    ],
)
async def test_a_change_that_makes_no_sense_leaves_the_slot_as_it_is(
    door: Door, body: dict[str, Any]
) -> None:
    slot_id = await door.a_slot(2)

    answer = await door.ask("PATCH", f"/slots/{slot_id}", body)

    assert await problem(answer) == (422, "invalid_body")
    assert await door.everything() == (1, 1, 2)


async def test_who_manages_one_clinic_changes_neither_another_nor_its_slots(door: Door) -> None:
    clinic_id, elsewhere = await door.a_clinic(), await door.a_clinic()
    [slot_id] = await door.opens(clinic_id, slot(2))
    theirs = {"roles": ["clinic_manager"], "clinics": [str(elsewhere)]}

    slot_change = await door.ask("PATCH", f"/slots/{slot_id}", {"capacity": 9}, **theirs)
    clinic_change = await door.ask("PATCH", f"/clinics/{clinic_id}", {"name": "Ours"}, **theirs)
    by_patient = await door.ask("PATCH", f"/slots/{slot_id}", {"capacity": 9}, roles=["patient"])

    assert await problem(slot_change) == (404, "not_found")
    assert await problem(clinic_change) == (404, "not_found")
    assert await problem(by_patient) == (403, "forbidden")
    assert await door.everything() == (2, 1, 2)


async def test_while_the_log_is_away_nothing_is_handed_over(door: Door) -> None:
    door.log.away = True

    answer = await door.ask("POST", "/clinics", A_CLINIC)

    assert await problem(answer) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"


async def test_an_answer_that_never_comes_is_an_unknown_outcome_and_asking_again_tells(
    door: Door,
) -> None:
    door.log.silent = True
    with door.in_a_hurry():
        lost = await door.ask("POST", "/clinics", A_CLINIC, key="one")
    await door.log.finish()
    door.log.silent = False

    again = await door.ask("POST", "/clinics", A_CLINIC, key="one")

    assert await problem(lost) == (504, "outcome_unknown")
    assert again.status == 201
    assert await door.everything() == (1, 0, 0)
