"""How is one request made over HTTP/2, so that it is known afterwards what is known?

The library speaks the protocol; nothing here is asked twice. Until the first byte of the content
every failure is certain, and later only where the other side itself says that it never looked at
it (RFC 9113, 6.8 and 8.7). One connection has one request at a time: what breaks it leaves one
message unknown, and not all that were under way.
"""

import asyncio
import ssl
from collections.abc import Mapping
from typing import NamedTuple

import httpcore
from h2.errors import ErrorCodes
from h2.events import StreamReset
from h2.exceptions import H2Error
from httpcore import AnyIOBackend, AsyncHTTP2Connection, AsyncNetworkStream, Origin

from services.notify.channels import AwayError
from services.notify.rules import NotHandedOver, Unanswered

HTTP_2 = "h2"
IDLE_SECONDS_MAX = 60.0
"""Longer than this no connection lies unused: whoever is between may have forgotten it, and what
is sent then is unknown. Apple asks not to be called anew for each message."""

UNUSED_SECONDS_MAX = 5.0
"""The same of one that was never used: that it was closed meanwhile cannot be seen yet."""

ANSWER_BYTES_MAX = 4_096
CONTENT_LEAVES = "http2.send_request_body.started"
LOST = (
    httpcore.ConnectionNotAvailable,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    H2Error,
    OSError,
    TimeoutError,
)


class Peer(NamedTuple):
    """Who is spoken to, whom we trust to be that, and how long one thing may take."""

    host: str
    port: int
    trust: ssl.SSLContext
    seconds: float


class Answer(NamedTuple):
    """What came back; of the body as much as came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def trust(ca: str) -> ssl.SSLContext:
    """Whoever this machine trusts, or who is certified by that file alone; OSError without it."""
    context = ssl.create_default_context(cafile=ca or None)
    context.set_alpn_protocols([HTTP_2])
    return context


async def call(peer: Peer) -> "Connection":
    """A new connection; AwayError when nobody answers, or not somebody who is trusted."""
    try:
        plain = await AnyIOBackend().connect_tcp(peer.host, peer.port, timeout=peer.seconds)
        stream = await plain.start_tls(peer.trust, peer.host, timeout=peer.seconds)
    except LOST as error:
        raise AwayError(repr(error)) from error
    if stream.get_extra_info("ssl_object").selected_alpn_protocol() != HTTP_2:
        await stream.aclose()
        raise AwayError("whoever answers does not speak HTTP/2")
    return Connection(peer, stream)


class Connection:
    """One connection to the push service, for one request at a time."""

    def __init__(self, peer: Peer, stream: AsyncNetworkStream) -> None:
        self._origin = Origin(b"https", peer.host.encode(), peer.port)
        self._seconds = peer.seconds
        self._stream = stream
        self._http = AsyncHTTP2Connection(self._origin, stream)
        self._is_used = False
        self._is_lost = False
        self._last = _now()

    @property
    def is_open(self) -> bool:
        """True while something can be asked that will be heard, as far as that can be seen."""
        if self._is_lost or not self._http.is_available():
            return False
        idle = _now() - self._last
        if not self._is_used:
            return idle < UNUSED_SECONDS_MAX
        # Between two requests nothing is said but that it is over.
        return idle < IDLE_SECONDS_MAX and not self._stream.get_extra_info("is_readable")

    async def post(
        self, path: str, headers: Mapping[str, str], content: bytes
    ) -> Answer | NotHandedOver | Unanswered:
        """What is answered within the limit; without an answer, what is known all the same."""
        begun, answer = False, None

        async def notice(event: str, about: object) -> None:
            nonlocal begun
            begun = begun or event == CONTENT_LEAVES

        self._is_used, was_lost, self._is_lost = True, self._is_lost, True
        if was_lost:
            return NotHandedOver("connection")
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._http.stream(
                    "POST",
                    httpcore.URL(
                        scheme=b"https",
                        host=self._origin.host,
                        port=self._origin.port,
                        target=path.encode(),
                    ),
                    headers=list(headers.items()),
                    content=content,
                    extensions={"trace": notice},
                ) as said,
            ):
                answer = _answer(said, b"")
                whole = _answer(said, await _body_of(said))
        except LOST as error:
            return answer or after_fault(error, begun=begun)
        self._is_lost, self._last = False, _now()
        return whole

    async def close(self) -> None:
        """Hang up."""
        self._is_lost = True
        await self._http.aclose()


def after_fault(error: Exception, *, begun: bool) -> NotHandedOver | Unanswered:
    """What is known of a request without an answer; `begun`: its content had begun to leave."""
    if not begun or _never_looked_at(error):
        return NotHandedOver("connection")
    return Unanswered()


def _never_looked_at(error: Exception) -> bool:
    """Whether the other side says so of it: by the last that it looked at, or of this one."""
    if isinstance(error, httpcore.ConnectionNotAvailable):
        return True
    said = next(iter(error.args), None)
    return isinstance(said, StreamReset) and said.error_code == ErrorCodes.REFUSED_STREAM


def _answer(said: httpcore.Response, body: bytes) -> Answer:
    headers = {
        name.decode("ascii", "replace"): text.decode("ascii", "replace")
        for name, text in said.headers
    }
    return Answer(said.status, headers, body)


async def _body_of(said: httpcore.Response) -> bytes:
    """All of it, as far as it is no longer than an answer ever is."""
    body = b""
    async for piece in said.aiter_stream():
        body += piece
        if len(body) > ANSWER_BYTES_MAX:
            raise httpcore.RemoteProtocolError("no answer is so long")
    return body


def _now() -> float:
    return asyncio.get_running_loop().time()
