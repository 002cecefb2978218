"""How is something posted to a provider, so that it is known afterwards what is known?

Until the first byte of the content every failure is certain; from then on only the answer is.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiohttp import (
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
    TraceConfig,
)
from yarl import URL

from services.notify.rules import NotHandedOver, Outcome, Unanswered

IDLE_SECONDS = 5.0
"""Shorter than any service keeps a connection: one that it just closed would leave a message
unknown."""


class SharedSession:
    """One session, over a few connections, for as long as a line is in it."""

    def __init__(self, connections: int, seconds: float, **more: Any) -> None:
        self._connections = connections
        self._seconds = seconds
        self._more = more
        self._session: ClientSession | None = None
        self._lines = 0

    def enter(self) -> ClientSession:
        """Whoever comes first opens it."""
        self._lines += 1
        if self._session is None:
            self._session = ClientSession(
                connector=TCPConnector(limit=self._connections, keepalive_timeout=IDLE_SECONDS),
                cookie_jar=DummyCookieJar(),
                timeout=ClientTimeout(total=self._seconds),
                trace_configs=[_noting_the_first_byte()],
                auto_decompress=False,
                **self._more,
            )
        return self._session

    async def leave(self) -> None:
        """Whoever leaves last shuts the door."""
        self._lines -= 1
        if not self._lines and self._session is not None:
            session, self._session = self._session, None
            await session.close()


async def posted(
    session: ClientSession,
    url: URL,
    content: Any,
    headers: Mapping[str, str],
    read: Callable[[ClientResponse], Awaitable[Outcome]],
) -> Outcome:
    """What the answer means, as `read` has it; without one, what is known all the same."""
    begun = SimpleNamespace(content=False)
    try:
        async with session.post(
            url, data=content, headers=headers, allow_redirects=False, trace_request_ctx=begun
        ) as answer:
            return await read(answer)
    except (aiohttp.ClientError, OSError, TimeoutError):
        return Unanswered() if begun.content else NotHandedOver("connect")


def _noting_the_first_byte() -> TraceConfig:
    """Says of each request whether its content may have left."""

    async def leaves(session: ClientSession, context: SimpleNamespace, chunk: object) -> None:
        context.trace_request_ctx.content = True

    trace = TraceConfig()
    trace.on_request_chunk_sent.append(leaves)
    return trace
