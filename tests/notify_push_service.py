"""What does a push service do in a test? One opens what it is sent, as a browser does; another

answers as it is told, or not at all. The first is `web-push-testing`, of others' making.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from services.notify.rules.push import Subscription, SubscriptionKeys

PEERS = Path(__file__).parents[1] / ".talon" / "peers" / "node_modules"
SERVER = PEERS / "web-push-testing" / "src" / "bin" / "server.js"
START_SECONDS_MAX = 20.0

P256DH = "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
"""A device's keys as RFC 8291 shows some."""

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PushService:
    """Others' push service: devices subscribe with it, and it tells what they could read."""

    def __init__(self, session: aiohttp.ClientSession, origin: str) -> None:
        self._session = session
        self.origin = origin

    async def subscribe(self, server_key: str) -> tuple[Subscription, str]:
        """A device that only who has this key pushes to; and its name here."""
        said = (await self._ask("subscribe", applicationServerKey=server_key))["data"]
        keys = SubscriptionKeys(**said["keys"])
        endpoint = said["endpoint"].replace("localhost", "127.0.0.1")
        return Subscription(endpoint, keys), said["clientHash"]

    async def read_on(self, device: str) -> list[dict[str, Any]]:
        """What this device was shown, opened with its own keys."""
        said = await self._ask("get-notifications", clientHash=device)
        return [json.loads(text) for text in said["data"]["messages"]]

    async def expire(self, device: str) -> None:
        """Its owner does not want to be pushed to any more."""
        async with self._session.post(f"{self.origin}/expire-subscription/{device}"):
            return

    async def _ask(self, path: str, **what: str) -> Any:
        async with self._session.post(f"{self.origin}/{path}", json=what) as answer:
            answer.raise_for_status()
            return await answer.json()


@asynccontextmanager
async def a_push_service() -> AsyncIterator[PushService]:
    """`web-push-testing`, as long as the block runs."""
    port = unused_port()
    process = await asyncio.create_subprocess_exec(
        "node", str(SERVER), str(port), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readline(), START_SECONDS_MAX)
        async with aiohttp.ClientSession() as session:
            yield PushService(session, f"http://127.0.0.1:{port}")
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def answering(answer: Answering) -> AsyncIterator[str]:
    """The origin of a service that does what it is told with whatever is pushed."""
    app = web.Application()
    app.router.add_post("/{device}", answer)
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}"
