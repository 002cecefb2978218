"""Who takes the messages? A provider in Twilio's form that misbehaves, and counts what it took."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from uuid import uuid4

from aiohttp import web

from tests.messages.sizes import Size

HANG_SECONDS = 30.0
PATH = "/2010-04-01/Accounts/{account}/Messages.json"


class Provider:
    """`taken`: how often each number was sent something, by what it took, not by what it said."""

    def __init__(self, size: Size, *, keyed: bool, dice: Random) -> None:
        self.taken: Counter[str] = Counter()
        self.did: Counter[str] = Counter()
        self._size = size
        self._keyed = keyed
        self._dice = dice
        self._keys: dict[str, str] = {}

    async def post(self, request: web.Request) -> web.StreamResponse:
        """One message: what becomes of it is thrown anew at each attempt."""
        form = await request.post()
        key = request.headers.get("I-Twilio-Idempotency-Token", "")
        mood = self._mood()
        self.did[mood] += 1
        match mood:
            case "refused":
                return web.json_response({"code": 20_503, "status": 503}, status=503)
            case "slow_down":
                answer = {"code": 20_429, "status": 429}
                return web.json_response(answer, status=429, headers={"Retry-After": "1"})
        sid = self._take(str(form["To"]), key)
        if mood == "hangs":
            await asyncio.sleep(HANG_SECONDS)
        if mood == "resets" and request.transport is not None:
            request.transport.abort()
        return web.json_response({"sid": sid, "status": "queued"}, status=201)

    def _mood(self) -> str:
        thrown = self._dice.random()
        for mood in ("refused", "hangs", "resets", "slow_down"):
            thrown -= getattr(self._size, mood)
            if thrown < 0:
                return mood
        return "taken"

    def _take(self, number: str, key: str) -> str:
        if self._keyed and key in self._keys:
            return self._keys[key]
        self.taken[number] += 1
        sid = f"SM{uuid4().hex}"
        self._keys[key] = sid
        return sid


@asynccontextmanager
async def serving(provider: Provider, port: int) -> AsyncIterator[None]:
    """The provider listens there."""
    app = web.Application()
    app.router.add_post(PATH, provider.post)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()
