"""How does a process come to its own copy of what is free, and how does the copy stay true?

The log's ends are taken first, then a snapshot of the database that says which events are in it;
then the log is read from those ends on. What is not in the snapshot was committed after it and
announced after that, so it lies behind the ends: nothing falls in between. A copy in doubt is
loaded anew, and goes on answering until the new one is there.
"""

import asyncio
import gc
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from math import nan

import msgspec
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from aiokafka.structs import ConsumerRecord

from services.slots import metrics, store
from services.slots.availability.board import Board
from services.slots.availability.loading import give_up, load
from services.slots.availability.pages import Pages
from services.slots.availability.records import microseconds
from services.slots.availability.replica import Own, Replica
from shared import database
from shared.broker import Broker
from shared.clock import DatabaseClock
from shared.events import sequence_of
from shared.log import Reader
from shared.topics import SLOTS_EVENTS

log = logging.getLogger(__name__)

OUTAGES = (KafkaError, *database.AWAY)

ASK_SECONDS = 0.25
"""How often the database is asked which events there are, and what is over is forgotten."""

READ_SECONDS = 0.2
RECORDS_MAX = 500
"""The most events taken before somebody else has their turn; a few milliseconds."""

BITE_BYTES = 65_536
"""So much is gathered of what comes, for 0.1 s at most: what is free is true to about a second."""

PAUSE_SECONDS_MIN = 0.2
PAUSE_SECONDS_MAX = 5.0
"""The pause after a load that came to nothing, at first and at last."""

LOADED_SECONDS_MIN = 5.0
"""A copy is not loaded anew sooner than this: what was in doubt at once may be so again."""

HEARD_MAX = 10_000
"""How many of staff's own changes are kept while a copy is loaded."""

SHEETS_FORGOTTEN_MAX = 50
"""How many days of a service at a clinic are forgotten at a time; about a millisecond."""

ROOM_AGAIN = 0.9
"""Below this share of what may be kept, what was left out is fetched."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much is kept, and how long what is wrong may stay so.

    A number of an event that stays away for `hole_seconds_max` is not waited for any more.
    """

    slots_max: int
    encoded_bytes_max: int
    hole_seconds_max: float
    stale_seconds_max: float


class InDoubtError(Exception):
    """The copy has to be loaded anew, and why."""


