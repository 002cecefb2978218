"""How does every service speak HTTP: bodies, keys, errors, limits, and its own ops port?"""

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from shared import database
from shared.logs import HEADERS
from shared.naming import named
from shared.problems import Problem, not_found, unavailable

log = logging.getLogger(__name__)

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CLOSING: web.AppKey[asyncio.Event] = web.AppKey("closing", asyncio.Event)
"""Set when a process is about to go: whoever is answered is to come back elsewhere."""

BODY_BYTES_MAX = 256_000
"""The largest body any route takes: 500 slots."""

PLAIN = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
"""What aiohttp itself answers, and our code for it."""

SHUTDOWN_SECONDS = 3.0
LIST_MAX = 100
KEY_LENGTH_MAX = 128

_is_key = re.compile(rf"[!-~]{{1,{KEY_LENGTH_MAX}}}").fullmatch
_encode_body = msgspec.msgpack.Encoder().encode

COMMANDS = UUID("6f0c0a3c-7f0b-5f0e-9a53-1f6f1f1c7a10")
"""Namespace of the ids that commands get from their actor, route and key."""


def json_response(
    body: Any, *, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """A JSON answer."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/json",
        headers=headers,
    )


async def read_body(request: web.Request, decoder: msgspec.json.Decoder[T]) -> T:
    """The body as its Struct: 400 where it is no JSON, 413 too large, 422 not what is asked for."""
    raw = await _read(request)
    try:
        return decoder.decode(raw or b"{}")
    except msgspec.ValidationError as error:
        raise Problem(
            422, "invalid_body", f"The body is not what this route takes: {error}."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, "malformed_json", f"The body is not JSON: {error}.") from error


async def _read(request: web.Request) -> bytes:
    content = request.content
    try:
        # Nearly always all of it came with the head: then nobody has to wait for it.
        if content.is_eof() and content.total_bytes <= request.client_max_size:
            return content.read_nowait()
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise Problem(
            413, "body_too_large", f"A body may have at most {BODY_BYTES_MAX} bytes."
        ) from error


def idempotency_key(request: web.Request) -> str:
    """The caller's name for this wish: 1 to 128 visible ASCII characters."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        raise Problem(
            400,
            "idempotency_key_missing",
            "Send an Idempotency-Key header, a new random one per wish, the same one to ask again.",
        )
    if not _is_key(key):
        raise Problem(
            400,
            "idempotency_key_malformed",
            f"An Idempotency-Key has 1 to {KEY_LENGTH_MAX} visible ASCII characters, no spaces.",
        )
    return key


def command_id(actor: UUID, route: str, key: str) -> UUID:
    """The same wish of the same person, asked twice, is the same command."""
    return named(COMMANDS, f"{actor} {route} {key}")


def body_hash(path: str, body: Any) -> bytes:
    """16 bytes over what was asked, of what: another body under the same key is another wish."""
    try:
        asked = _encode_body(body)
    except OverflowError as error:
        raise Problem(422, "invalid_body", "A time is before year 1 or after 9999.") from error
    return hashlib.blake2b(path.encode() + b"\x00" + asked, digest_size=16).digest()


def path_id(request: web.Request, what: str, name: str = "id") -> UUID:
    """The id in the path; what is no UUID names nothing."""
    try:
        return UUID(request.match_info[name])
    except ValueError as error:
        raise not_found(what) from error


