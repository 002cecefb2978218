"""How does a service's door open and close so that nobody is turned away who could go elsewhere?

It opens when the service is ready. When it is to close, /readyz says so first; for a while all are
still served, each being told to leave the connection afterwards, so that balancers look elsewhere.
Then new connections are refused. Those that were kept are served until whoever kept them has used
or dropped them: a connection that is closed here may be one on which a wish is just being sent.

Nor may the port simply be closed. Whoever is connected is connected by the kernel, before the
service has accepted it; a port that closes then cuts off people whose wish is already on its way.
So newcomers are ignored first (they knock again a second later, and find another process), those
who wait at the port are let in, and only then is it closed.
"""

import asyncio
import ctypes
import socket
import struct
import time
from collections.abc import Callable

from aiohttp import web

from shared.web import CLOSING, SHUTDOWN_SECONDS, Check

OPEN_SECONDS_MAX = 10.0
"""A door opens after so long, ready or not: who asks is to be told what is wrong."""

LINGER_SECONDS_MAX = 2.0
"""Longer than a balancer keeps a connection that it does not use (nginx: `IDLE_SECONDS`)."""

LOOK_SECONDS = 0.05

LET_IN_SECONDS = 0.02
"""How long a port that nobody new reaches stays open: everybody who waits there is let in at once,
even by a loop that has other things to do.
"""

WAITING_MAX = 4096
"""How many may be connected by the kernel and not yet accepted."""

SO_ATTACH_FILTER = 26
"""Linux: which packets a socket takes, as a small program (`linux/filter.h`)."""

TAKE_NOTHING = struct.pack("=HBBI", 0x06, 0, 0, 0)
"""That program in one instruction: return 0, of each packet keep no byte."""


class Door:
    """The API's port, from the moment the service is ready until it has to go."""

    def __init__(
        self,
        app: web.Application,
        *,
        host: str,
        port: int,
        drain_seconds: float,
        ready: Callable[[], bool] = lambda: True,
        on_shut: Callable[[], None] = lambda: None,
    ) -> None:
        self._host = host
        self._port = port
        self._drain_seconds = drain_seconds
        self._ready = ready
        self._on_shut = on_shut
        self._open = False
        self._closing = asyncio.Event()
        app[CLOSING] = self._closing
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)

    def wrong(self) -> str | None:
        """In words, why nobody should be sent here."""
        if self._closing.is_set():
            return "it closes; whoever is inside is served"
        return None if self._open else "it is not open yet"

    def stop(self) -> None:
        """Say that it closes, then close it."""
        self._closing.set()

    async def run(self) -> None:
        """Serve until stopped; then let what is under way finish, within limits."""
        await self._runner.setup()
        try:
            await self._until_ready()
            if not self._closing.is_set():
                await self._serve()
        finally:
            await self._runner.cleanup()

    async def _until_ready(self) -> None:
        deadline = time.monotonic() + OPEN_SECONDS_MAX
        while time.monotonic() < deadline:
            if self._ready() or self._closing.is_set():
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _serve(self) -> None:
        port = _listen(self._host, self._port)
        site = web.SockSite(self._runner, port, backlog=WAITING_MAX)
        await site.start()
        self._open = True
        await self._closing.wait()
        await asyncio.sleep(self._drain_seconds)
        ignore_newcomers(port)
        await asyncio.sleep(LET_IN_SECONDS)
        await site.stop()
        self._on_shut()
        await self._until_all_left()

    async def _until_all_left(self) -> None:
        deadline = time.monotonic() + LINGER_SECONDS_MAX
        while time.monotonic() < deadline:
            if not self._connections():
                return
            await asyncio.sleep(LOOK_SECONDS)

    def _connections(self) -> int:
        server = self._runner.server
        return 0 if server is None else len(server.connections)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=WAITING_MAX)


def ignore_newcomers(port: socket.socket) -> None:
    """The kernel connects nobody new from now on; whoever is connected has still to be let in."""
    program = ctypes.create_string_buffer(TAKE_NOTHING)
    asks = struct.pack("@HP", 1, ctypes.addressof(program))
    port.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, asks)


def all_ready(checks: dict[str, Check]) -> Callable[[], bool]:
    """True when nothing is wrong with any of these parts as they are named now."""
    watched = list(checks.values())
    return lambda: all(check() is None for check in watched)
