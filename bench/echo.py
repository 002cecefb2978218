"""How many POSTs a second does aiohttp answer that decide nothing? A body in, the same out."""

import argparse
import asyncio
import signal
import sys
from uuid import UUID

import msgspec
import uvloop
from aiohttp import web

HOST = "127.0.0.1"
ROUTE = "/api/v1/bookings"
BACKLOG = 4096
SHUTDOWN_SECONDS = 2.0


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One place of the body."""

    slot_id: UUID
    dose: int


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a booking."""

    places: tuple[Place, ...]
    campaign_id: UUID


_decode = msgspec.json.Decoder(Body).decode
_encode = msgspec.json.Encoder().encode


async def echo(request: web.Request) -> web.Response:
    """201 what came in; who asks is not looked at."""
    body = _decode(await request.read())
    return web.Response(status=201, body=_encode(body), content_type="application/json")


async def run(port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    app = web.Application()
    app.router.add_post(ROUTE, echo)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port, backlog=BACKLOG).start()
        await stopping.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    """`python -m bench.echo --port 18000`"""
    words = argparse.ArgumentParser(prog="python -m bench.echo", description=__doc__)
    words.add_argument("--port", type=int, required=True)
    uvloop.run(run(words.parse_args().port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
