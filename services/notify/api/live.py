"""What does a person's open page hear? What happens to their own bookings, as it happens."""

import asyncio
import random
import socket

from aiohttp import HttpVersion11, web

from services.notify.api.desk import DESK
from services.notify.api.problems import STREAM
from services.notify.live import Broadcaster, Stream, TooManyError, frames, positions
from services.notify.live.positions import Position
from shared.access.entries import Touch
from shared.auth import Actor
from shared.openapi import Answer, Route
from shared.openapi.routes import EVENT_STREAM
from shared.policy import allowed
from shared.problems import Problem

RETRY_MS = (1_000, 3_000)
"""How long a client waits before it comes back: not all of them at the same time."""

SEND_BUFFER_BYTES = 32_768
"""The kernel's buffer for one stream; left alone, it takes megabytes for a client that is slow."""

UNACKNOWLEDGED_MS_MAX = 30_000
"""A client that acknowledges nothing for so long is gone: a phone in a tunnel says no goodbye."""

HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}


async def follow_live(request: web.Request) -> web.StreamResponse:
    """200 a stream of what happens to the caller's own bookings, as it happens.

    The events are BookingConfirmed, BookingRescheduled, BookingRevoked, BookingMissed and
    BookingReinstated, and of a telemedicine visit VisitArrived, VisitWaiting, VisitDropped,
    VisitRejoined, VisitAdmitted, VisitByPhone, VisitEnded and VisitMissed; of one at a clinic
    VisitArrived, VisitEnded and VisitSetBack; each with an `id`. A `reset` says that some may be
    missing: read the bookings anew. A comment every 15 seconds shows that the stream lives. It ends
    with the token's time, and may end at any other; come back with the last `id` as Last-Event-ID,
    and all that came since is told, and nothing twice.
    """
    desk, actor = request.app[DESK], allowed(request).actor
    asked = _asked(request)
    if request.version < HttpVersion11:
        raise Problem(505, "http_version", "A stream needs HTTP/1.1; ask again with that.")
    desk.access.note(request, [actor.id])
    stream = _admitted(desk.live, actor)
    try:
        begins = await _placed(desk.live, stream, asked)
        return await _serve(request, desk.live, stream, begins)
    finally:
        desk.live.leave(stream)


async def _serve(
    request: web.Request, live: Broadcaster, stream: Stream, begins: Position
) -> web.StreamResponse:
    """The first words are written here, all others by who tells; until the stream is over."""
    response = web.StreamResponse(headers=HEADERS)
    response.enable_chunked_encoding()
    try:
        await response.prepare(request)
        await response.write(frames.opening(random.randint(*RETRY_MS), begins))
        stream.open(_bound(request))
    except OSError:
        # The client is gone already; what was begun cannot become another answer.
        return response
    live.follow(stream)
    await stream.over
    return response


def _asked(request: web.Request) -> Position | None:
    """Where the client wants to go on; None from now on."""
    word = request.headers.get("Last-Event-ID", "")
    if not word:
        return None
    position = positions.read(word)
    if position is None:
        raise Problem(
            400,
            "last_event_id_malformed",
            "This Last-Event-ID was never given out. Leave it out, and read your bookings anew.",
        )
    return position


def _admitted(live: Broadcaster, actor: Actor) -> Stream:
    try:
        return live.streams.admit(actor.id, actor.until)
    except TooManyError as error:
        headers = {"Retry-After": "5"}
        if error.whose == "person":
            raise Problem(
                429,
                "too_many_streams",
                "You have too many streams open; close one of them.",
                headers=headers,
            ) from error
        raise Problem(
            503,
            "unavailable",
            "Too many streams are open here; ask again, or read your bookings from time to time.",
            headers=headers,
        ) from error


async def _placed(live: Broadcaster, stream: Stream, asked: Position | None) -> Position:
    try:
        return await live.place(stream, asked)
    except TimeoutError as error:
        raise Problem(
            503,
            "unavailable",
            "It cannot be said now what has happened; ask again with the same Last-Event-ID.",
            headers={"Retry-After": "2"},
        ) from error


def _bound(request: web.Request) -> asyncio.Transport:
    """The connection, in which the kernel, too, keeps no more and waits no longer than is meant."""
    if request.transport is None:
        raise ConnectionResetError
    connection: socket.socket = request.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS_MAX)
    return request.transport


ROUTES = [
    Route(
        "GET",
        "/api/v1/live",
        follow_live,
        tag="live",
        answers={
            200: Answer(
                "Server-sent events; the `data` of each is a Change.",
                frames.Change,
                headers=("Cache-Control",),
                media=EVENT_STREAM,
            )
        },
        problems=STREAM,
        touches=Touch("stream", ("status", "places")),
    )
]
