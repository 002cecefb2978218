"""How does a test stand before and behind the edge? nginx is real, origins stand for services.

An origin answers on a service's port whatever the test wants, and remembers what it was asked.
"""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from deploy.local import settings
from deploy.local.parts import NotReadyError, edge
from deploy.local.settings import Settings
from deploy.local.stack import Stack

START_SECONDS_MAX = 10.0
LOOK_SECONDS = 0.02

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Edge:
    """The edge of a stack that has nothing else, and a client before it."""

    def __init__(self, stack: Stack, client: aiohttp.ClientSession) -> None:
        self.stack = stack
        self.client = client

    async def ask(self, method: str, path: str, **options: Any) -> "Said":
        """One request and all of its answer."""
        began = time.monotonic()
        async with self.client.request(method, self.stack.edge + path, **options) as response:
            body = await response.read()
            return Said(response, body, time.monotonic() - began)

    async def get(self, path: str, **options: Any) -> "Said":
        """A read."""
        return await self.ask("GET", path, **options)


class Said:
    """What came back, and how long it took."""

    def __init__(self, response: aiohttp.ClientResponse, body: bytes, seconds: float) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = body
        self.seconds = seconds

    @property
    def code(self) -> str:
        """The stable code of a problem document."""
        assert self.headers["Content-Type"] == "application/problem+json"
        said: dict[str, Any] = json.loads(self.body)
        assert said["status"] == self.status
        return str(said["code"])


class Origin:
    """Stands where one process of a service would, and keeps every request it was sent."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.asked: list[web.Request] = []
        self._answer = answer

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Keep the request, then answer."""
        self.asked.append(request)
        await request.read()
        if self._answer is not None:
            return await self._answer(request)
        return web.json_response({"nth": len(self.asked)})


async def cut(request: web.Request) -> web.StreamResponse:
    """Take the whole request and hang up without a word."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hang(_request: web.Request) -> web.StreamResponse:
    """Take the whole request and never answer."""
    await asyncio.sleep(3600)
    return web.Response()


@asynccontextmanager
async def an_edge(
    home: Path,
    *,
    scale: Mapping[str, int] | None = None,
    instead: Mapping[str, str] | None = None,
    **limits: str,
) -> AsyncIterator[Edge]:
    """nginx as the stack would start it; `instead` takes a guard out of its files."""
    stack = a_stack(home, **limits)
    part = edge.part(stack, scale or {})
    stack.logs.mkdir(parents=True)
    await part.prepare()
    for guard, other in (instead or {}).items():
        _replace(guard, other, home / "edge" / "conf")
    with (stack.logs / "edge.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *part.command, cwd=part.folder, stdout=log, stderr=log
        )
    connector = aiohttp.TCPConnector(limit=0)
    try:
        await _until_ready(part.probe, stack)
        async with aiohttp.ClientSession(connector=connector) as client:
            yield Edge(stack, client)
    finally:
        process.terminate()
        await process.wait()


def a_stack(home: Path, **limits: str) -> Stack:
    """A stack of this home, on ports that nobody uses."""
    values = settings.read_file(settings.FILE) | limits
    return Stack(settings=Settings(stack="edges", values=values, distance=_distance()), home=home)


@asynccontextmanager
async def an_origin(
    stack: Stack, service: str, answer: Answer | None = None, *, instance: int = 0
) -> AsyncIterator[Origin]:
    """One process of a service, for the edge to find."""
    origin = Origin(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", origin.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    port = int(stack.api(service, instance).rpartition(":")[2])
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    try:
        yield origin
    finally:
        await runner.cleanup()


def _distance() -> int:
    """Far from every stack's ports."""
    for distance in range(20_000, 30_000, 100):
        if all(_is_free(port + distance) for port in (8080, 9104, 8101, 8102, 8103, 8111, 8112)):
            return distance
    raise AssertionError("no free ports for an edge")


def _is_free(port: int) -> bool:
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _replace(guard: str, other: str, folder: Path) -> None:
    (path,) = [path for path in folder.iterdir() if guard in path.read_text("utf-8")]
    path.write_text(path.read_text("utf-8").replace(guard, other), "utf-8")


async def _until_ready(probe: Callable[[], Awaitable[None]], stack: Stack) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            return await probe()
        except NotReadyError:
            said = (stack.logs / "edge.log").read_text("utf-8")
            assert time.monotonic() < deadline, said
            await asyncio.sleep(LOOK_SECONDS)
