"""What would streams cost as they are usually built, each with a queue and a task that waits on it?

`python -m bench.live.peer PORT` serves them to whoever asks; on SIGUSR1 each is told one event.
"""

import asyncio
import signal
import sys

import uvloop
from aiohttp import web

from bench.live.pages import OTHER_FILES, allow_open_files

STREAMS_MAX = 20_000
HEARTBEAT_SECONDS = 15.0
QUEUE_MAX = 100
EVENT = b"id: 1-0-0-0\nevent: BookingConfirmed\ndata: %b\n\n" % (b"x" * 550)


async def _serve(port: int) -> None:
    queues: set[asyncio.Queue[bytes]] = set()

    async def follow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"retry: 1000\n\n")
        queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_MAX)
        queues.add(queue)
        try:
            while True:
                try:
                    said = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    said = b":\n\n"
                await response.write(said)
        except ConnectionError:
            return response
        finally:
            queues.discard(queue)

    def tell() -> None:
        for queue in queues:
            queue.put_nowait(EVENT)

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, tell)
    app = web.Application()
    app.router.add_get("/api/v1/live", follow)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    allow_open_files(STREAMS_MAX - OTHER_FILES)
    uvloop.run(_serve(int(sys.argv[1])))
