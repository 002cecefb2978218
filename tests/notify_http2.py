"""Who answers over HTTP/2 in a test as no push service should? By the library's other side."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, PingAckReceived, StreamEnded

from services.notify.channels.mobile_push.connection import Peer, trust
from tests.certificates import a_certificate

Doing = Callable[["Session", int], None]
"""What it does once a request is whole: of this session, on this stream."""


class Session(asyncio.Protocol):
    """One connection, seen from the other side."""

    def __init__(self, do: Doing, sessions: list["Session"]) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=False))
        self.asked: list[int] = []
        self.content = 0
        self.pongs = 0
        self.transport: asyncio.Transport
        self._do = do
        sessions.append(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.h2.initiate_connection()
        self.flush()

    def data_received(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            if isinstance(event, DataReceived):
                self.content += len(event.data or b"")
            if isinstance(event, PingAckReceived):
                self.pongs += 1
            if isinstance(event, StreamEnded):
                self.asked.append(event.stream_id)
                self._do(self, event.stream_id)
        self.flush()

    def flush(self) -> None:
        """Say what is to be said by now."""
        if not self.transport.is_closing():
            self.transport.write(self.h2.data_to_send())


class Server:
    """Where it listens, and who has called."""

    def __init__(self, peer: Peer, sessions: list[Session]) -> None:
        self.peer = peer
        self.sessions = sessions


@asynccontextmanager
async def a_server(
    folder: Path, do: Doing, *, protocols: tuple[str, ...] = ("h2",), seconds: float = 0.5
) -> AsyncIterator[Server]:
    """One that does so, as long as the block runs."""
    certificate, key = a_certificate()
    (folder / "certificate").write_text(certificate)
    (folder / "key").write_text(key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "certificate", folder / "key")
    if protocols:
        context.set_alpn_protocols(list(protocols))
    sessions: list[Session] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Session(do, sessions), "127.0.0.1", 0, ssl=context)
    try:
        port = server.sockets[0].getsockname()[1]
        yield Server(Peer("127.0.0.1", port, trust(str(folder / "certificate")), seconds), sessions)
    finally:
        server.close()
        for session in sessions:
            session.transport.abort()
        await asyncio.sleep(0)
