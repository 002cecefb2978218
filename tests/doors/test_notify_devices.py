"""Who is told on which device, and who is not any more?"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientResponse

from services.notify.store import Contacts
from tests.booking_doors import bearer, problem
from tests.booking_stories import ALICE, BORIS
from tests.notify_doors import Door, a_door
from tests.notify_push_service import AUTH, P256DH
from tests.vaults import a_vault

DEVICES = "/api/v1/me/push-subscriptions"
PHONE = "https://fcm.googleapis.com/fcm/send/a-phone"
LAPTOP = "https://updates.push.services.mozilla.com/wpush/v2/a-laptop"


@pytest.fixture
async def door(notify_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(notify_dsn, tmp_path) as door:
        yield door


async def adds(door: Door, endpoint: str, who: UUID = ALICE, **keys: Any) -> ClientResponse:
    body = {"endpoint": endpoint, "keys": {"p256dh": P256DH, "auth": AUTH} | keys}
    return await door.client.post(DEVICES, headers=bearer(who), json=body)


async def shown(door: Door, who: UUID = ALICE) -> list[dict[str, str]]:
    answer = await door.client.get(DEVICES, headers=bearer(who))
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    found: list[dict[str, str]] = (await answer.json())["subscriptions"]
    return found


def known_by(endpoint: str) -> str:
    raw = hashlib.sha256(endpoint.encode()).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def route_of(door: Door, who: UUID) -> list[str] | None:
    route: list[str] | None = await door.pool.fetchval(
        "SELECT route FROM contact WHERE person_id = $1", who
    )
    return route


async def test_a_device_is_told_until_its_owner_does_not_want_it(door: Door) -> None:
    added = [await adds(door, endpoint) for endpoint in (PHONE, LAPTOP, PHONE)]
    ids = [(await answer.json())["id"] for answer in added]
    before, route = await shown(door), await route_of(door, ALICE)

    gone = await door.client.delete(f"{DEVICES}/{ids[0]}", headers=bearer())
    again = await door.client.delete(f"{DEVICES}/{ids[0]}", headers=bearer())

    assert ids[0] == ids[2] != ids[1]
    assert [one["device"] for one in before] == [known_by(PHONE), known_by(LAPTOP)]
    assert route == ["web_push"]
    assert gone.status == 204
    assert await problem(again) == (404, "not_found")
    assert [one["id"] for one in await shown(door)] == [ids[1]]


async def test_the_address_is_in_no_answer_and_in_no_table(door: Door) -> None:
    await adds(door, PHONE)
    answer = await door.client.get(DEVICES, headers=bearer())

    kept = await door.pool.fetch("SELECT address::text FROM address")

    assert "a-phone" not in await answer.text()
    assert b"a-phone".hex() not in str(kept)
    assert "a-phone" not in str(kept)


async def test_of_six_devices_the_oldest_is_not_told_any_more(door: Door) -> None:
    for nth in range(6):
        assert (await adds(door, f"{PHONE}{nth}")).status == 200

    found = [one["device"] for one in await shown(door)]

    assert found == [known_by(f"{PHONE}{nth}") for nth in (5, 4, 3, 2, 1)]


async def test_a_computer_that_two_use_tells_only_who_said_so_last(door: Door) -> None:
    await adds(door, PHONE)
    await adds(door, PHONE, who=BORIS)

    assert await shown(door) == []
    assert await route_of(door, ALICE) is None
    assert [one["device"] for one in await shown(door, BORIS)] == [known_by(PHONE)]


async def test_of_two_at_once_on_one_device_one_is_told(door: Door) -> None:
    answers = await asyncio.gather(*(adds(door, PHONE, who=uuid4()) for _ in range(3)))

    assert {answer.status for answer in answers} == {200}
    assert await door.pool.fetchval("SELECT count(*) FROM address") == 1


async def test_without_the_constraint_both_would_be_told(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await door.pool.execute("DROP INDEX a_device_is_one_person_s")
    kept = Contacts(door.pool, a_vault("notify"))
    entered = asyncio.Event()
    keep = Contacts.keep_device

    async def late(self: Contacts, *about: Any) -> None:
        """Both have looked before either keeps."""
        if entered.is_set():
            await keep(self, *about)
            return
        entered.set()
        await asyncio.sleep(0.2)
        await keep(self, *about)

    monkeypatch.setattr(Contacts, "keep_device", late)
    await asyncio.gather(adds(door, PHONE, who=ALICE), adds(door, PHONE, who=BORIS))

    assert await door.pool.fetchval("SELECT count(*) FROM address") == 2
    assert (await kept.show(ALICE)).web_push == (await kept.show(BORIS)).web_push == 1


async def test_nobody_sees_or_ends_another_s(door: Door) -> None:
    device = (await (await adds(door, PHONE)).json())["id"]

    other = await door.client.delete(f"{DEVICES}/{device}", headers=bearer(BORIS))
    nobody = await door.client.get(DEVICES)

    assert await problem(other) == (404, "not_found")
    assert await problem(nobody) == (401, "token_missing")
    assert len(await shown(door)) == 1
    assert await shown(door, BORIS) == []


@pytest.mark.parametrize(
    ("endpoint", "keys"),
    [
        ("https://127.0.0.1/x", {}),
        ("http://fcm.googleapis.com/x", {}),
        ("https://push.example/x", {}),
        (PHONE, {"p256dh": "AAAA"}),
        (PHONE, {"auth": "AAAA"}),
        (PHONE, {"more": "1"}),
    ],
)
async def test_nothing_is_pushed_wherever_somebody_says(
    door: Door, endpoint: str, keys: dict[str, str]
) -> None:
    answer = await adds(door, endpoint, **keys)

    assert await problem(answer) == (422, "invalid_body")
    assert await door.pool.fetchval("SELECT count(*) FROM address") == 0


async def test_without_a_key_nobody_subscribes(notify_dsn: str, tmp_path: Path) -> None:
    async with a_door(notify_dsn, tmp_path, push_key="") as door:
        said = await (await door.client.get(DEVICES, headers=bearer())).json()
        refused = await problem(await adds(door, PHONE))

    assert said == {"server_key": None, "subscriptions": []}
    assert refused == (409, "push_off")
