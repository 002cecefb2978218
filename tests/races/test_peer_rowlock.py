"""Does the bench's peer keep its promises, in both its ways? A peer that cheats is no measure."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiohttp.test_utils import TestClient, TestServer
from jwt.algorithms import ECAlgorithm

from bench.peer_rowlock import app, place
from tests.booking_doors import KEY, Client, bearer
from tests.booking_stories import ALICE
from tests.conftest import MakeDatabase
from tests.stories import an_id

MONDAY, SPRING = an_id("Monday"), an_id("Spring")
PLACES = 3


@pytest.fixture
async def dsn(fresh_database: MakeDatabase) -> str:
    made = await fresh_database("nothing")
    await place.furnish(made, [MONDAY], PLACES)
    return made


@pytest.fixture(params=[True, False], ids=["in one call", "by statements"])
async def peer(dsn: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    jwk = ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "test", "alg": "ES256"}
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [jwk]}))
    options = app.Options(
        dsn=dsn,
        port=0,
        connections=8,
        at_once=request.param,
        jwks=str(jwks),
        issuer="talon-test",
        audience="talon",
    )
    async with app.opened(options) as made, TestClient(TestServer(made)) as client:
        yield client


async def book(peer: Client, patient: UUID, *, dose: int = 1, key: str = "") -> tuple[int, str]:
    """The status, and the booking's id or the problem's code."""
    answer = await peer.post(
        app.ROUTE,
        json={"places": [{"slot_id": str(MONDAY), "dose": dose}], "campaign_id": str(SPRING)},
        headers=bearer(patient) | {"Idempotency-Key": key or str(uuid4())},
    )
    body = await answer.json(content_type=None)
    return answer.status, body.get("id") or body["code"]


async def test_forty_patients_race_for_three_places_and_three_get_one(peer: Client, dsn: str):
    answers = await asyncio.gather(*(book(peer, uuid4()) for _ in range(40)))

    assert sorted(status for status, _ in answers) == [201] * PLACES + [409] * 37
    assert await place.counts(dsn) == place.Counts(bookings=3, capacity_used=3, oversold=0)


async def test_a_wish_that_is_asked_again_is_one_booking_even_when_all_is_full(
    peer: Client, dsn: str
):
    first = await book(peer, ALICE, key="the-same")
    at_once = await asyncio.gather(*(book(peer, ALICE, key="the-same") for _ in range(10)))
    await asyncio.gather(*(book(peer, uuid4()) for _ in range(5)))
    late = await book(peer, ALICE, key="the-same")

    assert {first, late, *at_once} == {first}
    assert first[0] == 201
    assert (await place.counts(dsn)).bookings == PLACES


async def test_a_patient_gets_each_dose_once(peer: Client, dsn: str):
    assert (await book(peer, ALICE, dose=1))[0] == 201

    again = await book(peer, ALICE, dose=1)

    assert again == (409, "claim_taken")
    assert (await book(peer, ALICE, dose=2))[0] == 201
    assert await place.counts(dsn) == place.Counts(bookings=2, capacity_used=2, oversold=0)


async def test_without_the_lock_the_race_is_real_and_the_constraint_stops_it(dsn: str):
    """Two transactions that look before either writes: what FOR UPDATE is there to forbid."""
    first, second = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    looking = app.SQL["lock_slot"].replace("FOR UPDATE", "")
    await first.execute("UPDATE slot SET capacity = 1")

    async with first.transaction():
        seen = [await connection.fetchval(looking, MONDAY) for connection in (first, second)]
        await first.fetch(app.SQL["book"], uuid4(), MONDAY, uuid4(), SPRING, 1)
    with pytest.raises(asyncpg.CheckViolationError, match="never_overbooked"):
        await second.fetch(app.SQL["book"], uuid4(), MONDAY, uuid4(), SPRING, 1)

    assert seen == [1, 1]
    await first.close()
    await second.close()
