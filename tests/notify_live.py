"""What happens in the tests of open pages, and what does a page hear of it?"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Self, cast
from uuid import UUID, uuid4

import asyncpg

from services.notify.inbox import Inbox
from services.notify.live import Broadcaster, Stream, frames, positions
from services.notify.live.positions import START, Position
from shared import database
from shared.batch import Head, Limits
from shared.commit import Committer
from shared.events import Unpacker, outgoing
from shared.messages import BookingEvent
from shared.statements import load
from shared.topics import BOOKING_EVENTS
from tests.notify_bookings import HABITS, confirmed
from tests.stories import a_record
from tests.vaults import a_vault

SQL = load("shared")
LEASE_SECONDS = 600.0
HOUR = 3_600

BORIS = UUID("b0215000-0000-4000-8000-000000000001")


class Front:
    """The front desk that tells, and the process of the messenger that takes what it tells."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self.told: list[list[BookingEvent | None]] = [[] for _ in range(BOOKING_EVENTS.partitions)]
        self._owner = uuid4()
        self._unpack = Unpacker(BOOKING_EVENTS)
        self._commits = Committer(
            BOOKING_EVENTS,
            owner=self._owner,
            handler=Inbox(a_vault("notify"), HABITS),
            limits=Limits(lease_seconds=LEASE_SECONDS),
        )

    async def begin(self) -> Self:
        """Own every partition from its beginning, as if nothing had ever been told."""
        for table in ("live_event", "live_forgotten", "partition_state", "message", "outbox"):
            await self.connection.execute(f"DELETE FROM {table}")  # noqa: S608
        topic = BOOKING_EVENTS.name
        await self.connection.execute(SQL["ensure_partitions"], topic, BOOKING_EVENTS.partitions)
        await self.connection.execute(
            SQL["claim_partitions"], topic, self._owner, LEASE_SECONDS, BOOKING_EVENTS.partitions
        )
        return self

    @property
    def position(self) -> tuple[int, ...]:
        """Where whoever has heard everything stands."""
        return tuple(map(len, self.told))

    async def tell(self, *events: BookingEvent | None, home: int = 0) -> None:
        """Tell these in one batch, in this partition; None is an event that nobody can read."""
        await self.tell_each([(home, event) for event in events])

    async def tell_each(self, events: Sequence[tuple[int, BookingEvent | None]]) -> None:
        """Tell these in one batch, each in its partition."""
        items = []
        for home, event in events:
            head = Head(home, 0, 0, 0, len(self.told[home]), 0)
            sent = outgoing(BOOKING_EVENTS, head, event or confirmed(), b"")
            record = a_record(
                sent.value if event else b"{",
                topic=BOOKING_EVENTS.name,
                partition=home,
                offset=len(self.told[home]),
                headers=sent.headers,
            )
            self.told[home].append(event)
            items += self._unpack(record)
        await self._commits.handle(self.connection, items)

    def of(self, person: UUID, since: Position = START) -> list[list[UUID]]:
        """The bookings of a person's events after a position, by partition, in order."""
        return [
            [event.booking_id for event in some[after:] if event and event.owner_id == person]
            for some, after in zip(self.told, since, strict=True)
        ]


@asynccontextmanager
async def a_front(dsn: str) -> AsyncIterator[Front]:
    """Somebody who makes things happen on this database, without waiting for the disk."""
    connection = await database.connect(dsn, {"synchronous_commit": "off"})
    yield await Front(connection).begin()
    await connection.close()


def event_of(person: UUID) -> BookingEvent:
    """A booking that nobody has heard of."""
    return confirmed(booking_id=uuid4(), owner_id=person)


class Heard(NamedTuple):
    """One event as a page gets it."""

    id: str
    event: str
    data: Any


