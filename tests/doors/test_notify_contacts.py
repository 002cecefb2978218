"""Who may say where they are reached, and what is no address?"""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from services.notify.store import Preferences
from tests.booking_doors import bearer, problem
from tests.booking_stories import ALICE
from tests.notify_doors import CONTACTS, Client, a_door

OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
async def client(notify_dsn: str, tmp_path: Path) -> AsyncIterator[Client]:
    async with a_door(notify_dsn, tmp_path) as door:
        yield door.client


async def shown(client: Client, person: UUID = ALICE) -> str | None:
    answer = await client.get(CONTACTS, headers=bearer(person))
    assert answer.status == 200
    body: dict[str, str | None] = await answer.json()
    return body["email"]


ONLY_MAIL = {"email": "alice@example.org", "phone": None, "browsers": 0, "apps": 0}


async def test_a_person_says_where_they_are_reached_and_takes_it_back(client: Client) -> None:
    before = await shown(client)
    put = await client.put(CONTACTS, headers=bearer(), json={"email": "alice@example.org"})
    kept = await shown(client)
    taken_back = await client.put(CONTACTS, headers=bearer(), json={"email": None})

    assert before is None
    assert (put.status, await put.json()) == (200, ONLY_MAIL)
    assert put.headers["Cache-Control"] == "no-store"
    assert kept == "alice@example.org"
    assert (taken_back.status, await shown(client)) == (200, None)


async def test_the_same_address_again_is_the_same_answer(client: Client) -> None:
    asked = [
        await client.put(CONTACTS, headers=bearer(), json={"email": "alice@example.org"})
        for _ in range(2)
    ]

    assert [answer.status for answer in asked] == [200, 200]


async def test_nobody_sees_or_changes_another_s_address(client: Client) -> None:
    boris = uuid4()
    await client.put(CONTACTS, headers=bearer(), json={"email": "alice@example.org"})
    await client.put(CONTACTS, headers=bearer(boris), json={"email": "boris@example.org"})

    assert await shown(client) == "alice@example.org"
    assert await shown(client, boris) == "boris@example.org"


@pytest.mark.parametrize("role", ["patient", "front_desk", "operator"])
async def test_who_works_for_patients_has_contacts_of_their_own(client: Client, role: str) -> None:
    answer = await client.put(
        CONTACTS, headers=bearer(uuid4(), roles=[role]), json={"email": "who@example.org"}
    )

    assert answer.status == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed_json"),
        (b"\xff", 400, "malformed_json"),
        (b"", 422, "invalid_body"),
        (b"{}", 422, "invalid_body"),
        (b"[]", 422, "invalid_body"),
        (b'{"email": 7}', 422, "invalid_body"),
        (b'{"email": ""}', 422, "invalid_body"),
        (b'{"email": "alice"}', 422, "invalid_body"),
        (b'{"email": "alice@example.org\\r\\nBcc: all@example.org"}', 422, "invalid_body"),
        (b'{"email": "alice@example.org", "phone": "1"}', 422, "invalid_body"),
        (b'{"email": "' + b"a" * 2_000 + b'@example.org"}', 422, "invalid_body"),
        (b'{"email": "' + b"a" * 1_000_000 + b'"}', 413, "body_too_large"),
    ],
)
async def test_what_is_no_address_is_refused_and_changes_nothing(
    client: Client,
    body: bytes,
    status: int,
    code: str,
) -> None:
    await client.put(CONTACTS, headers=bearer(), json={"email": "alice@example.org"})

    answer = await client.put(CONTACTS, headers=bearer(), data=body)

    assert await problem(answer) == (status, code)
    assert await shown(client) == "alice@example.org"


async def test_a_bad_address_is_refused_with_what_to_do(client: Client) -> None:
    answer = await client.put(CONTACTS, headers=bearer(), json={"email": "alice@localhost"})

    detail = (await answer.json())["detail"]
    assert "such as example.org" in detail
    assert "null" in detail


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "token_missing"),
        ({"Authorization": "Basic YTpi"}, "token_missing"),
        ({"Authorization": "Bearer nonsense"}, "token_invalid"),
        (bearer(exp=time.time() - 60), "token_expired"),
        (bearer(aud="another"), "token_invalid"),
        (bearer(iss="another"), "token_invalid"),
        (bearer(sub="alice"), "token_invalid"),
        (bearer(key=OTHER_KEY), "token_invalid"),
        (
            {"Authorization": f"Bearer {jwt.encode({'sub': str(ALICE)}, '', 'none')}"},
            "token_invalid",
        ),
    ],
)
async def test_who_is_not_signed_in_is_not_heard(
    client: Client,
    headers: dict[str, str],
    code: str,
) -> None:
    put = await client.put(CONTACTS, headers=headers, json={"email": "eve@example.org"})
    get = await client.get(CONTACTS, headers=headers)

    assert await problem(put) == (401, code)
    assert await problem(get) == (401, code)


