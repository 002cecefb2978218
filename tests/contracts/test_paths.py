"""Does a path lead to the same route as if aiohttp tried one after the other?"""

from functools import cache
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from services.booking.api import API as BOOKING
from services.notify.api import API as NOTIFY
from services.slots.api import API as SLOTS
from shared.openapi import Api, add_routes
from shared.openapi.paths import Paths
from shared.policy import Rule
from shared.web import Handler
from tests.stories import an_id

APIS = {api.service: api for api in (BOOKING, NOTIFY, SLOTS)}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ODD = ("", "{id}", "%2F", "%25", "a%20b", ".", "None")
"""What is in no route's path, and what is read as an id or is none."""

WORDS = sorted(
    {
        part
        for api in APIS.values()
        for route in api.routes
        for part in route.path.split("/")
        if not part.startswith("{")
    }
    | {str(an_id("some")), *ODD}
)


class NoGate:
    """Every handler as it is."""

    def guarded(self, rule: Rule, handler: Handler) -> Handler:
        """The same."""
        return handler


@cache
def ours(api: Api) -> web.UrlDispatcher:
    """As services find them."""
    app = web.Application()
    add_routes(app, api, NoGate())
    return app.router


@cache
def theirs(api: Api) -> web.UrlDispatcher:
    """As aiohttp finds them."""
    router = web.UrlDispatcher()
    for route in api.routes:
        if route.method == "GET":
            router.add_get(route.path, route.handler, allow_head=not route.streams)
        else:
            router.add_route(route.method, route.path, route.handler)
    return router


async def found(router: web.UrlDispatcher, method: str, path: str) -> Any:
    """Which route, with which ids; or what is said instead."""
    match = await router.resolve(make_mocked_request(method, path))
    if match.http_exception is not None:
        allowed = match.http_exception.headers.get("Allow", "")
        return match.http_exception.status, sorted(allowed.split(","))
    assert match.route.resource is not None
    return match.route.method, match.route.resource.canonical, dict(match)


@pytest.mark.parametrize("service", APIS)
async def test_every_route_is_found_by_every_method_as_aiohttp_finds_it(service: str) -> None:
    api = APIS[service]
    for path in {route.path for route in api.routes}:
        asked = path.replace("{", "x").replace("}", "")
        for method in METHODS:
            expected = await found(theirs(api), method, asked)
            assert await found(ours(api), method, asked) == expected


@given(
    st.sampled_from(sorted(APIS)),
    st.sampled_from(METHODS),
    st.lists(st.sampled_from(WORDS), max_size=6),
)
async def test_whatever_is_asked_leads_where_aiohttp_would_lead_it(
    service: str, method: str, parts: list[str]
) -> None:
    api, path = APIS[service], "/api/v1/" + "/".join(parts)

    assert await found(ours(api), method, path) == await found(theirs(api), method, path)


def test_two_routes_of_one_path_and_method_keep_a_service_from_starting() -> None:
    paths = Paths()
    paths.add("GET", "/chairs/{id}", BOOKING.routes[0].handler)

    with pytest.raises(RuntimeError, match="never be executed"):
        paths.add("GET", "/chairs/{id}", BOOKING.routes[0].handler)
    with pytest.raises(ValueError, match="another's"):
        paths.add("GET", "/chairs/{chair}", BOOKING.routes[0].handler)


async def test_where_a_word_leads_nowhere_it_may_be_an_id() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    app, paths = web.Application(), Paths()
    paths.add("GET", "/chairs/new/{id}", handler)
    paths.add("GET", "/chairs/{id}/legs", handler)
    app.router.register_resource(paths)

    said = [await found(app.router, "GET", f"/chairs/new/{part}") for part in ("legs", "1", "")]

    assert said == [
        ("GET", "/chairs/new/{id}", {"id": "legs"}),
        ("GET", "/chairs/new/{id}", {"id": "1"}),
        (404, [""]),
    ]
    assert await found(app.router, "GET", "/chairs/old/legs") == (
        "GET",
        "/chairs/{id}/legs",
        {"id": "old"},
    )
