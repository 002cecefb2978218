"""Does the check on every door's answers see what no document tells of?"""

from uuid import UUID

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from shared.auth import Tokens
from shared.openapi import Answer, Api, Route, add_routes
from shared.openapi.routes import Example
from shared.policy import Gate, Rule
from shared.problems import Problem, not_found
from shared.web import Handler, answer_every_error, json_response
from tests.documented import every_answer_is_documented

ID = "00000000-0000-4000-8000-000000000001"


class Chair(msgspec.Struct):
    """What the only route of this house shows."""

    id: UUID
    legs: int | None = None


async def _good(request: web.Request) -> web.Response:
    return json_response({"id": ID, "legs": 4}, headers={"ETag": '"1"'})


async def _another_member(request: web.Request) -> web.Response:
    return json_response({"id": ID, "colour": "red"}, headers={"ETag": '"1"'})


async def _no_id(request: web.Request) -> web.Response:
    return json_response({"id": "chair"}, headers={"ETag": '"1"'})


async def _another_status(request: web.Request) -> web.Response:
    return json_response({"id": ID}, status=201)


async def _no_etag(request: web.Request) -> web.Response:
    return json_response({"id": ID})


async def _another_header(request: web.Request) -> web.Response:
    return json_response({"id": ID}, headers={"ETag": '"1"', "Location": "/"})


async def _text(request: web.Request) -> web.Response:
    return web.Response(text="a chair", headers={"ETag": '"1"'})


async def _known_problem(request: web.Request) -> web.Response:
    raise not_found("chair")


async def _another_code(request: web.Request) -> web.Response:
    raise Problem(404, "chair_gone", "It is gone.")


EVERYBODY = Rule(route="GET /chairs/{id}", object="chair", is_public=True)
GATE = Gate(Tokens(jwks="none", issuer="", audience=""))


class Undescribed(Route):
    """A route that nobody has made an example of."""

    @property
    def rule(self) -> Rule:
        """For everybody, though the table does not say so."""
        return EVERYBODY

    def example(self) -> Example:
        """As an example that has nothing to show."""
        return Example(path={"id": ID})


async def _ask(handler: Handler, path: str = f"/chairs/{ID}", method: str = "GET") -> None:
    route = Undescribed(
        "GET",
        "/chairs/{id}",
        handler,
        tag="chairs",
        answers={200: Answer("A chair.", Chair, headers=("ETag",))},
    )
    api = _house(route)
    app = web.Application(middlewares=[answer_every_error])
    add_routes(app, api, GATE)
    await _visit(app, api, path, method)


def _house(*routes: Route) -> Api:
    return Api(service="house", title="", about="", tags={}, routes=routes, problems={})


async def _visit(app: web.Application, api: Api, path: str, method: str = "GET") -> None:
    with every_answer_is_documented(app, api):
        async with TestClient(TestServer(app)) as client:
            await client.request(method, path)


@pytest.mark.parametrize("handler", [_good, _known_problem])
async def test_what_is_documented_passes(handler: Handler):
    await _ask(handler)


@pytest.mark.parametrize(("method", "path"), [("HEAD", f"/chairs/{ID}"), ("GET", "/tables")])
async def test_what_is_documented_for_all_passes(method: str, path: str):
    await _ask(_good, path, method)


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (_another_member, "colour"),
        (_no_id, "uuid"),
        (_another_status, "no such status"),
        (_no_etag, "ETag is told of and is not there"),
        (_another_header, "Location is not told of"),
        (_text, "text/plain is not told of"),
        (_another_code, "chair_gone"),
    ],
)
async def test_what_no_document_tells_of_is_seen(handler: Handler, said: str):
    with pytest.raises(AssertionError, match=said):
        await _ask(handler)


async def test_a_route_that_is_in_no_document_is_seen():
    api, app = _house(), web.Application()
    add_routes(app, api, GATE)
    app.router.add_get("/back-door", _good)

    with pytest.raises(AssertionError, match="no such operation"):
        await _visit(app, api, "/back-door")
