"""How does the mail sink start, and when does it answer?"""

import asyncio
import os

from deploy.local.parts import MAIL_NICENESS, NotReadyError, Part, python
from deploy.local.settings import CHECKOUT
from deploy.local.stack import Stack


def part(stack: Stack) -> Part:
    """The SMTP server that keeps every message in a file and sends none."""
    port = stack.settings.port("TALON_SMTP_PORT")
    host = stack.settings.text("TALON_HOST")
    size_max = stack.settings.number("TALON_SMTP_MESSAGE_BYTES_MAX")
    options = ("--host", host, "--port", str(port.number))
    limits = ("--inbox", str(stack.inbox), "--message-bytes-max", str(size_max))
    return Part(
        name="sink",
        ports={"smtp": port},
        command=(*python("deploy.local.sink"), *options, *limits),
        environment=dict(os.environ),
        folder=str(CHECKOUT),
        niceness=MAIL_NICENESS,
        probe=lambda: _probe(host, port.number),
    )


async def _probe(host: str, port: int) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        greeting = await reader.readline()
        if not greeting.startswith(b"220"):
            raise NotReadyError("no greeting")
        writer.write(b"QUIT\r\n")
        await writer.drain()
        await reader.readline()
    finally:
        writer.close()
