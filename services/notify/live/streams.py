"""Who listens on this process, and how much may wait for each?

Ten thousand streams are mostly memory. So a stream has no task, timer or queue of its own: what is
told to it is written to its connection, whose buffer is the queue, and one beat serves them all.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Literal
from uuid import UUID

from services.notify import metrics
from services.notify.live import frames
from services.notify.live.positions import START, Position

BEATS = 15
"""Into so many groups the streams are divided, each with its turn, so that not all are written to
at once."""


class TooManyError(Exception):
    """There is no room for another stream: of this person, or on this process."""

    def __init__(self, whose: Literal["person", "process"]) -> None:
        super().__init__(f"too many streams of this {whose}")
        self.whose = whose


class Stream:
    """One open page of one person, until `until` by the wall clock or until it is `over`.

    `position` is where it stands while it is behind the others, and None once it has caught up.
    """

    __slots__ = (
        "_transport",
        "_waiting_bytes_max",
        "beat",
        "over",
        "owner_id",
        "position",
        "until",
    )

    def __init__(self, owner_id: UUID, until: float, waiting_bytes_max: int) -> None:
        self.owner_id = owner_id
        self.until = until
        self.position: Position | None = START
        self.beat = 0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.WriteTransport | None = None
        self._waiting_bytes_max = waiting_bytes_max

    def open(self, transport: asyncio.WriteTransport) -> None:
        """From now on it may be written to: its headers and first words are on the way."""
        self._transport = transport

    @property
    def has_room(self) -> bool:
        """False while its client does not take what it was told."""
        transport = self._transport
        return (
            transport is not None and transport.get_write_buffer_size() <= self._waiting_bytes_max
        )

    @property
    def is_lost(self) -> bool:
        """True when its client is gone."""
        return self._transport is not None and self._transport.is_closing()

    def say(self, frame: bytes) -> None:
        """Write one frame as a chunk of the response; a client that is too slow is let go."""
        transport = self._transport
        if transport is None or transport.is_closing() or self.over.done():
            return
        if self.has_room:
            transport.write(b"%x\r\n%b\r\n" % (len(frame), frame))
            return
        # Not ended in good order: the end would wait behind what the client does not take.
        metrics.LIVE_OVERFLOWED.inc()
        transport.abort()
        self.end()

    def end(self) -> None:
        """Let whoever serves it finish the response; its client comes back with its position."""
        if not self.over.done():
            self.over.set_result(None)


class Streams:
    """Every stream of this process, by person."""

    def __init__(self, *, most: int, most_per_person: int, waiting_bytes_max: int) -> None:
        self._most = most
        self._most_per_person = most_per_person
        self._waiting_bytes_max = waiting_bytes_max
        self._of: dict[UUID, list[Stream]] = {}
        self._count = 0
        self._admitted = 0
        self._beat = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Stream]:
        for some in self._of.values():
            yield from some

    def of(self, owner_id: UUID) -> list[Stream]:
        """A person's own streams, and nobody else's."""
        return self._of.get(owner_id, [])

    def admit(self, owner_id: UUID, until: float) -> Stream:
        """A new stream, if there is room."""
        if self._count >= self._most:
            raise TooManyError("process")
        if len(self.of(owner_id)) >= self._most_per_person:
            raise TooManyError("person")
        stream = Stream(owner_id, until, self._waiting_bytes_max)
        self._admitted += 1
        stream.beat = self._admitted % BEATS
        self._of.setdefault(owner_id, []).append(stream)
        self._count += 1
        metrics.LIVE_STREAMS.set(self._count)
        return stream

    def remove(self, stream: Stream) -> None:
        """It is served no more."""
        own = self._of[stream.owner_id]
        own.remove(stream)
        if not own:
            del self._of[stream.owner_id]
        self._count -= 1
        metrics.LIVE_STREAMS.set(self._count)

    def beat(self, position: Position | None) -> None:
        """Say to one group that the connection lives; end those, of all, whose time is over."""
        self._beat = (self._beat + 1) % BEATS
        now = time.time()
        here = frames.BEAT if position is None else frames.standing(position)
        for stream in self:
            if stream.is_lost or stream.until <= now:
                stream.end()
            elif stream.beat == self._beat:
                stream.say(here if stream.position is None else frames.BEAT)

    def end_all(self) -> None:
        """Everybody comes back, here or elsewhere."""
        for stream in self:
            stream.end()
