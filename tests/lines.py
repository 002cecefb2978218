"""How does an answer get lost on its way? A line to PostgreSQL that can be cut after a COMMIT."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

COMMIT = b"COMMIT"


class Line:
    """Passes bytes on both ways. Once `armed`, the answer to the next COMMIT never arrives."""

    def __init__(self, dsn: str) -> None:
        self._to = urlsplit(dsn)
        self._calls: set[asyncio.Task[None]] = set()
        self.dsn = ""
        self.armed = False
        self.lost = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Line"]:
        """Take calls on a port of its own while the block runs."""
        server = await asyncio.start_server(self._call, "127.0.0.1", 0)
        here = f":{server.sockets[0].getsockname()[1]}"
        there = f":{self._to.port}"
        self.dsn = self._to._replace(netloc=self._to.netloc.replace(there, here)).geturl()
        try:
            yield self
        finally:
            server.close()
            for call in self._calls:
                call.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)

    async def _call(self, client: asyncio.StreamReader, caller: asyncio.StreamWriter) -> None:
        call = asyncio.current_task()
        assert call is not None
        self._calls.add(call)
        answers, server = await asyncio.open_connection(self._to.hostname, self._to.port)
        answering = asyncio.create_task(_pass_on(answers, caller))
        try:
            while said := await client.read(65_536):
                if self.armed and COMMIT in said:
                    answering.cancel()
                    await asyncio.wait([answering])
                    server.write(said)
                    await answers.read(65_536)  # it is committed, and nobody will hear of it
                    self.armed = False
                    self.lost.set()
                    return
                server.write(said)
                await server.drain()
        except OSError:
            pass
        finally:
            answering.cancel()
            server.transport.abort()
            caller.transport.abort()


async def _pass_on(answers: asyncio.StreamReader, caller: asyncio.StreamWriter) -> None:
    while said := await answers.read(65_536):
        caller.write(said)
        await caller.drain()
    caller.close()