class Listener:
    """Understands a stream as browsers do: remembers the last `id:`, and keeps what has data."""

    def __init__(self) -> None:
        self.first_id = self.last_id = ""
        self.heard: list[Heard] = []
        self.comments = 0
        self._rest = b""

    def feed(self, came: bytes) -> None:
        """Take what came; what has no end yet waits, be it in the middle of a letter."""
        *blocks, self._rest = (self._rest + came).split(b"\n\n")
        for block in blocks:
            self._take(block.decode())

    def hang_up(self) -> None:
        """The connection is gone, and what was half said with it."""
        self._rest = b""

    def _take(self, block: str) -> None:
        fields = dict.fromkeys(("id", "event", "data"), "")
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            self.comments += not name
            fields[name] = value.removeprefix(" ")
        self.last_id = fields["id"] or self.last_id
        self.first_id = self.first_id or self.last_id
        if fields["data"]:
            self.heard.append(Heard(self.last_id, fields["event"], json.loads(fields["data"])))

    @property
    def bookings(self) -> list[UUID]:
        """Of which bookings it was told, in this order."""
        return [UUID(heard.data["booking_id"]) for heard in self.heard if heard.event != "reset"]

    @property
    def began(self) -> Position:
        """Where it began to listen."""
        return _position(self.first_id)

    @property
    def position(self) -> Position:
        """Where it stands."""
        return _position(self.last_id)


def _position(word: str) -> Position:
    read = positions.read(word)
    assert read is not None
    return read


class Paper:
    """A connection that only writes down; a client that `sleeps` takes nothing from it."""

    def __init__(self) -> None:
        self.written = b""
        self.sleeps = False
        self._waiting = 0
        self._closing = False

    def write(self, data: bytes) -> None:
        """As a transport does."""
        self.written += data
        self._waiting += len(data) if self.sleeps else 0

    def get_write_buffer_size(self) -> int:
        """As a transport does."""
        return self._waiting

    def is_closing(self) -> bool:
        """As a transport does."""
        return self._closing

    def abort(self) -> None:
        """As a transport does; also what a client does that goes away."""
        self._closing = True

    def takes_all(self) -> None:
        """The client wakes up for a moment."""
        self._waiting = 0

    def frames(self) -> bytes:
        """What was written, out of its chunks."""
        frames, rest = b"", self.written
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            frames, rest = frames + rest[:length], rest[length + 2 :]
        return frames


class Page:
    """A page that somebody left open: its person, its connection if any, and what it has heard."""

    def __init__(self, person: UUID) -> None:
        self.person = person
        self.listener = Listener()
        self.paper = Paper()
        self._live: Broadcaster | None = None
        self._stream: Stream | None = None
        self._placing: asyncio.Task[Position] | None = None
        self._taken = 0

    @property
    def is_connected(self) -> bool:
        """True from when it asks until it is cut off."""
        return self._stream is not None

    @property
    def is_over(self) -> bool:
        """True when the process that serves it has ended it."""
        return self._stream is not None and self._stream.over.done()

    def is_served_by(self, live: Broadcaster) -> bool:
        """True for the process that it is connected to."""
        return self.is_connected and self._live is live

    def arrive(self, live: Broadcaster) -> None:
        """Ask to go on from where it stands, or to begin."""
        # A new connection begins with nothing that the one before had said half.
        self.listener.hang_up()
        asked = self.listener.position if self.listener.last_id else None
        self.paper, self._taken, self._live = Paper(), 0, live
        self._stream = live.streams.admit(self.person, time.time() + HOUR)
        self._placing = asyncio.create_task(live.place(self._stream, asked))

    async def settle(self) -> None:
        """Begin to listen, as the door does once it was told from where."""
        for _ in range(3):
            await asyncio.sleep(0)
        if self._placing is not None and self._placing.done():
            assert self._live is not None
            assert self._stream is not None
            first = frames.opening(1, self._placing.result())
            self._placing = None
            self.paper.write(b"%x\r\n%b\r\n" % (len(first), first))
            self._stream.open(cast(asyncio.WriteTransport, self.paper))
            self._live.follow(self._stream)

    async def connect(self, live: Broadcaster) -> None:
        """Arrive, be placed, listen."""
        self.arrive(live)
        await asyncio.sleep(0)
        await live.turn()
        await self.settle()

    def read(self, part: float = 1.0) -> None:
        """Take what was said since, or the first part of it."""
        said = self.paper.frames()[self._taken :]
        came = said[: int(len(said) * part)]
        self._taken += len(came)
        self.listener.feed(came)

    async def drop(self, part: float = 1.0) -> None:
        """The connection breaks when only a part of what was said has come."""
        if self._live is None or self._stream is None:
            return
        if self._placing is not None:
            self._placing.cancel()
            await asyncio.wait([self._placing])
            self._placing = None
        self._live.leave(self._stream)
        self._stream = None
        self.read(part)
        self.listener.hang_up()


async def until_quiet(*lives: Broadcaster) -> None:
    """Turn until nothing is left to do."""
    for live in lives:
        while await live.turn():
            pass
