"""Does the bench's peer keep its promises, in both its ways? A peer that cheats is no measure."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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


def so_many(bookings: int) -> place.Counts:
    """As many in each table, and nothing oversold."""
    return place.Counts(
        bookings=bookings,
        capacity_used=bookings,
        oversold=0,
        answers=bookings,
        events=bookings,
    )


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
    assert await place.counts(dsn) == so_many(3)


async def test_a_wish_that_is_asked_again_is_one_booking_even_when_all_is_full(
    peer: Client, dsn: str
):
    first = await book(peer, ALICE, key="the-same")
    at_once = await asyncio.gather(*(book(peer, ALICE, key="the-same") for _ in range(10)))
    await asyncio.gather(*(book(peer, uuid4()) for _ in range(5)))
    late = await book(peer, ALICE, key="the-same")

    assert {first, late, *at_once} == {first}
    assert first[0] == 201
    assert await place.counts(dsn) == so_many(PLACES)


async def test_a_refusal_is_what_is_answered_to_this_wish_also_when_there_is_room_again(
    peer: Client, dsn: str
):
    await asyncio.gather(*(book(peer, uuid4()) for _ in range(PLACES)))
    refused = await book(peer, ALICE, key="too-late")
    async with connected(dsn) as connection:
        await connection.execute("UPDATE slot SET capacity = capacity + 1")

    assert await book(peer, ALICE, key="too-late") == refused == (409, "slot_full")
    assert (await book(peer, ALICE))[0] == 201
    assert await place.counts(dsn) == so_many(PLACES + 1)


async def test_another_wish_under_the_same_key_is_told_so_and_books_nothing(peer: Client, dsn: str):
    assert (await book(peer, ALICE, key="the-same"))[0] == 201

    assert await book(peer, ALICE, dose=2, key="the-same") == (422, "key_reused")
    assert await place.counts(dsn) == so_many(1)


async def test_one_wish_for_two_doses_at_once_is_one_answer(peer: Client, dsn: str):
    answers = await asyncio.gather(
        *(book(peer, ALICE, dose=1 + nth % 2, key="the-same") for nth in range(10))
    )

    assert sorted(status for status, _ in answers) == [201] * 5 + [422] * 5
    assert await place.counts(dsn) == so_many(1)


async def test_answer_and_event_say_of_the_booking_what_it_is(peer: Client, dsn: str):
    _, booking_id = await book(peer, ALICE)

    async with connected(dsn) as connection:
        answer = json.loads(await connection.fetchval("SELECT answer FROM idempotency"))
        event = json.loads(await connection.fetchval("SELECT event FROM outbox"))

    assert answer["id"] == event["cause"] == booking_id
    assert event["owner_id"] == str(ALICE)
    assert answer["places"] == event["places"] == [{"slot_id": str(MONDAY), "dose": 1}]


async def test_a_patient_gets_each_dose_once(peer: Client, dsn: str):
    assert (await book(peer, ALICE, dose=1))[0] == 201

    again = await book(peer, ALICE, dose=1)

    assert again == (409, "claim_taken")
    assert (await book(peer, ALICE, dose=1, key="again"))[1] == "claim_taken"
    assert (await book(peer, ALICE, dose=1, key="again"))[1] == "claim_taken"
    assert (await book(peer, ALICE, dose=2))[0] == 201
    assert await place.counts(dsn) == so_many(2)


async def test_without_the_lock_the_race_is_real_and_the_constraint_stops_it(dsn: str):
    """Two transactions that look before either writes: what FOR UPDATE is there to forbid."""
    looking = app.SQL["lock_slot"].replace("FOR UPDATE", "")
    async with connected(dsn) as first, connected(dsn) as second:
        await first.execute("UPDATE slot SET capacity = 1")

        async with first.transaction():
            seen = [await connection.fetchval(looking, MONDAY) for connection in (first, second)]
            await first.fetch(app.SQL["book"], *a_wish().row)
        with pytest.raises(asyncpg.CheckViolationError, match="never_overbooked"):
            await second.fetch(app.SQL["book"], *a_wish().row)

    assert seen == [1, 1]
    assert await place.counts(dsn) == so_many(1)


async def test_a_transaction_that_breaks_off_leaves_neither_answer_nor_event(dsn: str):
    async with connected(dsn) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.fetch(app.SQL["book"], *a_wish().row)
        await transaction.rollback()

    assert await place.counts(dsn) == so_many(0)


def a_wish() -> app.Written:
    monday = app.Place(slot_id=MONDAY, dose=1)
    return app.written(uuid4(), uuid4(), app.NewBooking(places=(monday,), campaign_id=SPRING))


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()
