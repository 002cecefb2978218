"""Whom does a clinic call, what is noted of it, and who never costs anybody a call?"""

import csv
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from services.notify.rules import messages_for
from services.notify.rules.calls import clinic_of, due_to_a_list
from services.notify.store import write_down
from tests.access_stories import entries_in
from tests.booking_doors import bearer, problem
from tests.booking_stories import ALICE, BORIS
from tests.notify_bookings import a_place, cancelled, confirmed, missed, moved
from tests.notify_calls import a_call, hears, revoked
from tests.notify_doors import Door, a_door
from tests.stories import CLINIC, an_id

NURSE = an_id("a nurse")


@pytest.fixture
async def door(notify_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(notify_dsn, tmp_path) as door:
        yield door


def staff(clinic: UUID = CLINIC, who: UUID = NURSE) -> dict[str, str]:
    return bearer(who, roles=["front_desk"], clinics=[str(clinic)])


async def calls(door: Door, more: str = "", clinic: UUID = CLINIC) -> list[dict[str, Any]]:
    path = f"/api/v1/clinics/{clinic}/call-list{more}"
    answer = await door.client.get(path, headers=staff(clinic))
    assert answer.status == 200, await answer.text()
    assert answer.headers["Cache-Control"] == "private, no-store"
    found: list[dict[str, Any]] = (await answer.json())["calls"]
    return found


async def notes(door: Door, call: UUID, fate: str, who: UUID = NURSE, **more: str) -> Any:
    path = f"/api/v1/clinics/{CLINIC}/call-list/{call}"
    return await door.client.post(path, headers=staff(who=who), json={"fate": fate} | more)


def test_only_what_the_clinic_cancelled_is_anybody_s_to_call_about() -> None:
    place = a_place()

    assert due_to_a_list(cancelled(place, reason="clinic"))
    for event in (
        confirmed(place),
        cancelled(place),
        moved(to=[place], away_from=[a_place()]),
        missed(place),
    ):
        assert not due_to_a_list(event)


async def test_whose_call_it_is_the_rule_and_the_list_s_index_say_alike(door: Door) -> None:
    places = [a_place(), a_place()]
    events = [
        confirmed(*places),
        cancelled(*places),
        moved(to=places[:1], away_from=places[1:]),
        missed(*places),
        msgspec.structs.replace(cancelled(*places), freed=()),
    ]

    said = [
        await door.pool.fetchval("SELECT clinic_of($1::jsonb)", msgspec.json.encode(event).decode())
        for event in events
    ]

    assert said == [clinic_of(event) for event in events]
    assert said[-1] is None


async def test_who_has_no_address_is_on_the_list_of_the_clinic_that_cancelled(door: Door) -> None:
    call = await a_call(door.pool, CLINIC, ALICE)
    await a_call(door.pool, an_id("another clinic"))

    [found] = await calls(door)

    assert (found["id"], found["patient_id"]) == (str(call), str(ALICE))
    assert (found["about"], found["fate"], found["settled_by"]) == ("BookingRevoked", None, None)
    assert found["text"]
    assert datetime.fromisoformat(found["until"]) > datetime.now(UTC)
    [entry] = await entries_in(door.pool)
    assert (entry.actor_id, entry.persons, entry.about) == (NURSE, (ALICE,), CLINIC)


async def test_it_is_noted_once_by_who_called_and_when(door: Door) -> None:
    call = await a_call(door.pool, CLINIC)

    first = await notes(door, call, "delivered", note="Told at once")
    again = await notes(door, call, "delivered", note="Told twice")
    other = await notes(door, call, "failed", who=an_id("another nurse"))

    said = await first.json()
    assert (said["fate"], said["settled_by"]) == ("delivered", str(NURSE))
    assert said["note"] == "Told at once"
    assert said["settled_at"]
    assert await again.json() == said
    assert await problem(other) == (409, "call_settled")
    assert await calls(door) == []
    assert await calls(door, "?status=done") == [said]


async def test_a_list_is_read_page_by_page_and_printed(door: Door) -> None:
    made = [await a_call(door.pool, CLINIC) for _ in range(3)]
    path = f"/api/v1/clinics/{CLINIC}/call-list"

    first = await (await door.client.get(f"{path}?limit=2", headers=staff())).json()
    more = f"{path}?limit=2&cursor={first['cursor']}"
    rest = await (await door.client.get(more, headers=staff())).json()
    printed = await door.client.get(f"{path}.csv", headers=staff())

    found = [one["id"] for one in (*first["calls"], *rest["calls"])]
    assert found == [str(call) for call in made]
    assert rest["cursor"] is None
    assert printed.content_type == "text/csv"
    rows = list(csv.DictReader((await printed.text()).splitlines()))
    assert [row["id"] for row in rows] == found
    cursor = b'["x"]'.hex()
    strange = await door.client.get(f"{path}?cursor={cursor}", headers=staff())
    assert await problem(strange) == (422, "invalid_query")


async def test_what_begins_like_a_formula_is_printed_as_what_it_is(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_call(door.pool, CLINIC)
    monkeypatch.setattr("services.notify.api.calls.short", lambda *_, **__: "=1+1")

    path = f"/api/v1/clinics/{CLINIC}/call-list.csv"
    printed = await (await door.client.get(path, headers=staff())).text()

    assert ",'=1+1," in printed


async def test_it_is_only_for_those_who_work_at_the_clinic(door: Door) -> None:
    call = await a_call(door.pool, CLINIC)
    path = f"/api/v1/clinics/{CLINIC}/call-list"
    elsewhere = staff(an_id("another clinic"))

    looked = await door.client.get(path, headers=elsewhere)
    noted = await door.client.post(f"{path}/{call}", headers=elsewhere, json={"fate": "failed"})
    patient = await door.client.get(path, headers=bearer(BORIS))
    of_another = await door.client.post(
        f"/api/v1/clinics/{an_id('another clinic')}/call-list/{call}",
        headers=elsewhere,
        json={"fate": "failed"},
    )

    assert await problem(looked) == await problem(noted) == (404, "not_found")
    assert await problem(patient) == (403, "forbidden")
    assert await problem(of_another) == (404, "not_found")
    assert len(await calls(door)) == 1


async def test_heard_again_nobody_is_called_twice_and_nobody_about_the_past(door: Door) -> None:
    event = revoked(CLINIC, ALICE)
    past = datetime(2026, 1, 1, tzinfo=UTC)
    place = msgspec.structs.replace(event.freed[0], starts_at=past, ends_at=past)
    await hears(door.pool, event, revoked(CLINIC, BORIS, freed=(place,)))

    await hears(door.pool, event)

    rows = await door.pool.fetch("SELECT owner_id, state FROM message WHERE channel = 'list'")
    assert [tuple(row) for row in rows] == [(ALICE, "waiting")]


async def test_whoever_has_an_address_is_written_to_instead(door: Door) -> None:
    contacts = {"email": "alice@example.org"}
    await door.client.put("/api/v1/me/contacts", headers=bearer(ALICE), json=contacts)

    await hears(door.pool, revoked(CLINIC, ALICE))

    rows = await door.pool.fetch("SELECT channel, state FROM message")
    assert [tuple(row) for row in rows] == [("email", "waiting")]


async def test_a_plain_booking_of_who_has_no_address_is_one_row_and_no_call(door: Door) -> None:
    event = confirmed(booking_id=uuid4())
    async with door.pool.acquire() as connection, connection.transaction():
        await write_down(connection, messages_for(event))

    rows = await door.pool.fetch("SELECT channel, state FROM message")

    assert [tuple(row) for row in rows] == [("email", "no_address")]
