"""How are thousands of pages held open by one small client? Each is a protocol that counts."""

import asyncio
import re
import resource
import time
from collections.abc import Callable, Sequence
from typing import cast
from urllib.parse import urlsplit

from talon.mistakes import MistakeError

OPENED_AT_ONCE = 200
OTHER_FILES = 200
WAIT_SECONDS = 60.0
LOOK_SECONDS = 0.005
_ID = re.compile(rb"^id: ([0-9-]+)$", re.MULTILINE)
_EVENT = re.compile(rb"^event: (\w+)$", re.MULTILINE)


class Page(asyncio.Protocol):
    """One open page: how often it was told something, when last, and where it stands."""

    def __init__(self, token: str, last_id: bytes = b"") -> None:
        self.token = token
        self.last_id = last_id
        self.told = 0
        self.told_at = 0.0
        self.resets = 0
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._line = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask at once."""
        # uvloop's transports do all that asyncio's do, without being their heirs.
        self._transport = cast(asyncio.Transport, transport)
        after = b"Last-Event-ID: %b\r\n" % self.last_id if self.last_id else b""
        self._transport.write(
            b"GET /api/v1/live HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %b\r\n%b\r\n"
            % (self.token.encode(), after)
        )

    def data_received(self, data: bytes) -> None:
        """Count whole lines only; half of one waits for the rest."""
        if not self.status.done():
            self.status.set_result(int(data.split(b" ", 2)[1]))
        whole, _, self._line = (self._line + data).rpartition(b"\n")
        for word in _EVENT.findall(whole):
            self.resets += word == b"reset"
            self.told += 1
            self.told_at = time.monotonic()
        if ids := _ID.findall(whole):
            self.last_id = ids[-1]

    def close(self) -> None:
        """Go away."""
        if self._transport is not None:
            self._transport.abort()


async def opened(origin: str, pages: Sequence[Page]) -> float:
    """Open every page, some at a time, until each has its first words; the seconds it took."""
    allow_open_files(len(pages) + OTHER_FILES)
    address = urlsplit(origin)
    loop, began = asyncio.get_running_loop(), time.monotonic()
    gate = asyncio.Semaphore(OPENED_AT_ONCE)

    async def open_one(page: Page) -> int:
        async with gate, asyncio.timeout(WAIT_SECONDS):
            await loop.create_connection(lambda: page, address.hostname or "", address.port or 80)
            return await page.status

    refused = set(await asyncio.gather(*map(open_one, pages))) - {200}
    if refused:
        raise MistakeError(f"pages were not opened: {refused}")
    return time.monotonic() - began


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so, within a limit."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not is_so():  # noqa: ASYNC110 - thousands of protocols would set an event in vain
            await asyncio.sleep(LOOK_SECONDS)


def allow_open_files(wanted: int) -> None:
    """Each page is an open file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise MistakeError(f"{wanted} files must be open at once, and the limit is {hard}")
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