class Page(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of a list is asked for."""

    limit: Annotated[int, Meta(ge=1, le=LIST_MAX, description="How many at most.")] = LIST_MAX
    cursor: Annotated[str, Meta(description="Where the answer before said to go on.")] | None = None


def read_query(request: web.Request, kind: type[T]) -> T:
    """The parameters as their Struct; 422 where one is wrong, missing, unknown or given twice."""
    known = [field.encode_name for field in msgspec.structs.fields(kind)]  # type: ignore[arg-type]
    strange = sorted(set(request.query) - set(known))
    if strange:
        knows = ", ".join(known) or "none"
        wrong = f"nobody knows {', '.join(strange)} here; known are: {knows}"
    elif len(request.query) != len(set(request.query)):
        wrong = "one of them is given twice"
    elif any("\x00" in text for text in request.query.values()):
        wrong = "one of them has a NUL, which is no character"
    else:
        try:
            return msgspec.convert(dict(request.query), kind, strict=False)
        except msgspec.ValidationError as error:
            wrong = str(error)
    raise Problem(422, "invalid_query", f"The parameters are wrong: {wrong}.")


@web.middleware
async def answer_every_error(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Misuse, outage and bug each get their answer; nobody sees a stack trace."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except web.HTTPException as error:
        if error.status not in PLAIN:
            return _bug(request, error)
        return _plain(error).response()
    except database.AWAY as error:
        if not database.is_outage(error):
            return _bug(request, error)
        log.warning("the database is away", extra={"error": repr(error)})
        return unavailable("The database cannot be reached now.").response()
    except Exception as error:
        return _bug(request, error)


def _bug(request: web.Request, error: Exception) -> web.StreamResponse:
    log.error("a request failed", exc_info=error, extra={"route": _route(request)})
    return Problem(500, "internal_error", "This is our mistake, and it was recorded.").response()


def _plain(error: web.HTTPException) -> Problem:
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return Problem(error.status, PLAIN[error.status], error.reason, headers=headers)


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"


def counted(count: Callable[[str, str, int, float], None]) -> Any:
    """A middleware that tells `count` of every answer: method, route, status, seconds.

    An answer of a process that is about to go is the last on its connection.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        loop = asyncio.get_running_loop()
        began = loop.time()
        HEADERS.set(request.headers)
        response = await handler(request)
        count(request.method, _route(request), response.status, loop.time() - began)
        closing = request.app.get(CLOSING)
        if closing is not None and closing.is_set():
            response.force_close()
        return response

    return middleware


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[None]:
    """Serve while the block runs; then let what is under way finish, within a limit."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=4096).start()
        yield
    finally:
        await runner.cleanup()


Check = Callable[[], str | None]
"""What is wrong with one part, in words; None when it is ready."""


def ops_app(checks: dict[str, Check], registry: CollectorRegistry) -> web.Application:
    """The ops port: is the process alive, is it ready, what has it counted."""

    async def healthz(request: web.Request) -> web.Response:
        return json_response({"status": "alive"})

    async def readyz(request: web.Request) -> web.Response:
        wrong = {name: said for name, check in checks.items() if (said := check()) is not None}
        return json_response(
            {"status": "not ready" if wrong else "ready", "wrong": wrong},
            status=503 if wrong else 200,
        )

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app


def cursor_after(*parts: UUID | datetime | date | str) -> str:
    """An opaque place to go on from in a list."""
    return msgspec.json.encode([str(p) for p in parts]).hex()


def cursor_of(request: web.Request, kinds: tuple[type[Any], ...]) -> list[Any] | None:
    """What `cursor_after` was given; 422 where the cursor is not one of ours."""
    text = request.query.get("cursor")
    if not text:
        return None
    try:
        parts = msgspec.json.decode(bytes.fromhex(text), type=list[str])
        return [
            _place(msgspec.convert(part, kind, strict=False))
            for part, kind in zip(parts, kinds, strict=True)
        ]
    except (ValueError, OverflowError, msgspec.MsgspecError) as error:
        raise Problem(422, "invalid_query", "The cursor is not one that was given out.") from error


def _place(part: Any) -> Any:
    """A part of a cursor as the database takes it: no text with a NUL, no time without a zone."""
    if isinstance(part, str) and "\x00" in part:
        raise ValueError("a NUL in a cursor")
    if isinstance(part, datetime):
        if part.tzinfo is None:
            raise ValueError("a time without a zone in a cursor")
        return part.astimezone(UTC)
    return part
