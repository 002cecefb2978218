"""How does one connection ask for one page after the other, as cheaply as Python can?

Thousands of pages a second leave no time for a general HTTP client beside the stack it measures:
this one knows only what the edge answers to a GET, a Content-Length or a 304.
"""

import asyncio
import re
import time
from collections import deque
from typing import cast

from talon.reads.tally import FAILED, Tally

CONNECTIONS = 48
CONNECT_AGAIN_SECONDS = 0.2

HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ETAG = re.compile(rb"\r\netag: *([^\r]+)", re.IGNORECASE)
AS_OF = re.compile(rb"\r\ntalon-as-of: *([^\r]+)", re.IGNORECASE)
BODILESS = (204, 304)


class Queue:
    """Pages that somebody wants to see, and the lines that are free to fetch them."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.etags: dict[str, bytes] = {}
        self.wanted: deque[tuple[str, float]] = deque()
        self.free: list[Line] = []

    def want(self, path: str) -> None:
        """Fetch it now, or as soon as a line is free; the wait counts."""
        self.wanted.append((path, time.monotonic()))
        if self.free:
            self.free.pop().next()


class Line(asyncio.Protocol):
    """One connection that is never closed by us."""

    def __init__(self, queue: Queue, host: str) -> None:
        self._queue = queue
        self._head = f" HTTP/1.1\r\nHost: {host}\r\n".encode()
        self._transport: asyncio.Transport | None = None
        self._path = ""
        self._due = 0.0
        self._buffer = b""
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with what waits."""
        self._transport = cast(asyncio.Transport, transport)
        self.next()

    def connection_lost(self, exc: Exception | None) -> None:
        """The page under way was not read."""
        if self._path:
            self._queue.tally.note(FAILED, 0.0, "")
        elif self in self._queue.free:
            self._queue.free.remove(self)
        self.lost.set_result(None)

    def next(self) -> None:
        """Ask for the next page; where nobody wants one, wait for it."""
        if not self._queue.wanted:
            self._path = ""
            self._queue.free.append(self)
            return
        self._path, self._due = self._queue.wanted.popleft()
        etag = self._queue.etags.get(self._path)
        seen = b"If-None-Match: " + etag + b"\r\n" if etag else b""
        assert self._transport is not None
        self._transport.write(b"GET " + self._path.encode() + self._head + seen + b"\r\n")

    def data_received(self, data: bytes) -> None:
        """An answer, or a piece of one."""
        self._buffer += data
        end = self._buffer.find(HEAD_END)
        if end < 0:
            return
        head = self._buffer[:end]
        status = int(head[9:12])
        length = 0 if status in BODILESS else _length(head)
        if len(self._buffer) < end + len(HEAD_END) + length:
            return
        self._buffer = b""
        self._take(status, head)
        self.next()

    def _take(self, status: int, head: bytes) -> None:
        as_of, etag = AS_OF.search(head), ETAG.search(head)
        if etag is not None:
            self._queue.etags[self._path] = etag[1]
        said = as_of[1].decode() if as_of is not None else ""
        self._queue.tally.note(status, time.monotonic() - self._due, said)


async def keep(queue: Queue, host: str, port: int) -> None:
    """One line, for ever: what breaks is connected again."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            _, line = await loop.create_connection(
                lambda: Line(queue, f"{host}:{port}"), host, port
            )
            await line.lost
        except OSError:
            pass
        await asyncio.sleep(CONNECT_AGAIN_SECONDS)


def _length(head: bytes) -> int:
    found = LENGTH.search(head)
    if found is None:
        raise ValueError(f"an answer without Content-Length: {head!r}")
    return int(found[1])
