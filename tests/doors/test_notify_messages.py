"""What does a person's page of messages show, to whom, and who settles what nobody knows?"""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from services.notify.rules import messages_for
from services.notify.store import Contacts, write_down
from shared.messages import BookingRescheduled, VisitAdmitted
from tests.access_stories import entries_in
from tests.booking_doors import bearer, problem
from tests.booking_stories import ALICE, BORIS
from tests.notify_bookings import BOOKING, NOON, a_place, moved
from tests.notify_doors import Door, a_door, an_unknown_message
from tests.vaults import a_vault

OWN = "/api/v1/me/messages"
UNKNOWN = "/api/v1/messages/unknown"
OPERATOR = UUID("0be7a704-0000-4000-8000-000000000001")


@pytest.fixture
async def door(notify_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(notify_dsn, tmp_path) as opened:
        yield opened


def operator() -> dict[str, str]:
    return bearer(OPERATOR, roles=["operator"])


async def shown(door: Door, path: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = await door.client.get(path, headers=headers)
    assert answer.status == 200, await answer.text()
    body = await answer.json()
    found: list[dict[str, Any]] = body["messages"]
    return found


async def tell(door: Door, event: BookingRescheduled | VisitAdmitted) -> None:
    """Alice, who has an address, is to be told of this."""
    await Contacts(door.pool, a_vault("notify")).keep(ALICE, "alice@example.org")
    async with door.pool.acquire() as connection, connection.transaction():
        await write_down(connection, messages_for(event))


async def settle(door: Door, name: object, fate: str = "failed") -> Any:
    body = {"fate": fate, "note": "They called: nothing has come."}
    path = f"/api/v1/messages/{name}/settle"
    return await door.client.post(path, json=body, headers=operator())


async def test_a_person_sees_what_they_were_told_when_by_what_and_its_fate(door: Door) -> None:
    await an_unknown_message(door.pool, ALICE)

    (message,) = await shown(door, OWN, bearer())

    assert (message["tells"], message["channel"], message["fate"]) == (
        "BookingConfirmed",
        "email",
        "unknown",
    )
    assert "booked" in message["said"]
    assert message["visits"][0]["clinic_name"] == "Clinic 12"
    assert message["settled_at"] >= message["written_at"]
    assert "example.org" not in str(message)


async def test_nobody_sees_another_s_messages(door: Door) -> None:
    await an_unknown_message(door.pool, ALICE)

    assert await shown(door, OWN, bearer(BORIS)) == []
    answer = await door.client.get(f"/api/v1/patients/{ALICE}/messages", headers=bearer(BORIS))
    assert (await problem(answer))[0] == 403


async def test_a_long_story_comes_in_pages(door: Door) -> None:
    for _ in range(3):
        await an_unknown_message(door.pool, ALICE)

    first = await (await door.client.get(OWN, params={"limit": 2}, headers=bearer())).json()
    query = {"limit": 2, "cursor": first["cursor"]}
    second = await (await door.client.get(OWN, params=query, headers=bearer())).json()

    ids = [message["event_id"] for message in (*first["messages"], *second["messages"])]
    assert (len(ids), len(set(ids)), second["cursor"]) == (3, 3, None)


async def test_staff_see_a_patient_s_messages_and_it_is_noted(door: Door) -> None:
    await an_unknown_message(door.pool, ALICE)

    found = await shown(door, f"/api/v1/patients/{ALICE}/messages", operator())

    (entry,) = await entries_in(door.pool)
    assert [message["fate"] for message in found] == ["unknown"]
    assert (entry.actor_id, entry.persons, entry.operation) == (
        OPERATOR,
        (ALICE,),
        "list_patient_messages",
    )


async def test_an_operator_sees_what_nobody_knows_and_settles_it_once(door: Door) -> None:
    await an_unknown_message(door.pool, ALICE)
    (unknown,) = await shown(door, UNKNOWN, operator())

    settled = await settle(door, unknown["event_id"])
    again = await settle(door, unknown["event_id"])
    otherwise = await settle(door, unknown["event_id"], "delivered")

    assert UUID(unknown["person_id"]) == ALICE
    assert (settled.status, (await settled.json())["fate"]) == (200, "failed")
    assert again.status == 200
    assert await problem(otherwise) == (409, "message_settled")
    assert await shown(door, UNKNOWN, operator()) == []
    row = await door.pool.fetchrow("SELECT settled_by, settled_note FROM message")
    assert row is not None
    assert row["settled_by"] == OPERATOR


async def test_what_an_operator_says_has_failed_is_told_by_the_next_channel(door: Door) -> None:
    body = {"email": "alice@example.org", "phone": "+79161234567"}
    await door.client.put("/api/v1/me/contacts", json=body, headers=bearer())
    number = await an_unknown_message(door.pool, ALICE)

    await settle(door, number)

    fates = [(m["channel"], m["fate"]) for m in await shown(door, OWN, bearer())]
    assert fates == [("sms", "waiting"), ("email", "failed")]


@pytest.mark.parametrize("name", ["0", "x", str(OPERATOR)])
async def test_what_is_no_message_is_not_found(door: Door, name: str) -> None:
    assert (await problem(await settle(door, name)))[0] == 404


@pytest.mark.parametrize(
    "body", [{}, {"fate": "sent", "note": "x"}, {"fate": "failed", "note": "a\nb"}]
)
async def test_bad_words_settle_nothing(door: Door, body: dict[str, str]) -> None:
    number = await an_unknown_message(door.pool, ALICE)

    answer = await door.client.post(
        f"/api/v1/messages/{number}/settle", json=body, headers=operator()
    )

    assert (await problem(answer))[0] in (400, 422)
    assert await door.pool.fetchval("SELECT state FROM message") == "unknown"


async def test_a_patient_settles_nothing(door: Door) -> None:
    number = await an_unknown_message(door.pool, ALICE)

    answer = await door.client.post(
        f"/api/v1/messages/{number}/settle",
        json={"fate": "failed", "note": "x"},
        headers=bearer(),
    )

    assert (await problem(answer))[0] == 403


async def test_a_move_says_which_visit_is_no_more_and_whose_doing_it_is(door: Door) -> None:
    before, after = a_place(NOON), a_place(NOON - timedelta(days=1))
    event = moved(to=[after], away_from=[before])
    await tell(door, msgspec.structs.replace(event, owner_id=ALICE))

    (message,) = await shown(door, OWN, bearer())

    assert (message["tells"], message["kind"]) == ("BookingRescheduled", "change")
    times = [(visit["starts_at"], visit["freed"]) for visit in message["visits"]]
    assert times == [("2100-06-30T09:00:00Z", False), ("2100-07-01T09:00:00Z", True)]


async def test_a_step_of_a_visit_says_which_visit(door: Door) -> None:
    about = {"id": uuid4(), "cause": uuid4(), "at": NOON, "booking_id": BOOKING, "version": 1}
    await tell(door, VisitAdmitted(**about, owner_id=ALICE, step=3, place=a_place(NOON)))

    (message,) = await shown(door, OWN, bearer())

    assert (message["tells"], message["kind"]) == ("VisitAdmitted", "visit")
    assert [visit["starts_at"] for visit in message["visits"]] == ["2100-07-01T09:00:00Z"]