class Memory:
    """This process's copy. `replica` and `pages` are None until it is loaded for the first time."""

    def __init__(
        self,
        *,
        dsn: str,
        broker: Broker,
        name: str,
        numbers: Callable[[], Awaitable[store.EventNumbers]],
        clock: DatabaseClock,
        limits: Limits,
    ) -> None:
        self.replica: Replica | None = None
        self.pages: Pages | None = None
        self._dsn = dsn
        self._broker = broker
        self._name = name
        self._numbers = numbers
        self._clock = clock
        self._limits = limits
        self._loaded_at = float("-inf")
        self._loading = False
        self._giving_up: asyncio.Task[None] | None = None
        self._heard: deque[Own] = deque(maxlen=HEARD_MAX)

    # ---- what others ask -----------------------------------------------------------------------

    @property
    def board(self) -> Board | None:
        """What is there, if it was loaded yet."""
        return None if self.replica is None else self.replica.board

    def now_us(self) -> int:
        """PostgreSQL's time, as instants are kept here."""
        return microseconds(self._clock.now())

    def hear(self, answer: object, *, asked_at: datetime) -> None:
        """What staff were just answered is so at once where they asked; the log says it again.

        An answer from before the question was given to the same question once, and is old news.
        """
        if not isinstance(answer, Own) or answer.at < asked_at:
            return
        if self._loading:
            self._heard.append(answer)
        if self.replica is not None:
            self.replica.hear(answer, now_us=self.now_us())

    def wrong(self) -> str | None:
        """Why nobody should be sent here, in words."""
        if self.replica is None:
            return "what is free is being loaded"
        age_seconds = self.age_seconds()
        if age_seconds > self._limits.stale_seconds_max:
            return f"what is free is known as of {age_seconds:.0f} s ago"
        return None

    def age_seconds(self) -> float:
        """How long ago it was that the copy was certainly true; no number before the first load."""
        if self.replica is None:
            return nan
        # The clock is only known to half a round trip.
        return max(0.0, (self._clock.now() - self.replica.as_of).total_seconds())

    # ---- what goes on by itself ----------------------------------------------------------------

    async def run(self) -> None:
        """Load, follow, and load anew where need be, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._copy_for_ever())
            tasks.create_task(self._ask_for_ever())

    async def _copy_for_ever(self) -> None:
        pause = PAUSE_SECONDS_MIN
        while True:
            began = time.monotonic()
            try:
                await self._load_and_follow()
            except InDoubtError as error:
                log.warning("what is free is loaded anew", extra={"why": str(error)})
                await asyncio.sleep(self._loaded_at + LOADED_SECONDS_MIN - time.monotonic())
            except OUTAGES as error:
                if not isinstance(error, KafkaError) and not database.is_outage(error):
                    raise
                log.warning("what is free cannot be followed", extra={"error": repr(error)})
                pause = PAUSE_SECONDS_MIN if self._loaded_at > began else pause
                await asyncio.sleep(pause)
                pause = min(pause * 2, PAUSE_SECONDS_MAX)

    async def _load_and_follow(self) -> None:
        reader = Reader(self._broker, f"{self._name}-availability", bite_bytes=BITE_BYTES)
        try:
            await reader.start()
            ends = await reader.ends(SLOTS_EVENTS.name, range(SLOTS_EVENTS.partitions))
            replica = await self._load()
            reader.read_from(SLOTS_EVENTS.name, ends)
            await self._follow(reader, replica)
        except OffsetOutOfRangeError as error:
            raise InDoubtError("the log no longer has what comes next") from error
        finally:
            await reader.stop()

    async def _load(self) -> Replica:
        """The new copy takes the old one's place once it is whole."""
        began = time.monotonic()
        self._heard.clear()
        self._loading = True
        try:
            replica = await load(self._dsn, self._limits.slots_max)
        finally:
            self._loading = False
        for answer in self._heard:
            replica.hear(answer, now_us=self.now_us())
        old, self.replica = self.replica, replica
        self.pages = Pages(replica.board, self._limits.encoded_bytes_max)
        self._loaded_at = time.monotonic()
        # A million objects that stay need not be looked through again for what may go.
        gc.freeze()
        _tell(replica, self._loaded_at - began)
        if old is not None:
            self._giving_up = asyncio.create_task(give_up(old.board))
        return replica

    async def _follow(self, reader: Reader, replica: Replica) -> None:
        while True:
            records = await reader.next(wait_seconds=READ_SECONDS, records_max=RECORDS_MAX)
            now_us = self.now_us()
            taken = sum(_take(replica, record, now_us) for record in records)
            metrics.AVAILABILITY_EVENTS.inc(taken)
            replica.settle()
            why = self._why_anew(replica, now_us)
            if why is not None and time.monotonic() - self._loaded_at >= LOADED_SECONDS_MIN:
                raise InDoubtError(why)
            await asyncio.sleep(0)  # what is there already is given without a pause

    def _why_anew(self, replica: Replica, now_us: int) -> str | None:
        if replica.doubt is not None:
            return replica.doubt
        since_us = now_us - int(self._limits.hole_seconds_max * 1_000_000)
        missing = [p for p, came_us in replica.missing_since_us.items() if came_us < since_us]
        if missing:
            return f"the next events of the partitions {missing} do not come"
        board = replica.board
        if board.left_out and len(board.slots) < board.slots_max * ROOM_AGAIN:
            return "there is room for what was left out"
        return None

    async def _ask_for_ever(self) -> None:
        """Learn as of when the copy is true, and forget what is over."""
        while True:
            await asyncio.sleep(ASK_SECONDS)
            replica = self.replica
            if replica is None:
                continue
            replica.board.forget(self.now_us(), sheets_max=SHEETS_FORGOTTEN_MAX)
            metrics.UPCOMING_SLOTS.set(len(replica.board.slots))
            metrics.LEFT_OUT_SLOTS.set(replica.board.left_out)
            question = replica.ask()
            try:
                replica.answer(question, *await self._numbers())
            except database.AWAY as error:
                log.debug("nobody says which events there are", extra={"error": repr(error)})


def _take(replica: Replica, record: ConsumerRecord, now_us: int) -> bool:
    try:
        number = sequence_of(record)
    except ValueError as error:
        # If it stood for an event, its number will be missed; if it is a stranger's, it will not.
        metrics.AVAILABILITY_UNREADABLE.inc()
        log.error("an event has no number", extra={"offset": record.offset, "error": str(error)})
        return False
    return replica.take(record.partition, number, record.value or b"", now_us=now_us)


def _tell(replica: Replica, seconds: float) -> None:
    board = replica.board
    metrics.AVAILABILITY_LOADS.inc()
    metrics.AVAILABILITY_LOAD_SECONDS.set(seconds)
    about = {"slots": len(board.slots), "clinics": len(board.clinics), "seconds": round(seconds, 3)}
    log.info("what is free is loaded", extra=about)
    if board.left_out:
        log.error("there is no room for all slots", extra=about | {"left_out": board.left_out})
