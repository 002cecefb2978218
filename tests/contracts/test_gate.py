"""Does a route without a rule keep a service from starting, and does nothing leave unshown?"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from jwt.algorithms import ECAlgorithm

from shared.auth import Tokens
from shared.openapi import Answer, Api, Route, add_routes
from shared.policy import REASON_HEADER, Gate, MissingRuleError, Rule, allowed
from shared.web import Handler, answer_every_error, json_response
from tests.booking_doors import KEY, Client, bearer, problem
from tests.stories import an_id

ALICE, CHAIR = an_id("Alice"), an_id("a chair")
OWN_OR_REASON = Rule(
    route="GET /chairs/{id}",
    object="chair",
    reaches={"patient": frozenset({"own"}), "practitioner": frozenset({"own", "reason"})},
)
WHY = {REASON_HEADER: "Somebody has to sit down at once."}


class Chair(msgspec.Struct):
    """Something that is somebody's."""

    owner_id: UUID = ALICE


async def _shows(request: web.Request) -> web.Response:
    who = allowed(request)
    return json_response({"chair": who.own("chair", Chair()), "reason": who.reason})


async def _forgets_to_show(request: web.Request) -> web.Response:
    return json_response(Chair())


@asynccontextmanager
async def _house(folder: Path, handler: Handler, broken: list[str]) -> AsyncIterator[Client]:
    jwk = ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "test", "alg": "ES256"}
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [jwk]}))
    gate = Gate(
        Tokens(jwks=str(jwks), issuer="talon-test", audience="talon"), count_glass=broken.append
    )
    app = web.Application(middlewares=[answer_every_error])
    app.router.add_get("/chairs/{id}", gate.guarded(OWN_OR_REASON, handler))
    async with TestClient(TestServer(app)) as client:
        yield client


def test_a_route_that_the_table_does_not_name_keeps_the_service_from_starting() -> None:
    route = Route("GET", "/api/v1/chairs", _shows, tag="", answers={200: Answer("It is here.")})
    api = Api(service="house", title="", about="", tags={}, routes=[route], problems={})
    gate = Gate(Tokens(jwks="none", issuer="", audience=""))

    with pytest.raises(MissingRuleError, match="GET /chairs"):
        add_routes(web.Application(), api, gate)


async def test_a_handler_that_forgets_to_show_what_it_found_gives_nothing_away(
    tmp_path: Path,
) -> None:
    async with _house(tmp_path, _forgets_to_show, []) as client:
        answer = await client.get(f"/chairs/{CHAIR}", headers=bearer(uuid4()))

        assert await problem(answer) == (500, "internal_error")


async def test_who_sees_it_for_a_reason_is_counted_and_the_handler_knows_the_reason(
    tmp_path: Path,
) -> None:
    broken: list[str] = []
    headers = bearer(uuid4(), roles=["practitioner"]) | WHY
    async with _house(tmp_path, _shows, broken) as client:
        answer = await client.get(f"/chairs/{CHAIR}", headers=headers)

        assert (answer.status, (await answer.json())["reason"]) == (200, WHY[REASON_HEADER])
    assert broken == ["chair"]


async def test_what_is_one_s_own_is_seen_for_no_reason(tmp_path: Path) -> None:
    broken: list[str] = []
    async with _house(tmp_path, _shows, broken) as client:
        answers = [
            await client.get(f"/chairs/{CHAIR}", headers=bearer(ALICE, roles=[role]) | WHY)
            for role in ("patient", "practitioner")
        ]

        assert [(await answer.json())["reason"] for answer in answers] == [None, None]
    assert broken == []
