"""How is a wish asked of the referee, and who waits for its answer?

Answers come back over the reply partition of this process. A seat is taken before the command is
handed over: the answer may be quicker than we are.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID, uuid5

import msgspec
from aiokafka.errors import KafkaError

from shared.broker import Broker
from shared.handing import Commands
from shared.log import LogAwayError, Reader
from shared.messages import Command, Refused, SlotReply
from shared.pulse import Pulse
from shared.topics import SLOTS_REPLIES

log = logging.getLogger(__name__)

READ_AGAIN_SECONDS = 0.5
READ_SECONDS = 0.5
RECORDS_MAX = 500
SILENCE_SECONDS_MAX = 4.0
"""Longer than keeping a batch of replies may take; a reader that is silent for so long hangs."""


_decode_record = msgspec.msgpack.Decoder(list[bytes]).decode
_decode_reply = msgspec.msgpack.Decoder(SlotReply).decode

C = TypeVar("C", bound=Command)

Reply = Any


def ran_out_before(reply: Reply, command: Command) -> bool:
    """The wish ran out undecided, and that before this request for it was made: whoever asks now
    asks for more than to hear that again.
    """
    return isinstance(reply, Refused) and reply.reason == "expired" and reply.at < command.at


def anew(command: C) -> C:
    """The same wish under its next name, since an answer is for ever, and `expired` is one.

    The names follow from each other, so whoever asks the wish again, at whichever desk, asks under
    the same one; and the next one is only used once the one before is known to have run out.
    """
    named = uuid5(command.id, "anew")
    cause = named if command.cause == command.id else command.cause
    return msgspec.structs.replace(command, id=named, cause=cause)


class SeatsTakenError(Exception):
    """As many wait for answers as may; whoever comes now is asked to come again."""


class Seat:
    """Where the answer to one wish is waited for, by all who ask it at once."""

    __slots__ = ("_reply", "_waiting")

    def __init__(self) -> None:
        self._reply: Reply | None = None
        self._waiting: list[asyncio.Future[Reply | None]] = []

    def call(self, waiting: asyncio.Future[Reply | None]) -> None:
        """Whoever waits there is told, unless they have given up."""
        self._waiting.append(waiting)

    def hear(self, reply: Reply) -> None:
        """The answer, for everybody."""
        self._reply = reply
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(reply)

    def done(self) -> bool:
        """Has the answer come?"""
        return self._reply is not None

    def result(self) -> Reply:
        """The answer that has come."""
        return self._reply


class Replies:
    """The seats of those who wait for an answer, and the reader that calls them up."""

    def __init__(self, *, broker: Broker, name: str, partition: int, seats_max: int) -> None:
        self.partition = partition
        self.seats_max = seats_max
        self.reading = False
        self._pulse = Pulse(SILENCE_SECONDS_MAX)
        self.on_replies: Callable[[list[Reply]], Awaitable[None]] = _nothing_to_do
        self.on_turned_away: Callable[[], None] = _nobody_counts
        self._broker = broker
        self._name = name
        self._waiting: dict[UUID, Seat] = {}

    @property
    def seated(self) -> int:
        """How many wait now."""
        return len(self._waiting)

    def wrong(self) -> str | None:
        """In words, where answers do not reach those who wait for them."""
        return self._pulse.wrong() if self.reading else "the replies are not read"

    def take_seat(self, command_id: UUID) -> Seat:
        """Where the answer is heard; the same wish asked twice at once waits for the same one."""
        seat = self._waiting.get(command_id)
        if seat is not None:
            return seat
        if len(self._waiting) >= self.seats_max:
            self.on_turned_away()
            raise SeatsTakenError
        seat = self._waiting[command_id] = Seat()
        return seat

    def leave_seat(self, command_id: UUID) -> None:
        """Nobody waits for this answer any longer."""
        self._waiting.pop(command_id, None)

    def is_waited_for(self, command_id: UUID) -> bool:
        """True while somebody sits and waits for this answer."""
        return command_id in self._waiting

    async def run(self) -> None:
        """Read this process's replies for ever; after an outage, from now on."""
        while True:
            reader = Reader(self._broker, f"{self._name}-replies")
            try:
                await reader.start()
                ends = await reader.ends(SLOTS_REPLIES.name, [self.partition])
                reader.read_from(SLOTS_REPLIES.name, ends)
                self.reading = True
                await self._read_each(reader)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("replies cannot be read", extra={"error": repr(error)})
            finally:
                self.reading = False
                await reader.stop()
            await asyncio.sleep(READ_AGAIN_SECONDS)

    async def _read_each(self, reader: Reader) -> None:
        while True:
            self._pulse.beat()
            records = await reader.next(wait_seconds=READ_SECONDS, records_max=RECORDS_MAX)
            replies = [reply for record in records for reply in _replies_in(record.value)]
            if replies:
                await self.hear(replies)

    async def hear(self, replies: list[Reply]) -> None:
        """Let the service keep what was answered, then tell those who wait."""
        await self.on_replies(replies)
        for reply in replies:
            seat = self._waiting.pop(reply.cause, None)
            if seat is not None:
                seat.hear(reply)


def _replies_in(value: bytes | None) -> list[Reply]:
    """What can be read of a record; the rest is somebody's mistake and nobody's answer."""
    replies = []
    try:
        for part in _decode_record(value or b""):
            replies.append(_decode_reply(part))
    except msgspec.MsgspecError as error:
        log.error("a reply cannot be read", extra={"error": str(error)})
    return replies


async def _nothing_to_do(replies: list[Reply]) -> None:
    """Where replies change nothing by themselves."""


def _nobody_counts() -> None:
    """Where nobody wants to know who was turned away."""


class Asking:
    """Commands and replies together: ask, and wait so long."""

    def __init__(self, commands: Commands, replies: Replies) -> None:
        self.commands = commands
        self.replies = replies
        self.on_answer: Callable[[float], None] = lambda seconds: None

    async def ask(self, command: Command, partition: int, patience_seconds: float) -> Reply | None:
        """The answer, or None when the wait ran out; the seat is then still taken.

        Whoever gets None calls `replies.leave_seat` once the wish is written down elsewhere.
        Raises LogAwayError or SeatsTakenError if nothing was handed over.
        """
        began = time.monotonic()
        seat = self.replies.take_seat(command.id)
        loop = asyncio.get_running_loop()
        # One future, one timer: of all that is done for a request, waiting must cost the least.
        mine: asyncio.Future[Reply | None] = loop.create_future()
        seat.call(mine)
        patience = loop.call_later(patience_seconds, _give_up, mine)
        try:
            self.commands.post(command, partition, mine)
            reply = await mine
        except LogAwayError:
            self.replies.leave_seat(command.id)
            raise
        finally:
            patience.cancel()
        if reply is not None:
            self.on_answer(time.monotonic() - began)
        return reply


def _give_up(waiting: asyncio.Future[Reply | None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
