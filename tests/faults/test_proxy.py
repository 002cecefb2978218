"""Does the proxy of the fault campaign do to a connection what it says?"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.faults.proxy import COMMITS, Proxy, ends_a_mail, is_commit

HOST = "127.0.0.1"

Call = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Server:
    """Says everything back, and remembers what it was told."""

    def __init__(self) -> None:
        self.heard = b""
        self.port = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65_536):
                self.heard += chunk
                writer.write(chunk)
        writer.transport.abort()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    listening = await asyncio.start_server(made.take, HOST, 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()


@pytest.fixture
async def proxy(server: Server) -> AsyncIterator[Proxy]:
    free = await asyncio.start_server(lambda r, w: None, HOST, 0)
    port = free.sockets[0].getsockname()[1]
    free.close()
    await free.wait_closed()
    made = Proxy("a way", host=HOST, port=port, behind=server.port, asks=is_commit)
    await made.open()
    yield made
    await made.end()


@contextlib.asynccontextmanager
async def called(proxy: Proxy) -> AsyncIterator[Call]:
    reader, writer = await asyncio.open_connection(HOST, proxy._port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_in_fair_weather_what_is_said_arrives_and_is_answered(proxy: Proxy):
    async with called(proxy) as (reader, writer):
        writer.write(b"hello")

        assert await reader.readexactly(5) == b"hello"


async def test_in_slices_it_arrives_all_the_same(proxy: Proxy):
    proxy.weather.sliced = True
    said = bytes(range(256)) * 20
    async with called(proxy) as (reader, writer):
        writer.write(said)

        assert await reader.readexactly(len(said)) == said


async def test_in_a_black_hole_nothing_arrives_until_it_is_over(proxy: Proxy):
    async with called(proxy) as (reader, writer):
        proxy.weather.passes.clear()

        writer.write(b"hello")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(5), 0.2)
        proxy.weather.passes.set()

        assert await asyncio.wait_for(reader.readexactly(5), 2) == b"hello"


async def test_who_is_hung_up_on_is_reset_and_who_is_away_refuses(proxy: Proxy):
    async with called(proxy) as (reader, writer):
        writer.write(b"hello")
        await reader.readexactly(5)

        await proxy.close()

        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 2)
    with pytest.raises(ConnectionError):
        await asyncio.open_connection(HOST, proxy._port)


async def test_a_commit_is_done_and_its_answer_is_lost(proxy: Proxy, server: Server):
    proxy.weather.answers_lost = 1
    async with called(proxy) as (reader, writer):
        writer.write(COMMITS[0])

        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(len(COMMITS[0])), 2)
    assert server.heard == COMMITS[0]
    assert (proxy.hits, proxy.weather.answers_lost) == (1, 0)


async def test_the_end_of_a_mail_is_known_from_its_middle():
    assert ends_a_mail(b"...text\r\n.\r\n")
    assert not ends_a_mail(b"MAIL FROM:<a@b>\r\n")
