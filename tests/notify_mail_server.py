"""What does the messenger's mail server do in a test? What it is told to, over real SMTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import Message

from aiosmtpd.smtp import SMTP, Envelope, Session

Verdict = Callable[[Message], Awaitable[str]]


async def accept(mail: Message) -> str:
    """Take it."""
    return "250 OK"


class MailServer:
    """Keeps what it accepted; `on_rcpt` and `on_data` say how it answers."""

    def __init__(self) -> None:
        self.kept: list[Message] = []
        self.seen: list[Message] = []
        self.recipients: list[str] = []
        self.connections = 0
        self.on_data: Verdict = accept
        self.on_rcpt: Callable[[str], str] = lambda address: "250 OK"
        self.port = 0
        self._transports: list[asyncio.BaseTransport] = []

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.on_rcpt(address)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content)
        self.seen.append(mail)
        answer = await self.on_data(mail)
        if answer.startswith("2"):
            self.kept.append(mail)
            self.recipients += envelope.rcpt_tos
        return answer

    def hang_up(self) -> None:
        """End every connection without a word."""
        for transport in self._transports:
            transport.abort()  # type: ignore[attr-defined]

    def told(self) -> list[str]:
        """The types of what was accepted, in order."""
        return [str(mail["X-Talon-Event"]) for mail in self.kept]

    def connection(self) -> SMTP:
        server = self

        class Connection(SMTP):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                server.connections += 1
                server._transports.append(transport)
                super().connection_made(transport)

        return Connection(self, hostname="localhost", loop=asyncio.get_running_loop())


@asynccontextmanager
async def listening(server: MailServer, port: int = 0) -> AsyncIterator[MailServer]:
    """Listens while the block runs; on a free port where none is given."""
    listener = await asyncio.get_running_loop().create_server(server.connection, "127.0.0.1", port)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        server.hang_up()
        await asyncio.sleep(0)
