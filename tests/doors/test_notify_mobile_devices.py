"""Who is told by an app on which phone, and who is not any more?"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import ClientResponse

from services.notify.rules.push import known_by
from tests.booking_doors import bearer, problem
from tests.booking_stories import ALICE, BORIS
from tests.notify_apns import APP
from tests.notify_doors import CONTACTS, Door, a_door

DEVICES = "/api/v1/me/mobile-devices"
PHONE, TABLET = "0a" * 32, "0b" * 32


@pytest.fixture
async def door(notify_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(notify_dsn, tmp_path) as door:
        yield door


async def adds(door: Door, token: str, who: UUID = ALICE, **more: Any) -> ClientResponse:
    body = {"token": token, "app": APP, "environment": "production"} | more
    return await door.client.post(DEVICES, headers=bearer(who), json=body)


async def shown(door: Door, who: UUID = ALICE) -> list[dict[str, str]]:
    answer = await door.client.get(DEVICES, headers=bearer(who))
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = await answer.json()
    assert (body["apps"], body["environment"]) == ([APP], "production")
    found: list[dict[str, str]] = body["devices"]
    return found


async def route_of(door: Door, who: UUID) -> list[str] | None:
    route: list[str] | None = await door.pool.fetchval(
        "SELECT route FROM contact WHERE person_id = $1", who
    )
    return route


async def test_a_phone_is_told_until_its_owner_does_not_want_it(door: Door) -> None:
    added = [await adds(door, token) for token in (PHONE, TABLET, PHONE.upper())]
    ids = [(await answer.json())["id"] for answer in added]
    before, route = await shown(door), await route_of(door, ALICE)
    contacts = await (await door.client.get(CONTACTS, headers=bearer())).json()

    gone = await door.client.delete(f"{DEVICES}/{ids[0]}", headers=bearer())
    again = await door.client.delete(f"{DEVICES}/{ids[0]}", headers=bearer())

    assert ids[0] == ids[2] != ids[1]
    assert [one["device"] for one in before] == [known_by(PHONE), known_by(TABLET)]
    assert [one["app"] for one in before] == [APP, APP]
    assert route == ["mobile_push"]
    assert (contacts["apps"], contacts["browsers"]) == (2, 0)
    assert gone.status == 204
    assert await problem(again) == (404, "not_found")
    assert [one["id"] for one in await shown(door)] == [ids[1]]


async def test_the_token_is_in_no_answer_and_in_no_table(door: Door) -> None:
    await adds(door, PHONE)
    answer = await door.client.get(DEVICES, headers=bearer())

    kept = await door.pool.fetch("SELECT address::text FROM address")

    assert len(kept) == 1
    for hidden in (PHONE, PHONE.encode().hex()):
        assert hidden not in await answer.text()
        assert hidden not in str(kept)


async def test_of_six_phones_the_oldest_is_not_told_any_more(door: Door) -> None:
    tokens = [f"{nth:064x}" for nth in range(6)]
    for token in tokens:
        assert (await adds(door, token)).status == 200

    found = [one["device"] for one in await shown(door)]

    assert found == [known_by(token) for token in reversed(tokens[1:])]


async def test_a_phone_that_two_use_tells_only_who_said_so_last(door: Door) -> None:
    await adds(door, PHONE)
    await adds(door, PHONE, who=BORIS)

    assert await shown(door) == []
    assert await route_of(door, ALICE) is None
    assert [one["device"] for one in await shown(door, BORIS)] == [known_by(PHONE)]


async def test_nobody_sees_or_ends_another_s(door: Door) -> None:
    device = (await (await adds(door, PHONE)).json())["id"]

    other = await door.client.delete(f"{DEVICES}/{device}", headers=bearer(BORIS))
    nobody = await door.client.get(DEVICES)

    assert await problem(other) == (404, "not_found")
    assert await problem(nobody) == (401, "token_missing")
    assert len(await shown(door)) == 1
    assert await shown(door, BORIS) == []


async def test_a_phone_is_no_browser_and_neither_ends_the_other(door: Door) -> None:
    device = (await (await adds(door, PHONE)).json())["id"]

    answer = await door.client.delete(f"/api/v1/me/push-subscriptions/{device}", headers=bearer())

    assert await problem(answer) == (404, "not_found")
    assert len(await shown(door)) == 1


async def test_nothing_is_pushed_wherever_somebody_says(door: Door) -> None:
    for wrong in (
        {"token": "0a" * 31},
        {"token": "zz" * 32},
        {"token": f"../{PHONE}"},
        {"token": ""},
        {"app": "org.example.another"},
        {"environment": "sandbox"},
        {"environment": "staging"},
        {"more": "1"},
    ):
        answer = await adds(door, **{"token": PHONE} | wrong)
        assert await problem(answer) == (422, "invalid_body")

    assert await door.pool.fetchval("SELECT count(*) FROM address") == 0


async def test_without_an_app_of_one_s_own_nobody_is_told_by_one(
    notify_dsn: str, tmp_path: Path
) -> None:
    async with a_door(notify_dsn, tmp_path, apns_key="") as door:
        said = await (await door.client.get(DEVICES, headers=bearer())).json()
        refused = await problem(await adds(door, PHONE))

    assert said == {"apps": [], "environment": "production", "devices": []}
    assert refused == (409, "push_off")
