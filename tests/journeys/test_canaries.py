"""Does anything personal turn up in clear where it has no business, whatever happens to it?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import pytest

from deploy.local.stack import SUPERUSER
from talon.tokens import Signer
from tests.canaries import OF_A_CITY, found
from tests.town import Town

ADDRESS = "canary-sings-7f3a@address.example"
WRONG = "canary-sings-91bd@@address.example"
UNKNOWN = "canary-sings-c05e"
PROFILE = {
    "name": "Canary Sings 5d17",
    "birth_date": "1907-11-30",
    "phone": "+7 987 654-32-17",
    "email": "canary-sings-88e2@profile.example",
    "notes": "canary-sings-0b6c at night",
}
OF_A_CHILD = {"birth_date": (datetime.now(UTC).date() - timedelta(days=3_333)).isoformat()}
SPELLED = "+79876543217"
CANARIES = [ADDRESS, WRONG, UNKNOWN, OF_A_CITY, *PROFILE.values(), *OF_A_CHILD.values(), SPELLED]
MAILED_LOOKS_MAX = 200


@pytest.fixture
async def session(town: Town) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody with an address, at the edge."""
    token = Signer(town.stack).sign(uuid4(), ["patient"], hours=1)
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as made:
        yield made


async def test_an_address_is_in_the_mail_and_what_is_known_of_a_person_nowhere(
    town: Town, session: aiohttp.ClientSession
) -> None:
    await _keep_an_address(town, session)
    await _say_who_one_is(town, session)
    await _book(town, session)
    await _until_mailed(town)
    await _go_wrong_at_the_doors(town, session)
    await _break_a_promise_of_the_database(town)

    assert await found(town.stack, CANARIES) == []


async def test_a_canary_that_gets_out_is_found(town: Town) -> None:
    word = "canary-gets-out-3ac9"
    log = town.stack.logs / "canary.log"
    log.write_text(f"{word.encode().hex()}\n", "utf-8")
    connection = await asyncpg.connect(town.stack.dsn(SUPERUSER))
    about = (uuid4(), word.encode())
    await connection.execute(
        "INSERT INTO slots.answer VALUES ($1, $2, 'refused', '', now())", *about
    )

    try:
        places = await found(town.stack, [word])
    finally:
        log.unlink()
        await connection.execute("DELETE FROM slots.answer WHERE id = $1", about[0])
        await connection.close()

    assert places == [f"{word} in logs/canary.log", f"{word} in slots.answer.body_hash"]


async def _keep_an_address(town: Town, session: aiohttp.ClientSession) -> None:
    url = f"{town.stack.edge}/api/v1/me/contacts"
    for _ in range(2):
        async with session.put(url, json={"email": ADDRESS}) as said:
            assert said.status == 200
    async with session.get(url) as said:
        assert (await said.json())["email"] == ADDRESS


async def _say_who_one_is(town: Town, session: aiohttp.ClientSession) -> None:
    """A profile, a dependant's, and staff who look for both."""
    api = f"{town.stack.edge}/api/v1"
    child = (await _post(session, f"{api}/me/dependants", {}))["id"]
    for path, about in (("/me", PROFILE), (f"/me/dependants/{child}", PROFILE | OF_A_CHILD)):
        async with session.put(api + path, json=about) as said:
            assert said.status == 200
    for path in ("/me", "/me/export", "/me/dependants"):
        async with session.get(api + path) as said:
            assert PROFILE["name"] in await said.text()
    clerk = Signer(town.stack).sign(uuid4(), ["front_desk"], hours=1)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {clerk}"}) as desk:
        for kind in ("phone", "email"):
            found = await _post(desk, f"{api}/patients/search", {kind: PROFILE[kind]})
            assert child in {one["id"] for one in found["patients"]}


