"""How do thousands ask at one door, over so many connections, and when was each answered?

An HTTP/1.1 client that does no more than this needs: it keeps connections, reads answers with a
length, and notes when each request was written and when its answer was whole.
"""

import asyncio
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import cast
from urllib.parse import urlsplit

import msgspec

from talon.mistakes import MistakeError

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "
STATUS = slice(9, 12)
"""Where the status stands in `HTTP/1.1 200 OK`."""


class Answered(msgspec.Struct, gc=False):
    """One request's answer; times are this process's seconds."""

    asked_at: float
    at: float
    status: int
    body: bytes


def request_of(
    door: str, path: str, *, method: str = "POST", token: str = "", body: bytes = b"{}"
) -> bytes:
    """As it goes over the wire."""
    sign = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"{method} /api/v1{path} HTTP/1.1\r\nHost: {urlsplit(door).netloc}\r\n{sign}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


async def ask_all(door: str, requests: Sequence[bytes], *, connections: int) -> list[Answered]:
    """Every answer in the order of the requests; the next is asked when one was answered."""
    loop, address = asyncio.get_running_loop(), urlsplit(door)
    host, port = address.hostname, address.port
    assert host is not None, "a door has an address"
    assert port is not None, "and a port"
    crowd = _Crowd(requests, loop.create_future())
    for _ in range(min(connections, len(requests))):
        await loop.create_connection(lambda: _Asking(crowd), host, port)
    await crowd.done
    return [answer for answer in crowd.answers if answer is not None]


class _Crowd:
    """What is still to be asked, and what came back."""

    def __init__(self, requests: Sequence[bytes], done: asyncio.Future[None]) -> None:
        self.done = done
        self.answers: list[Answered | None] = [None] * len(requests)
        self.missing = len(requests)
        self.next: Iterator[tuple[int, bytes]] = iter(enumerate(requests))

    def take(self, nth: int, answer: Answered) -> None:
        self.answers[nth] = answer
        self.missing -= 1
        if self.missing == 0 and not self.done.done():
            self.done.set_result(None)

    def fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(MistakeError(why))


class _Asking(asyncio.Protocol):
    """One connection."""

    def __init__(self, crowd: _Crowd) -> None:
        self._crowd = crowd
        self._came = b""
        self._nth = -1
        self._asked_at = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's own transports are of no class that asyncio knows.
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._nth >= 0:
            self._crowd.fail(f"a connection broke before its answer: {exc}")

    def data_received(self, data: bytes) -> None:
        self._came += data
        end = self._came.find(HEAD_END)
        if end < 0:
            return
        head = self._came[:end].lower() + b"\r\n"
        length = int(head.partition(LENGTH)[2].partition(b"\r\n")[0])
        begins = end + len(HEAD_END)
        if len(self._came) < begins + length:
            return
        body, status = self._came[begins : begins + length], int(head[STATUS])
        answer = Answered(self._asked_at, perf_counter(), status, body)
        self._came = b""
        self._crowd.take(self._nth, answer)
        self._ask()

    def _ask(self) -> None:
        assert self._transport is not None
        self._nth, request = next(self._crowd.next, (-1, b""))
        if self._nth < 0:
            self._transport.close()
            return
        self._asked_at = perf_counter()
        self._transport.write(request)