async def test_another_method_is_named_as_such(client: Client) -> None:
    answer = await client.post(CONTACTS, headers=bearer(), json={"email": "alice@example.org"})

    assert await problem(answer) == (405, "method_not_allowed")


# ---- a phone, and how one wishes to be told ------------------------------------------------------

PREFERENCES = "/api/v1/me/preferences"
WISHES = {
    "language": "ru",
    "channels": ["sms", "email"],
    "quiet": {"begins": "22:00", "ends": "08:00", "time_zone": "Europe/Moscow"},
    "declined": ["reminder"],
    "consent": "2026-12",
}


async def test_a_phone_is_kept_until_it_is_taken_back(client: Client) -> None:
    said = [
        {"email": None, "phone": "+79161234567"},
        {"email": "alice@example.org"},
        {"email": "alice@example.org", "phone": None},
    ]

    answers = [await client.put(CONTACTS, headers=bearer(), json=body) for body in said]

    phones = [(await answer.json())["phone"] for answer in answers]
    assert phones == ["+79161234567", "+79161234567", None]


@pytest.mark.parametrize("phone", ["", "8 916 123", "+79161234567\r\n", "+12025550123", "+7916"])
async def test_what_is_no_phone_of_ours_is_refused_and_changes_nothing(
    client: Client, phone: str
) -> None:
    body = {"email": "alice@example.org", "phone": phone}

    answer = await client.put(CONTACTS, headers=bearer(), json=body)

    assert await problem(answer) == (422, "invalid_body")
    assert await shown(client) is None


async def test_a_person_says_how_they_wish_to_be_told_and_sees_it(client: Client) -> None:
    before = await (await client.get(PREFERENCES, headers=bearer())).json()
    put = await client.put(PREFERENCES, headers=bearer(), json=WISHES)
    held, after = await put.json(), await (await client.get(PREFERENCES, headers=bearer())).json()
    again = await (await client.put(PREFERENCES, headers=bearer(), json=WISHES)).json()
    others = await (await client.get(PREFERENCES, headers=bearer(uuid4()))).json()

    assert put.status == 200
    assert (before["language"], before["channels"], before["consented_at"]) == (None, [], None)
    more = {name: held[name] for name in ("consented_at", "version")}
    assert held == WISHES | more | {"consent_in_force": "2026-12", "consent_needed": False}
    assert held == after == again
    assert others == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"declined": ["change"]},
        {"declined": ["weather"]},
        {"channels": ["sms", "sms"]},
        {"channels": ["pigeon"]},
        {"quiet": {"begins": "22:00", "ends": "22:00", "time_zone": "Europe/Moscow"}},
        {"quiet": {"begins": "24:00", "ends": "08:00", "time_zone": "Europe/Moscow"}},
        {"quiet": {"begins": "22:00", "ends": "08:00", "time_zone": "Moscow"}},
        {"language": "de"},
        {"consent": "2020-01"},
    ],
)
async def test_a_wish_that_cannot_be_kept_changes_nothing(
    client: Client, wrong: dict[str, object]
) -> None:
    answer = await client.put(PREFERENCES, headers=bearer(), json=WISHES | wrong)

    assert await problem(answer) == (422, "invalid_body")
    kept = await (await client.get(PREFERENCES, headers=bearer())).json()
    assert kept["language"] is None


async def test_whoever_has_not_seen_what_holds_overwrites_nothing(client: Client) -> None:
    before = await (await client.get(PREFERENCES, headers=bearer())).json()
    seen = WISHES | {"version": before["version"]}

    first = await client.put(PREFERENCES, headers=bearer(), json=seen)
    second = await client.put(PREFERENCES, headers=bearer(), json=seen | {"declined": []})
    held = await (await client.get(PREFERENCES, headers=bearer())).json()
    third = seen | {"declined": [], "version": held["version"]}
    again = await (await client.put(PREFERENCES, headers=bearer(), json=third)).json()

    assert first.status == 200
    assert await problem(second) == (409, "preferences_changed")
    assert held["declined"] == ["reminder"]
    assert again["declined"] == []


async def test_what_a_link_has_stopped_is_not_begun_again_by_an_older_page(
    client: Client, notify_dsn: str
) -> None:
    before = await (await client.put(PREFERENCES, headers=bearer(), json=WISHES)).json()
    pool = await asyncpg.create_pool(notify_dsn, min_size=1, max_size=1)

    await Preferences(pool).decline(ALICE, "announcement")
    await pool.close()
    stale = WISHES | {"quiet": None, "version": before["version"]}
    answer = await client.put(PREFERENCES, headers=bearer(), json=stale)

    assert await problem(answer) == (409, "preferences_changed")
    held = await (await client.get(PREFERENCES, headers=bearer())).json()
    assert held["declined"] == ["reminder", "announcement"]
    assert held["quiet"] == WISHES["quiet"]