async def _book(town: Town, session: aiohttp.ClientSession) -> None:
    """A booking, its cancelling, and a refusal."""
    api = f"{town.stack.edge}/api/v1"
    slot = await _a_slot(town, api)
    booked = await _post(session, f"{api}/bookings", {"places": [{"slot_id": slot}]})
    assert booked["status"] == "booked", booked
    await _post(session, f"{api}/bookings/{booked['id']}/cancel", {})
    await _post(session, f"{api}/bookings", {"places": [{"slot_id": str(uuid4())}]})


async def _a_slot(town: Town, api: str) -> str:
    """A slot that a clinic of its own opens."""
    operator = Signer(town.stack).sign(uuid4(), ["operator"], hours=1)
    soon = datetime.now(UTC) + timedelta(days=2)
    slot = {
        "service": "clinic-visit",
        "starts_at": soon.isoformat(),
        "ends_at": (soon + timedelta(minutes=15)).isoformat(),
        "capacity": 1,
    }
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {operator}"}) as desk:
        clinic = {"name": "Polyclinic No. 98", "time_zone": "Europe/Moscow"}
        made = await _post(desk, f"{api}/clinics", clinic)
        opened = await _post(desk, f"{api}/clinics/{made['id']}/slots", {"slots": [slot]})
    slot_id: str = opened["slots"][0]["id"]
    return slot_id


async def _post(session: aiohttp.ClientSession, url: str, body: Any) -> Any:
    async with session.post(url, json=body, headers={"Idempotency-Key": str(uuid4())}) as said:
        return await said.json()


async def _until_mailed(town: Town) -> None:
    for _ in range(MAILED_LOOKS_MAX):
        if ADDRESS in town.stack.inbox.read_text("utf-8"):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("nobody wrote to that address")


async def _go_wrong_at_the_doors(town: Town, session: aiohttp.ClientSession) -> None:
    """Every kind of complaint, with something personal where it does not belong."""
    api = f"{town.stack.edge}/api/v1"
    wishes: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", "/me/contacts", {"json": {"email": WRONG}}),
        ("PUT", "/me/contacts", {"json": {"email": ADDRESS, UNKNOWN: UNKNOWN}}),
        ("PUT", "/me/contacts", {"json": {"email": [UNKNOWN]}}),
        ("PUT", "/me/contacts", {"data": f'{{"email": "{UNKNOWN}'}),
        ("PUT", "/me/contacts", {"json": {"email": UNKNOWN * 20_000}}),
        ("PUT", "/me", {"json": PROFILE | {UNKNOWN: UNKNOWN}}),
        ("PUT", "/me", {"json": PROFILE | {"birth_date": UNKNOWN}}),
        ("PUT", "/me", {"json": PROFILE | {"email": WRONG}}),
        ("POST", "/patients/search", {"json": {"email": ADDRESS}}),
        ("GET", f"/me?phone={SPELLED}", {}),
        ("POST", "/bookings", {"json": {"places": [{"slot_id": UNKNOWN}]}}),
        ("POST", "/bookings", {"json": {}, "headers": {"Idempotency-Key": UNKNOWN * 30}}),
        ("GET", f"/bookings/{UNKNOWN}", {}),
        ("GET", f"/slots?clinic={UNKNOWN}", {}),
        ("GET", f"/{UNKNOWN}", {}),
        ("GET", "/bookings", {"headers": {"Authorization": f"Bearer {UNKNOWN}"}}),
        ("GET", "/bookings", {"headers": {"X-Request-Id": UNKNOWN, "Referer": UNKNOWN}}),
        ("GET", "/bookings", {"headers": {"X-Long": UNKNOWN * 2_000}}),
    ]
    for method, path, options in wishes:
        async with session.request(method, api + path, **options) as said:
            assert said.status < 500, (path, await said.text())


async def _break_a_promise_of_the_database(town: Town) -> None:
    """A statement that the door should have stopped: PostgreSQL would log the whole row."""
    for role in ("notify", SUPERUSER):
        connection = await asyncpg.connect(town.stack.dsn(role))
        keep = "INSERT INTO notify.contact (person_id, email) VALUES ($1, $2)"
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(keep, UUID(int=1), WRONG)
        await connection.close()
