"""Where does each request go, what goes with it, and what is never reached from outside?"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web

from services.booking import api as booking_api
from services.notify import api as notify_api
from services.slots import api as slots_api
from shared.policy import Gate
from tests.edges import Edge, Origin, an_edge, an_origin
from tests.stories import an_id

DOORS: dict[str, Any] = {"slots": slots_api, "booking": booking_api, "notify": notify_api}
THE_EDGES_OWN = "/api/v1/openapi.json"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class House:
    """The edge with one origin for each service."""

    def __init__(self, edge: Edge, origins: dict[str, Origin]) -> None:
        self.edge = edge
        self.origins = origins

    def asked(self) -> list[tuple[str, str, str]]:
        """Who was asked for what: service, method, path with its query."""
        return [
            (service, request.method, request.path_qs)
            for service, origin in self.origins.items()
            for request in origin.asked
        ]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with an_edge(tmp_path) as edge, AsyncExitStack() as doors:
        origins = {
            service: await doors.enter_async_context(an_origin(edge.stack, service))
            for service in DOORS
        }
        yield House(edge, origins)


def all_routes() -> Iterator[tuple[str, str, str]]:
    """Every route there is: service, method, path."""
    for service, api in DOORS.items():
        app = web.Application()
        api.routes(app, cast("Any", None), Gate(cast("Any", None)))
        for route in app.router.routes():
            assert route.resource is not None
            path = re.sub(r"{\w+}", str(an_id("some")), route.resource.canonical)
            # A HEAD is a GET without its body, also for the edge.
            if path != THE_EDGES_OWN and route.method != "HEAD":
                yield service, route.method, path


async def test_every_route_of_every_service_leads_to_it(house: House) -> None:
    for service, method, path in all_routes():
        said = await house.edge.ask(method, f"{path}?limit=1")

        assert said.status == 200
        assert house.asked() == [(service, method, f"{path}?limit=1")]
        house.origins[service].asked.clear()


@pytest.mark.parametrize(
    "path",
    [
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/v1/metrics",
        "/api/v1/nothing",
        "/api/v1/bookings-of-others",
        "/api/v1",
        "/api/nothing",
        "/internal/staff",
        "/internal/problem/not_found",
    ],
)
async def test_what_is_not_for_outside_is_not_found_and_reaches_no_service(
    house: House, path: str
) -> None:
    said = await house.edge.get(path)

    assert (said.status, said.code) == (404, "not_found")
    assert house.asked() == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/api/v1/bookings"), ("GET", "/api/v1/slots"), ("POST", "/api/v1/x")],
)
async def test_every_answer_tells_the_browser_what_it_may_do(
    house: House, method: str, path: str
) -> None:
    said = await house.edge.ask(method, path)

    assert {name: said.headers[name] for name in HEADERS} == HEADERS
    policy = said.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "data:" not in policy
    assert said.headers["Server"] == "nginx"


async def test_what_is_told_to_somebody_who_is_signed_in_is_kept_by_nobody(house: House) -> None:
    signed_in = {"Authorization": "Bearer some"}

    own = await house.edge.get("/api/v1/bookings", headers=signed_in)
    wished = await house.edge.ask("POST", "/api/v1/bookings", headers=signed_in)
    public = await house.edge.get("/api/v1/clinics")
    page = await house.edge.get("/")

    assert own.headers.getall("Cache-Control") == ["no-store"]
    assert wished.headers.getall("Cache-Control") == ["no-store"]
    assert "Cache-Control" not in public.headers, "its service says so, or nobody"
    assert page.headers.getall("Cache-Control") == ["no-cache"]


async def test_what_a_service_says_of_keeping_is_said_as_it_is(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(headers={"Cache-Control": "private, no-cache"})

    monkeypatch.setattr(house.origins["booking"], "_answer", answer)

    said = await house.edge.get("/api/v1/bookings", headers={"Authorization": "Bearer some"})

    assert said.headers.getall("Cache-Control") == ["private, no-cache"]


async def test_a_service_learns_who_asks_from_the_edge_and_not_from_the_caller(
    house: House,
) -> None:
    claims = {"X-Forwarded-For": "10.9.8.7", "X-Request-Id": "mine", "X-Forwarded-Proto": "https"}

    await house.edge.get("/api/v1/bookings", headers=claims | {"Authorization": "Bearer some"})

    (request,) = house.origins["booking"].asked
    assert request.headers["X-Forwarded-For"] == "127.0.0.1"
    assert request.headers["X-Forwarded-Proto"] == "http"
    assert re.fullmatch("[0-9a-f]{32}", request.headers["X-Request-Id"])
    assert request.headers["Authorization"] == "Bearer some"


async def test_a_live_event_arrives_when_it_happens_and_not_when_the_stream_ends(
    tmp_path: Path,
) -> None:
    over = asyncio.Event()

    async def tell(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        await stream.write(b"event: BookingConfirmed\n\n")
        await over.wait()
        return stream

    async with an_edge(tmp_path) as edge, an_origin(edge.stack, "notify", tell):
        async with edge.client.get(f"{edge.stack.edge}/api/v1/live") as stream:
            first = await asyncio.wait_for(stream.content.readline(), 1.0)
        over.set()

    assert first == b"event: BookingConfirmed\n"
