"""How does the command line speak HTTP, and what does it make of each answer or silence?"""

import asyncio
import resource
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from deploy.local.stack import Stack

CONNECTIONS_MAX = 2_000
ANSWER_SECONDS = 10.0
"""Longer than any answer takes that the services mean to give."""

CONNECT_SECONDS = 3.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back; status 0 when nothing did, and then `fault` says what was seen instead."""

    status: int
    body: bytes = b""
    location: str = ""
    retry_after: float = 0.0
    seconds: float
    fault: str = ""

    @property
    def code(self) -> str:
        """The problem's stable code, or what stands in its place."""
        if self.fault:
            return self.fault
        if self.status < 400:
            return ""
        try:
            return msgspec.json.decode(self.body, type=ProblemSaid).code
        except msgspec.MsgspecError:
            return f"http_{self.status}"


class ProblemSaid(msgspec.Struct):
    """The one field of a problem document that programs go by."""

    code: str


class Doors:
    """The one door of all services: the edge."""

    def __init__(self, session: aiohttp.ClientSession, origin: str) -> None:
        self._session = session
        self.origin = origin
        self.api = f"{origin}/api/v1"

    async def ask(
        self,
        method: str,
        url: str,
        *,
        token: str = "",
        key: str = "",
        body: Any = None,
        admission_pass: str = "",
        due: float | None = None,
    ) -> Answer:
        """One request. Its time counts from `due`, when a person would have pressed the button."""
        # Who signs in to look reads past the edge's memory: what everybody may see needs no token.
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if key:
            headers["Idempotency-Key"] = key
        if admission_pass:
            headers["Admission-Pass"] = admission_pass
        data = None
        if body is not None:
            data = msgspec.json.encode(body)
            headers["Content-Type"] = "application/json"
        began = time.monotonic() if due is None else due
        try:
            async with self._session.request(method, url, data=data, headers=headers) as said:
                content = await said.read()
                return Answer(
                    status=said.status,
                    body=content,
                    location=said.headers.get("Location", ""),
                    retry_after=_seconds(said.headers.get("Retry-After", "")),
                    seconds=time.monotonic() - began,
                )
        except TimeoutError:
            return Answer(status=0, seconds=time.monotonic() - began, fault="timeout")
        except (aiohttp.ClientError, OSError) as error:
            return Answer(status=0, seconds=time.monotonic() - began, fault=type(error).__name__)


@asynccontextmanager
async def open_doors(stack: Stack) -> AsyncIterator[Doors]:
    """Connections to the stack's edge, as many as are asked for up to a limit."""
    _allow_many_files()
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS)
    connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX, ttl_dns_cache=300)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield Doors(session, stack.edge)
        # What hangs in the last connections is let go before the loop ends.
        await asyncio.sleep(0)


def _allow_many_files() -> None:
    """Each connection is an open file; a shell's usual limit is too low for a rush."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + 200
    if soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def _seconds(text: str) -> float:
    return float(text) if text.isdigit() else 0.0
