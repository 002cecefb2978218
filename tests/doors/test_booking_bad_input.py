"""What at the front desk's door is no wish? Each has its status and code, and changes nothing."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests import stories
from tests.booking_doors import Door, a_door, bearer, problem
from tests.booking_stories import ALICE, BORIS, MONDAY
from tests.stories import an_id

SLOT = str(MONDAY)
A_PLACE = {"slot_id": SLOT}
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
KEY = {"Idempotency-Key": "one"}


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        await opened.open_slot("Monday", capacity=2)
        yield opened


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"places": []},
        {"places": [A_PLACE] * 9},
        {"places": A_PLACE},
        {"places": [{}]},
        {"places": [{"slot_id": "Monday"}]},
        {"places": [{"slot_id": 7}]},
        {"places": [{"slot_id": SLOT, "dose": 0}]},
        {"places": [{"slot_id": SLOT, "dose": 5}]},
        {"places": [{"slot_id": SLOT, "dose": "first"}]},
        {"places": [{"slot_id": SLOT, "patient_id": "Alice"}]},
        {"places": [{"slot_id": SLOT, "name": "Alice"}]},
        {"places": [A_PLACE], "campaign_id": "autumn"},
        {"places": [A_PLACE], "hold_id": 1},
        {"places": [A_PLACE], "urgent": True},
        [A_PLACE],
        "Monday",
        None,
    ],
)
async def test_a_body_that_is_no_booking_is_refused(door: Door, body: Any) -> None:
    before = await door.everything()

    answer = await door.client.post("/api/v1/bookings", json=body, headers=bearer() | KEY)

    assert await problem(answer) == (422, "invalid_body")
    assert await door.everything() == before
    assert door.referee.taken == []


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, "malformed_json"),
        (b"\xff\xfe", 400, "malformed_json"),
        (b'{"places": [' + b"[" * 5_000, 422, "invalid_body"),
        (b'{"places": "' + b"a" * 1_000_000 + b'"}', 413, "body_too_large"),
        (b"", 422, "invalid_body"),
    ],
)
async def test_bytes_that_are_no_body_are_refused(
    door: Door, raw: bytes, status: int, code: str
) -> None:
    answer = await door.client.post("/api/v1/bookings", data=raw, headers=bearer() | KEY)

    assert await problem(answer) == (status, code)
    assert door.referee.taken == []


CAMPAIGN = {
    "name": "Autumn",
    "service": "vaccination",
    "opens_at": "2020-01-01T00:00:00Z",
    "doses": 2,
    "min_days": 5,
    "max_days": 9,
}
CHANGES: list[tuple[str, str, Any]] = [
    ("POST", "/bookings", {"places": [A_PLACE]}),
    ("POST", "/holds", {"places": [A_PLACE]}),
    ("POST", f"/bookings/{MONDAY}/cancel", {}),
    ("POST", f"/bookings/{MONDAY}/reschedule", {"places": [A_PLACE]}),
    ("POST", f"/holds/{MONDAY}/renew", {}),
    ("DELETE", f"/holds/{MONDAY}", {}),
    ("POST", "/me/dependants", {}),
]
READS: list[tuple[str, str, Any]] = [
    ("GET", "/bookings", None),
    ("GET", f"/bookings/{MONDAY}", None),
    ("GET", f"/holds/{MONDAY}", None),
    ("GET", "/me/dependants", None),
]


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_missing"),
        ("", "idempotency_key_malformed"),
        ("two words", "idempotency_key_malformed"),
        ("a" * 129, "idempotency_key_malformed"),
        ("ключ", "idempotency_key_malformed"),
    ],
)
async def test_every_change_is_named_by_its_key(door: Door, key: str | None, code: str) -> None:
    headers = bearer() | ({} if key is None else {"Idempotency-Key": key})

    answers = [
        await door.client.request(method, f"/api/v1{path}", json=body, headers=headers)
        for method, path, body in CHANGES
    ]

    assert {await problem(answer) for answer in answers} == {(400, code)}
    assert door.referee.taken == []


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "token_missing"),
        ({"Authorization": "Basic YTpi"}, "token_missing"),
        ({"Authorization": "Bearer nonsense"}, "token_invalid"),
        (bearer(exp=time.time() - 60), "token_expired"),
        (bearer(aud="another"), "token_invalid"),
        (bearer(iss="another"), "token_invalid"),
        (bearer(key=OTHER_KEY), "token_invalid"),
        (
            {"Authorization": f"Bearer {jwt.encode({'sub': str(ALICE)}, '', 'none')}"},
            "token_invalid",
        ),
    ],
)
async def test_who_is_not_signed_in_is_not_heard(
    door: Door, headers: dict[str, str], code: str
) -> None:
    answers = [
        await door.client.request(method, f"/api/v1{path}", json=body, headers=headers | KEY)
        for method, path, body in (*CHANGES, *READS, ("POST", "/campaigns", CAMPAIGN))
    ]

    assert {await problem(answer) for answer in answers} == {(401, code)}
    assert all("WWW-Authenticate" in answer.headers for answer in answers)
    assert door.referee.taken == []


@pytest.mark.parametrize(("roles", "path"), [([], "/bookings"), (["patient"], "/campaigns")])
async def test_who_has_no_role_for_it_is_turned_away(
    door: Door, roles: list[str], path: str
) -> None:
    answer = await door.ask("POST", path, {"places": [A_PLACE]}, roles=roles)

    assert await problem(answer) == (403, "forbidden")


async def test_a_slot_nobody_knows_is_unknown_with_and_without_a_campaign(door: Door) -> None:
    campaign = await (await door.ask("POST", "/campaigns", CAMPAIGN, roles=["operator"])).json()
    before = await door.everything()

    by_itself = await door.book(uuid4())
    in_campaign = await door.book(uuid4(), campaign_id=campaign["id"])
    held = await door.ask("POST", "/holds", {"places": [{"slot_id": str(uuid4())}]})

    assert await problem(by_itself) == (409, "slot_unknown")
    assert await problem(in_campaign) == (409, "slot_unknown")
    assert await problem(held) == (409, "slot_unknown")
    assert await door.everything() == before


async def test_a_slot_that_has_begun_is_refused(door: Door) -> None:
    slot = await door.open_slot("yesterday", starts_at=datetime.now(UTC) - timedelta(days=1))
    before = await door.everything()

    assert await problem(await door.book(slot)) == (409, "slot_started")
    assert await door.everything() == before


async def test_a_closed_slot_is_refused(door: Door) -> None:
    door.referee.decided(stories.change_slot(MONDAY, open=False), 0)
    before = await door.everything()

    assert await problem(await door.book(MONDAY)) == (409, "slot_closed")
    assert await door.everything() == before


async def test_the_same_slot_beyond_its_capacity_within_one_booking_is_full(door: Door) -> None:
    before = await door.everything()

    assert await problem(await door.book(*[MONDAY] * 3)) == (409, "slot_full")
    assert await door.everything() == before


async def test_the_same_person_twice_in_one_slot_is_booked_already(door: Door) -> None:
    before = await door.everything()

    assert await problem(await door.book(MONDAY, MONDAY)) == (409, "already_booked")
    assert await door.everything() == before


async def test_a_campaign_nobody_knows_is_unknown(door: Door) -> None:
    answer = await door.book(MONDAY, campaign_id=str(uuid4()))

    assert await problem(answer) == (422, "campaign_unknown")
    assert door.referee.taken == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"doses": 0},
        {"doses": 5},
        {"min_days": 10},
        {"min_days": -1},
        {"max_days": 10**9},
        {"opens_at": "tomorrow"},
        {"opens_at": "2020-01-01T00:00:00"},
        {"name": ""},
        {"name": "a\x00b"},
        {"owner": "Alice"},
    ],
)
async def test_what_is_no_campaign_is_refused(door: Door, wrong: dict[str, Any]) -> None:
    answer = await door.ask("POST", "/campaigns", CAMPAIGN | wrong, roles=["operator"])

    assert await problem(answer) == (422, "invalid_body")
    assert await (await door.client.get("/api/v1/campaigns")).json() == {
        "campaigns": [],
        "cursor": None,
    }


async def test_a_key_reused_for_another_campaign_or_dependant_is_refused(door: Door) -> None:
    await door.ask("POST", "/campaigns", CAMPAIGN, roles=["operator"], key="one")

    reused = await door.ask(
        "POST", "/campaigns", CAMPAIGN | {"doses": 1}, roles=["operator"], key="one"
    )

    assert await problem(reused) == (422, "key_reused")


async def test_another_s_booking_or_hold_is_not_there_for_anyone_else(door: Door) -> None:
    booking = (await (await door.book(MONDAY)).json())["id"]
    hold = (await (await door.ask("POST", "/holds", {"places": [A_PLACE]})).json())["id"]
    before = await door.everything()

    answers = [
        await door.ask(method, path.format(one), body, who=BORIS)
        for method, path, body in (
            ("GET", "/bookings/{}", None),
            ("POST", "/bookings/{}/cancel", {}),
            ("POST", "/bookings/{}/reschedule", {"places": [A_PLACE]}),
            ("GET", "/holds/{}", None),
            ("POST", "/holds/{}/renew", {}),
            ("DELETE", "/holds/{}", None),
        )
        for one in (booking, hold, uuid4(), "no-id")
    ]

    assert {await problem(answer) for answer in answers} == {(404, "not_found")}
    assert await door.everything() == before


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=many", "cursor=zz", "cursor=5b5d", "cursor=00"],
)
@pytest.mark.parametrize("path", ["/bookings", "/campaigns"])
async def test_a_list_is_asked_for_in_its_own_words(door: Door, path: str, query: str) -> None:
    answer = await door.ask("GET", f"{path}?{query}")

    assert await problem(answer) == (422, "invalid_query")


@pytest.mark.parametrize("ttl_seconds", [29, 901, "long", None])
async def test_a_hold_lasts_as_long_as_it_may(door: Door, ttl_seconds: Any) -> None:
    wish = {"places": [A_PLACE], "ttl_seconds": ttl_seconds}

    answer = await door.ask("POST", "/holds", wish)

    assert await problem(answer) == (422, "invalid_body")


@pytest.mark.parametrize("body", [{"reason": "none"}, [], 7])
async def test_a_cancel_needs_no_body_and_takes_no_other(door: Door, body: Any) -> None:
    booking = (await (await door.book(MONDAY)).json())["id"]
    before = await door.everything()

    answer = await door.ask("POST", f"/bookings/{booking}/cancel", body)

    assert await problem(answer) == (422, "invalid_body")
    assert await door.everything() == before


async def test_a_booking_that_was_refused_or_expired_cannot_be_changed(door: Door) -> None:
    for status in ("refused", "expired"):
        await door.pool.execute(
            "INSERT INTO booking (id, owner_id, kind, status, version, home, reason, made_at)"
            " VALUES ($1, $2, 'booking', $3, 0, 0, 'full', now())",
            an_id(status),
            ALICE,
            status,
        )

    codes = [
        (await problem(await door.ask("POST", f"/bookings/{an_id(status)}/cancel", {})))[1]
        for status in ("refused", "expired")
    ]

    assert codes == ["booking_refused", "booking_expired"]


async def test_there_is_no_such_path_or_method(door: Door) -> None:
    nowhere = await door.ask("GET", "/doctors")
    otherwise = await door.ask("PUT", "/bookings", {})

    assert await problem(nowhere) == (404, "not_found")
    assert await problem(otherwise) == (405, "method_not_allowed")
