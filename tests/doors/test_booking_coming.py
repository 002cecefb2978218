"""What does a clinic see of who was reminded and says that they come?"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientResponse

from services.booking.api.desk import DESK
from services.booking.store import database
from shared.links.rules import Keys, Link, Purpose, token_of
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, BORIS
from tests.doors.test_booking_day import NOON, day

KEYS = Keys(signs=1, secrets={1: bytes(32)})
UNLOOKED = """INSERT INTO coming (place_id, slot_id, booking_id)
              SELECT place_id, slot_id, $1 FROM unnest($2::uuid[], $3::uuid[])
                     AS said (place_id, slot_id) ON CONFLICT DO NOTHING"""


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    """A front desk that knows the messenger's keys."""
    async with a_door(booking_dsn, tmp_path) as door:
        door.client.app[DESK].link_keys = KEYS
        yield door


async def booked(door: Door, starts_at: datetime = NOON) -> dict[str, Any]:
    """Alice has a visit tomorrow."""
    slot = await door.open_slot(uuid4(), 5, starts_at=starts_at)
    answer = await door.book(slot)
    assert answer.status == 201
    made: dict[str, Any] = await answer.json()
    return made


def a_token(booking: dict[str, Any], **about: Any) -> str:
    """What Alice was sent when she was reminded."""
    said: dict[str, Any] = {
        "purpose": "confirm_visit",
        "person_id": ALICE,
        "object_id": UUID(booking["id"]),
        "until": NOON,
    }
    return token_of(Link(**said | about), KEYS)


async def looks(door: Door, token: str) -> ClientResponse:
    return await door.client.get(f"/api/v1/links/{token}/coming")


async def comes(door: Door, token: str) -> ClientResponse:
    return await door.client.put(f"/api/v1/links/{token}/coming", json={})


async def said_of(door: Door) -> list[bool]:
    """Of which lines of its day the clinic knows that somebody comes."""
    return [line["coming_at"] is not None for line in (await day(door))["bookings"]]


async def test_one_tap_and_the_clinic_s_day_says_so(door: Door) -> None:
    token = a_token(await booked(door))
    await booked(door, NOON + timedelta(hours=2))

    before = await said_of(door)
    answers = [await comes(door, token), await comes(door, token)]

    assert before == [False, False]
    assert await said_of(door) == [True, False]
    assert [answer.status for answer in answers] == [200, 200]
    assert (await answers[0].json())["status"] == "coming"
    assert await answers[0].text() == await answers[1].text()
    assert answers[0].headers["Cache-Control"] == "no-store"
    assert str(ALICE) not in await answers[0].text()


async def test_looking_says_nothing(door: Door) -> None:
    token = a_token(await booked(door))
    before = await door.everything()

    looked = [await (await looks(door, token)).json() for _ in range(3)]

    assert {one["status"] for one in looked} == {"booked"}
    assert await said_of(door) == [False]
    assert await door.everything() == before


async def test_whoever_moved_their_visit_has_not_said_that_they_come_to_where_it_is(
    door: Door,
) -> None:
    made = await booked(door)
    token = a_token(made)
    await comes(door, token)
    later = await door.open_slot(uuid4(), 5, starts_at=NOON + timedelta(hours=1))
    body = {"places": [{"slot_id": str(later)}]}

    moved = await door.ask("POST", f"/bookings/{made['id']}/reschedule", body)

    assert moved.status == 200, await moved.text()
    assert await said_of(door) == [False]
    assert await problem(await comes(door, token)) == (404, "link_gone")
    assert await problem(await looks(door, token)) == (404, "link_gone")


async def test_whatever_is_wrong_with_the_link_it_is_gone_in_the_same_words(door: Door) -> None:
    made = await booked(door)
    other: Purpose = "cancel_booking"
    wrong = {
        "of another time": a_token(made, until=NOON + timedelta(hours=3)),
        "another's": a_token(made, person_id=BORIS),
        "for no booking": a_token({"id": str(uuid4())}),
        "to cancel": a_token(made, purpose=other),
        "nothing like it": "coming",
    }

    said = {name: await (await looks(door, token)).text() for name, token in wrong.items()}
    tapped = {name: await (await comes(door, token)).text() for name, token in wrong.items()}
    await door.ask("POST", f"/bookings/{made['id']}/cancel", {})
    tapped["cancelled"] = await (await comes(door, a_token(made))).text()

    assert len({*said.values(), *tapped.values()}) == 1
    assert "link_gone" in tapped["cancelled"]
    assert await door.pool.fetchval("SELECT count(*) FROM coming") == 0


async def test_a_link_to_come_does_not_cancel(door: Door) -> None:
    token = a_token(await booked(door))
    headers = {"Idempotency-Key": str(uuid4())}

    answer = await door.client.post(f"/api/v1/links/{token}", json={}, headers=headers)

    assert await problem(answer) == (404, "link_gone")


@pytest.mark.parametrize(("statement", "rows"), [(None, 0), (UNLOOKED, 1)])
async def test_what_is_cancelled_while_it_is_said_is_not_said_but_for_the_statement_s_look(
    door: Door, monkeypatch: pytest.MonkeyPatch, statement: str | None, rows: int
) -> None:
    made = await booked(door)
    if statement is not None:
        monkeypatch.setitem(database.SQL, "say_coming", statement)
    found = await door.client.app[DESK].bookings.load(UUID(made["id"]))
    assert found is not None
    await door.pool.execute("UPDATE booking SET status = 'cancelled'")

    await door.client.app[DESK].coming.say(found.id, found.places)

    assert await door.pool.fetchval("SELECT count(*) FROM coming") == rows
