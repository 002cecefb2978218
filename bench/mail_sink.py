"""Who takes mails in a bench, faster than anybody sends them? Postfix's `smtp-sink`."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from talon.mistakes import MistakeError

SINK = "/usr/sbin/smtp-sink"
BACKLOG = "64"
LOOKS_MAX = 100
LOOK_SECONDS = 0.05


@asynccontextmanager
async def listening() -> AsyncIterator[int]:
    """On this port, until the block is left."""
    if shutil.which(SINK) is None:
        raise MistakeError(f"{SINK} is missing: make setup ALSO=postfix")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    sink = await asyncio.create_subprocess_exec(SINK, "-u", "nobody", f"127.0.0.1:{port}", BACKLOG)
    try:
        await _until_there(port)
        yield port
    finally:
        sink.kill()
        await sink.wait()


async def _until_there(port: int) -> None:
    for _ in range(LOOKS_MAX):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(LOOK_SECONDS)
        else:
            writer.close()
            return
    raise MistakeError(f"{SINK} does not listen at {port}")
