"""Is anybody turned away by a process that has to go, though they could have gone elsewhere?"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from shared import door
from shared.door import LINGER_SECONDS_MAX, Door
from shared.web import counted

DRAIN_SECONDS = 0.4
LATE_SECONDS = 0.5


class House(NamedTuple):
    """A door, who waits inside, and a client that keeps its connections."""

    door: Door
    inside: asyncio.Event
    client: aiohttp.ClientSession
    url: str
    ready: list[bool]

    async def get(self, path: str) -> aiohttp.ClientResponse:
        async with self.client.get(self.url + path) as response:
            await response.read()
            return response


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """`/` answers at once, `/slow` when somebody says so."""
    inside = asyncio.Event()

    async def quick(_request: web.Request) -> web.Response:
        return web.Response(text="done")

    async def slow(_request: web.Request) -> web.Response:
        await inside.wait()
        return web.Response(text="done")

    app = web.Application(middlewares=[counted(lambda *_: None)])
    app.router.add_get("/", quick)
    app.router.add_get("/slow", slow)
    ready = [False]
    port = _free_port()
    made = Door(
        app, host="127.0.0.1", port=port, drain_seconds=DRAIN_SECONDS, ready=lambda: ready[0]
    )
    async with aiohttp.ClientSession() as client:
        yield House(made, inside, client, f"http://127.0.0.1:{port}", ready)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


async def _until_open(house: House) -> None:
    house.ready[0] = True
    for _ in range(100):
        if house.door.wrong() is None:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not open")


async def test_nobody_comes_in_before_the_service_is_ready(house: House) -> None:
    running = asyncio.create_task(house.door.run())
    await asyncio.sleep(0.1)

    with pytest.raises(aiohttp.ClientConnectionError):
        await house.get("/")
    said_before = house.door.wrong()
    await _until_open(house)

    assert said_before == "it is not open yet"
    assert (await house.get("/")).status == 200
    house.door.stop()
    await running


async def test_who_comes_while_it_closes_is_served_and_told_not_to_come_back(house: House) -> None:
    running = asyncio.create_task(house.door.run())
    await _until_open(house)
    before = await house.get("/")

    house.door.stop()
    said = house.door.wrong()
    meanwhile = await house.get("/")
    await asyncio.sleep(DRAIN_SECONDS + 0.1)

    assert "Connection" not in before.headers
    assert said == "it closes; whoever is inside is served"
    assert (meanwhile.status, meanwhile.headers["Connection"]) == (200, "close")
    with pytest.raises(aiohttp.ClientConnectionError):
        await house.get("/")
    await running


async def test_who_kept_a_connection_is_served_on_it_and_not_cut_off(house: House) -> None:
    running = asyncio.create_task(house.door.run())
    await _until_open(house)
    await house.get("/")

    house.door.stop()
    await asyncio.sleep(DRAIN_SECONDS + LATE_SECONDS)
    late = await house.get("/")

    assert (late.status, late.headers["Connection"]) == (200, "close")
    # Nobody is left, so there is nobody to wait for.
    await asyncio.wait_for(running, LINGER_SECONDS_MAX - LATE_SECONDS - 0.5)


async def test_who_keeps_a_connection_and_never_uses_it_is_not_waited_for_longer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "LINGER_SECONDS_MAX", LATE_SECONDS)
    running = asyncio.create_task(house.door.run())
    await _until_open(house)
    await house.get("/")

    house.door.stop()
    done, _ = await asyncio.wait([running], timeout=DRAIN_SECONDS + LATE_SECONDS / 2)

    assert done == set()
    await asyncio.wait_for(running, LATE_SECONDS)


async def test_what_is_under_way_ends_with_its_answer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "LINGER_SECONDS_MAX", LATE_SECONDS)
    running = asyncio.create_task(house.door.run())
    await _until_open(house)
    under_way = asyncio.create_task(house.get("/slow"))
    await asyncio.sleep(0.05)

    house.door.stop()
    await asyncio.sleep(DRAIN_SECONDS + LATE_SECONDS + 0.1)
    house.inside.set()

    assert (await under_way).status == 200
    await running


async def test_a_door_that_never_opened_closes_at_once(house: House) -> None:
    running = asyncio.create_task(house.door.run())
    await asyncio.sleep(0.1)

    house.door.stop()

    await asyncio.wait_for(running, DRAIN_SECONDS)


async def test_who_is_connected_and_not_yet_accepted_is_served_before_the_port_is_closed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = asyncio.create_task(house.door.run())
    await _until_open(house)
    early, late = _knocks_as_the_port_closes(house, monkeypatch, ignore=door.ignore_newcomers)

    house.door.stop()
    await asyncio.sleep(DRAIN_SECONDS + door.LET_IN_SECONDS + 0.1)
    answer = await asyncio.to_thread(_read, early[0])

    assert answer.startswith(b"HTTP/1.1 200")
    assert late == ["not connected"]
    await running


async def test_without_that_whoever_is_not_yet_accepted_is_cut_off(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = asyncio.create_task(house.door.run())
    await _until_open(house)
    monkeypatch.setattr(door, "LET_IN_SECONDS", 0.0)
    early, late = _knocks_as_the_port_closes(house, monkeypatch, ignore=lambda _port: None)

    house.door.stop()
    await asyncio.sleep(DRAIN_SECONDS + 0.1)

    with pytest.raises(ConnectionResetError):
        await asyncio.to_thread(_read, early[0])
    assert late == ["connected"]
    await running


def _knocks_as_the_port_closes(
    house: House, monkeypatch: pytest.MonkeyPatch, *, ignore: Callable[[socket.socket], None]
) -> tuple[list[socket.socket], list[str]]:
    """Somebody is connected and sends their wish just before newcomers are ignored, while the loop
    has no time to accept them; somebody else tries just afterwards.
    """
    address = ("127.0.0.1", urlsplit(house.url).port)
    early: list[socket.socket] = []
    late: list[str] = []

    def knock(port: socket.socket) -> None:
        early.append(socket.create_connection(address, timeout=1.0))
        early[0].sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        ignore(port)
        try:
            socket.create_connection(address, timeout=0.1).close()
            late.append("connected")
        except TimeoutError:
            late.append("not connected")

    monkeypatch.setattr(door, "ignore_newcomers", knock)
    return early, late


def _read(connected: socket.socket) -> bytes:
    with connected:
        return connected.recv(4096)
