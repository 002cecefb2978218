"""What stands between the services and what they need, and does to them all a network may?

A TCP proxy. It passes bytes on, late if so told, in slices if so told, or not at all; it hangs up
on everybody; and it can keep back what a server answered to one thing that a client said, which is
how a COMMIT is done and nobody hears of it.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

CHUNK_BYTES = 65_536
SLICE_BYTES = 7
"""Less than any header of PostgreSQL's or Kafka's."""


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate


@dataclass
class Weather:
    """What is done to what passes, from now on; fair unless changed."""

    latency_seconds: float = 0.0
    sliced: bool = False
    passes: asyncio.Event = field(default_factory=_open_gate)
    """Cleared, nothing passes, and nobody is told: a black hole."""
    answers_lost: int = 0
    """So many more answers to what `ends_with` describes are kept back, each with its line."""
    resets: asyncio.Event = field(default_factory=_open_gate)
    """Cleared, a kept-back answer leaves the line open, as a server that fell asleep does."""


class Proxy:
    """One way from a port to another."""

    def __init__(
        self,
        name: str,
        *,
        host: str,
        port: int,
        behind: int,
        asks: Callable[[bytes], bool] = lambda said: False,
    ) -> None:
        self.name = name
        self.weather = Weather()
        self.hits = 0
        """Answers kept back so far."""
        self.passed_bytes = 0
        self._host = host
        self._port = port
        self._behind = behind
        self._asks = asks
        self._server: asyncio.Server | None = None
        self._lines: set[Line] = set()
        self._lives: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Take connections; whoever comes before is refused."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._take, self._host, self._port, limit=CHUNK_BYTES, reuse_address=True
            )

    async def close(self) -> None:
        """Be away: refuse everybody, hang up on those who are there."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self.hang_up()
        await asyncio.sleep(0)

    async def end(self) -> None:
        """Close for good, and leave no task."""
        await self.close()
        for life in list(self._lives):
            life.cancel()
        await asyncio.gather(*self._lives, return_exceptions=True)

    def hang_up(self) -> None:
        """Reset every connection there is."""
        for line in list(self._lines):
            line.reset()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        life = asyncio.current_task()
        assert life is not None
        self._lives.add(life)
        try:
            theirs = await asyncio.open_connection(self._host, self._behind, limit=CHUNK_BYTES)
        except OSError:
            writer.transport.abort()
            self._lives.discard(life)
            return
        line = Line(self, (reader, writer), theirs)
        self._lines.add(line)
        try:
            await line.run()
        finally:
            line.reset()
            self._lines.discard(line)
            self._lives.discard(life)


Side = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Line:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy, client: Side, server: Side) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._keeps_back = False
        for _, writer in (client, server):
            found = writer.get_extra_info("socket")
            if found is not None:
                found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def run(self) -> None:
        """Until either side hangs up."""
        ways = (
            asyncio.create_task(self._pass(self._client[0], self._server[1], asks=True)),
            asyncio.create_task(self._pass(self._server[0], self._client[1], asks=False)),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    def reset(self) -> None:
        """Hang up on both without a word."""
        for _, writer in (self._client, self._server):
            writer.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, asks: bool
    ) -> None:
        weather = self._proxy.weather
        with contextlib.suppress(OSError, ConnectionError):
            while chunk := await reader.read(CHUNK_BYTES):
                if weather.latency_seconds:
                    await asyncio.sleep(weather.latency_seconds)
                await weather.passes.wait()
                if asks and weather.answers_lost > 0 and self._proxy._asks(chunk):
                    weather.answers_lost -= 1
                    self._keeps_back = True
                if not asks and self._keeps_back:
                    # The server has done it and said so. Nobody will hear.
                    self._proxy.hits += 1
                    await weather.resets.wait()
                    return
                self._proxy.passed_bytes += len(chunk)
                await _write(writer, chunk, sliced=weather.sliced)


async def _write(writer: asyncio.StreamWriter, chunk: bytes, *, sliced: bool) -> None:
    if not sliced:
        writer.write(chunk)
        await writer.drain()
        return
    for start in range(0, len(chunk), SLICE_BYTES):
        writer.write(chunk[start : start + SLICE_BYTES])
        await writer.drain()
        await asyncio.sleep(0)


COMMITS = (b"Q\x00\x00\x00\x0bCOMMIT\x00", b"Q\x00\x00\x00\x0cCOMMIT;\x00")


def is_commit(said: bytes) -> bool:
    """True where a client tells PostgreSQL to commit: a small message that asyncpg writes alone."""
    return any(word in said for word in COMMITS)


def ends_a_mail(said: bytes) -> bool:
    """True where a client tells the mail server that a mail is complete."""
    return said.endswith(b"\r\n.\r\n")
