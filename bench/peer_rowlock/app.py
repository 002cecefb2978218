"""What does the peer do with a booking? Lock the slot's row, look, write, commit, answer.

With the booking it keeps the answer under its key and an event to tell others, in one transaction.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import uvloop
from aiohttp import web
from asyncpg.prepared_stmt import PreparedStatement

from shared.auth import Tokens
from shared.messages import Dose
from shared.problems import Problem
from shared.statements import load
from shared.web import body_hash, command_id, idempotency_key, read_body

SQL = load("bench.peer_rowlock")
HOST = "127.0.0.1"
ROUTE = "/api/v1/bookings"
BACKLOG = 4096
DSN = "PEER_DSN"
"""The variable that tells where its database is: a password is not for everybody's eyes."""

CONNECT_SECONDS = 5.0
SHUTDOWN_SECONDS = 2.0
STATEMENT_MS = 30_000
NOBODY = UUID(int=0)


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the peer is told."""

    dsn: str
    port: int
    connections: int
    """To PostgreSQL, in each process."""

    at_once: bool
    jwks: str
    issuer: str
    audience: str


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one place of a body."""

    slot_id: UUID
    dose: Dose


class NewBooking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body, as Talon takes it."""

    places: tuple[Place]
    campaign_id: UUID


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """The answer, as long as Talon's is in what it says of the booking."""

    id: UUID
    status: str
    campaign_id: UUID
    places: tuple[Place]


class PlaceBooked(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What others are to hear of it."""

    cause: UUID
    owner_id: UUID
    campaign_id: UUID
    places: tuple[Place]


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What a wish becomes in the tables if it is granted."""

    wish: UUID
    patient: UUID
    body: NewBooking
    body_hash: bytes
    answer: bytes
    event: bytes

    @property
    def row(self) -> tuple[Any, ...]:
        """In the order of the statements."""
        place = self.body.places[0]
        about = (self.wish, place.slot_id, self.patient, self.body.campaign_id, place.dose)
        return (*about, self.body_hash, self.answer, self.event)


class Session:
    """One connection with its statements prepared once."""

    def __init__(self, connection: asyncpg.Connection, prepared: dict[str, Any]) -> None:
        self.connection = connection
        self.lock_slot: PreparedStatement = prepared["lock_slot"]
        self.book: PreparedStatement = prepared["book"]
        self.book_at_once: PreparedStatement = prepared["book_at_once"]
        self.refuse: PreparedStatement = prepared["refuse"]
        self.answer: PreparedStatement = prepared["answer"]


STATEMENTS = ("lock_slot", "book", "book_at_once", "refuse", "answer")
REFUSALS = {
    "slot_unknown": "There is no such slot.",
    "slot_full": "The slot is full.",
    "claim_taken": "This person has this dose already.",
}

_decode = msgspec.json.Decoder(NewBooking)


class Desk:
    """The door and the sessions behind it. Whoever came last gets the warmest one."""

    def __init__(self, tokens: Tokens, sessions: list[Session], *, at_once: bool) -> None:
        self._tokens = tokens
        self._at_once = at_once
        self._free: asyncio.LifoQueue[Session] = asyncio.LifoQueue()
        for session in sessions:
            self._free.put_nowait(session)

    async def request_booking(self, request: web.Request) -> web.Response:
        """201 booked; 409 full, or the dose is taken; the same to whoever asks again by the key."""
        actor = await self._tokens.actor(request)
        body = await read_body(request, _decode)
        wish = written(command_id(actor.id, ROUTE, idempotency_key(request)), actor.id, body)
        session = await self._free.get()
        try:
            answer = await self._answer(session, wish)
        finally:
            self._free.put_nowait(session)
        return web.Response(
            status=201,
            body=answer,
            content_type="application/json",
            headers={"Location": f"{ROUTE}/{wish.wish}"},
        )

    async def _answer(self, session: Session, wish: Written) -> bytes:
        """The booking that was made now, or what was answered before."""
        try:
            free = await self._book(session, wish)
            if free is not None and free > 0:
                return wish.answer
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name == "one_per_claim":
                # Nothing was kept. Where the wish itself was granted before, that answer stays.
                await session.refuse.fetch(wish.wish, wish.body_hash, b"claim_taken")
        said = await session.answer.fetchrow(wish.wish)
        assert said is not None, "whoever was not booked was refused"
        if said["body_hash"] != wish.body_hash:
            raise Problem(422, "key_reused", "This key was used for another wish.")
        answer: bytes = said["answer"]
        if said["status"] == 201:
            return answer
        code = answer.decode()
        raise Problem(409, code, REFUSALS[code])

    async def _book(self, session: Session, wish: Written) -> int | None:
        """How many places were free before; below one, nothing was booked."""
        free: int | None
        if self._at_once:
            free = await session.book_at_once.fetchval(*wish.row)
            return free
        async with session.connection.transaction():
            free = await session.lock_slot.fetchval(wish.row[1])
            if free is not None and free > 0:
                await session.book.fetch(*wish.row)
            else:
                why = b"slot_unknown" if free is None else b"slot_full"
                await session.refuse.fetch(wish.wish, wish.body_hash, why)
        return free


def written(wish: UUID, patient: UUID, body: NewBooking) -> Written:
    """All that is kept of it."""
    about: dict[str, Any] = {"campaign_id": body.campaign_id, "places": body.places}
    return Written(
        wish=wish,
        patient=patient,
        body=body,
        body_hash=body_hash(ROUTE, body),
        answer=msgspec.json.encode(Booked(id=wish, status="booked", **about)),
        event=msgspec.json.encode(PlaceBooked(cause=wish, owner_id=patient, **about)),
    )


@web.middleware
async def _answer_problems(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        response: web.StreamResponse = await handler(request)
    except Problem as problem:
        return problem.response()
    except ConnectionResetError:
        # Whoever asks for so many seconds hangs up in the middle of a body.
        return web.Response(status=400)
    return response


def serve(options: Options) -> None:
    """One process of the peer."""
    uvloop.run(run(options))


async def run(options: Options) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with opened(options) as app:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, options.port, backlog=BACKLOG, reuse_port=True).start()
            await stopping.wait()
        finally:
            await runner.cleanup()


@asynccontextmanager
async def opened(options: Options) -> AsyncIterator[web.Application]:
    """The service with its connections to PostgreSQL, not yet at a port."""
    tokens = Tokens(jwks=options.jwks, issuer=options.issuer, audience=options.audience)
    async with _sessions(options) as sessions:
        desk = Desk(tokens, sessions, at_once=options.at_once)
        app = web.Application(middlewares=[_answer_problems])
        app.router.add_post(ROUTE, desk.request_booking)
        yield app


@asynccontextmanager
async def _sessions(options: Options) -> AsyncIterator[list[Session]]:
    async with AsyncExitStack() as open_ones:
        sessions = []
        for _ in range(options.connections):
            # Limits are the server's: a timer in Python for each statement would cost more.
            connection = await asyncpg.connect(
                options.dsn,
                timeout=CONNECT_SECONDS,
                server_settings={"statement_timeout": str(STATEMENT_MS)},
            )
            open_ones.push_async_callback(connection.close)
            prepared = {name: await connection.prepare(SQL[name]) for name in STATEMENTS}
            # Until a statement has run, PostgreSQL's timer of the preparing goes on.
            await prepared["answer"].fetchrow(NOBODY)
            sessions.append(Session(connection, prepared))
        yield sessions
