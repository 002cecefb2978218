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
from shared.policy import REASON_HEADER, Access, Gate, MissingRuleError, Rule, allowed
from shared.problems import unavailable
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


class Kept:
    """Keeps what was seen for a reason, unless it is away."""

    def __init__(self) -> None:
        self.accesses: list[Access] = []
        self.away = False

    async def keep(self, access: Access) -> None:
        """As `Accesses.keep`."""
        if self.away:
            raise unavailable("Nobody can write it down now.")
        self.accesses.append(access)


async def _shows(request: web.Request) -> web.Response:
    return json_response(allowed(request).own("chair", Chair()))


async def _forgets_to_show(request: web.Request) -> web.Response:
    return json_response(Chair())


@asynccontextmanager
async def _house(folder: Path, handler: Handler, kept: Kept) -> AsyncIterator[Client]:
    jwk = ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "test", "alg": "ES256"}
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [jwk]}))
    gate = Gate(Tokens(jwks=str(jwks), issuer="talon-test", audience="talon"), kept)
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
    async with _house(tmp_path, _forgets_to_show, Kept()) as client:
        answer = await client.get(f"/chairs/{CHAIR}", headers=bearer(uuid4()))

        assert await problem(answer) == (500, "internal_error")


async def test_whoever_may_see_it_for_a_reason_is_told_of_before_it_is_shown(
    tmp_path: Path,
) -> None:
    kept, doctor = Kept(), uuid4()
    headers = bearer(doctor, roles=["practitioner"]) | WHY
    async with _house(tmp_path, _shows, kept) as client:
        seen = await client.get(f"/chairs/{CHAIR}", headers=headers)
        kept.away = True
        unseen = await client.get(f"/chairs/{CHAIR}", headers=headers)

        assert seen.status == 200
        assert await problem(unseen) == (503, "unavailable")
    assert kept.accesses == [
        Access(
            actor_id=doctor,
            roles=frozenset({"practitioner"}),
            route="GET /chairs/{id}",
            object="chair",
            object_id=CHAIR,
            reason=WHY[REASON_HEADER],
        )
    ]


async def test_nobody_is_told_of_what_is_one_s_own(tmp_path: Path) -> None:
    kept = Kept()
    async with _house(tmp_path, _shows, kept) as client:
        answers = [
            await client.get(f"/chairs/{CHAIR}", headers=bearer(ALICE, roles=[role]) | WHY)
            for role in ("patient", "practitioner")
        ]

        assert [answer.status for answer in answers] == [200, 200]
    assert kept.accesses == []
