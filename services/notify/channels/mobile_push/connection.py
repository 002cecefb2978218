"""How is one request made over HTTP/2, so that it is known afterwards what is known?

The library knows the protocol; here is only when something is written and what is heard, and
nothing is asked twice. Until a request is written every failure is certain, and later only where
the other side itself says that it never looked at it (RFC 9113, 6.8 and 8.7). One connection has
one request at a time: what breaks it leaves one message unknown, and not all that were under way.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from typing import NamedTuple, cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import H2Error
from h2.settings import SettingCodes

from services.notify.channels import AwayError
from services.notify.rules import NotHandedOver, Unanswered

HTTP_2 = "h2"
SILENT_SECONDS_MAX = 60.0
"""A connection on which nothing was heard for so long is called anew: whoever is between may have
forgotten it, and what is sent then is unknown. Apple asks not to be called for each message."""

LOOP_TURNS = 3
"""So many until the loop has told of what is here: it looks, it reads, it says that it is over."""

CLOSE_SECONDS_MAX = 1.0
ANSWER_BYTES_MAX = 4_096


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
    body: bytes = b""


Heard = Answer | NotHandedOver | Unanswered


def trust(ca: str) -> ssl.SSLContext:
    """Whoever this machine trusts, or who is certified by that file alone; OSError without it."""
    context = ssl.create_default_context(cafile=ca or None)
    context.set_alpn_protocols([HTTP_2])
    return context


async def call(peer: Peer) -> "Connection":
    """A new connection; AwayError when nobody answers, or not somebody who is trusted."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(peer.seconds):
            _, connection = await loop.create_connection(
                lambda: Connection(peer), peer.host, peer.port, ssl=peer.trust
            )
    except (OSError, TimeoutError) as error:
        raise AwayError(repr(error)) from error
    if not connection.is_open:
        await connection.close()
        raise AwayError("whoever answers does not speak HTTP/2")
    return connection


class Connection(asyncio.Protocol):
    """One connection to the push service, for one request at a time."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._loop = asyncio.get_running_loop()
        self._h2 = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self._transport: asyncio.Transport | None = None
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._is_over = False
        self._heard_at = self._loop.time()
        self._stream = 0
        self._begun: Answer | None = None
        self._answer: asyncio.Future[Heard] | None = None

    @property
    def is_open(self) -> bool:
        """True while something can be asked that will be heard, as far as that is known."""
        return not self._is_over and self._loop.time() - self._heard_at < SILENT_SECONDS_MAX

    async def is_there(self) -> bool:
        """The same, once a goodbye that is here already has been heard."""
        for _ in range(LOOP_TURNS):
            await asyncio.sleep(0)
        return self.is_open

    async def post(self, path: str, headers: Mapping[str, str], content: bytes) -> Heard:
        """What is answered within the limit; without an answer, what is known all the same."""
        assert self._answer is None, "one request at a time"
        if not self.is_open or not self._has_room(len(content)):
            self._end()
            return NotHandedOver("connection")
        self._begun = None
        try:
            self._stream = self._h2.get_next_available_stream_id()
            self._h2.send_headers(self._stream, self._headers(path, headers))
            self._h2.send_data(self._stream, content, end_stream=True)
        except H2Error:
            self._end()
            return NotHandedOver("connection")
        self._answer = self._loop.create_future()
        self._flush()
        try:
            async with asyncio.timeout(self._peer.seconds):
                return await self._answer
        except TimeoutError:
            return self._begun or Unanswered()
        finally:
            if self._answer.cancelled():
                self._end()
            self._answer = None

    async def close(self) -> None:
        """Hang up."""
        if self._transport is None or self._gone.done():
            return
        if not self._is_over:
            self._h2.close_connection()
            self._flush()
        self._is_over = True
        self._transport.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._gone), CLOSE_SECONDS_MAX)
        self._transport.abort()

    # ---- what asyncio tells --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is there. Who has not agreed to HTTP/2 is told nothing."""
        # Not every loop's own is of this class, but each does as it says.
        self._transport = cast(asyncio.Transport, transport)
        agreed = transport.get_extra_info("ssl_object").selected_alpn_protocol()
        self._is_over = agreed != HTTP_2
        if not self._is_over:
            self._h2.initiate_connection()
            self._h2.update_settings({SettingCodes.ENABLE_PUSH: 0})
            self._flush()

    def data_received(self, data: bytes) -> None:
        """Something is said, between two requests as well: it is heard at once."""
        if self._is_over:
            return
        self._heard_at = self._loop.time()
        try:
            for event in self._h2.receive_data(data):
                self._take(event)
        except H2Error:
            self._end()
        self._flush()

    def eof_received(self) -> None:
        """They say no more, so nothing that is asked would be answered."""
        self._end()

    def connection_lost(self, error: Exception | None) -> None:
        """It is there no more."""
        self._end()
        if not self._gone.done():
            self._gone.set_result(None)

    # ---- what is heard -------------------------------------------------------------------------

    def _take(self, event: Event) -> None:
        match event:
            case ResponseReceived(stream_id=stream) if stream == self._stream:
                self._begun = _answer(event.headers or [])
            case DataReceived(stream_id=stream) if stream == self._stream:
                self._h2.acknowledge_received_data(event.flow_controlled_length or 0, stream)
                self._more(event.data or b"")
            case StreamEnded(stream_id=stream) if stream == self._stream and self._begun:
                self._settle(self._begun)
            case StreamReset() if event.stream_id == self._stream:
                self._end(is_untouched=event.error_code == ErrorCodes.REFUSED_STREAM)
            case ConnectionTerminated():
                # A last one of 0 is said by some of what they did look at.
                self._end(is_untouched=0 < (event.last_stream_id or 0) < self._stream)

    def _more(self, data: bytes) -> None:
        if self._begun is not None:
            body = self._begun.body + data
            self._begun = self._begun._replace(body=body[:ANSWER_BYTES_MAX])
            if len(body) > ANSWER_BYTES_MAX:
                self._end()

    def _end(self, *, is_untouched: bool = False) -> None:
        """Nothing more is asked here; of what was under way as much is known as was heard."""
        self._is_over = True
        self._settle(self._begun or (NotHandedOver("refused") if is_untouched else Unanswered()))
        if self._transport is not None:
            self._transport.abort()

    def _settle(self, heard: Heard) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(heard)

    # ---- what is said --------------------------------------------------------------------------

    def _has_room(self, length: int) -> bool:
        """Whether the other side takes so much at once: a message is small, and it says so soon."""
        whole, each = self._h2.outbound_flow_control_window, self._h2.remote_settings
        return length <= min(whole, each.initial_window_size, each.max_frame_size)

    def _headers(self, path: str, headers: Mapping[str, str]) -> list[tuple[str, str]]:
        host, port = self._peer.host, self._peer.port
        return [
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", host if port == 443 else f"{host}:{port}"),
            (":path", path),
            *headers.items(),
        ]

    def _flush(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._h2.data_to_send())


def _answer(headers: list[tuple[bytes, bytes]]) -> Answer:
    said = {_text(name): _text(value) for name, value in headers}
    status = said.get(":status", "")
    return Answer(int(status) if status.isdecimal() else 0, said)


def _text(raw: bytes) -> str:
    return bytes(raw).decode("ascii", "replace")
