"""What becomes of a wish whose answer did not come in time?

It is written down, many in one statement when many run out at once, and asked again, unchanged,
once its deadline has passed: then the referee either repeats what it answered or records that the
wish has expired. So every wish that was answered with 202 ends, and nothing is ever guessed.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

import msgspec

from services.booking import metrics
from services.booking.rules.life import Booking
from services.booking.rules.refusals import Asked
from services.booking.store import Bookings, PendingWish, Wishes
from services.booking.store.database import OUTAGES
from shared.log import LogAwayError
from shared.messages import BookPlaces, Command, HoldPlaces, Refused, SlotCommand
from shared.pulse import Pulse

log = logging.getLogger(__name__)

WRITTEN_AT_ONCE_MAX = 500
SETTLED_AT_ONCE_MAX = 2_000
SETTLE_SECONDS = 0.2
SILENCE_SECONDS_MAX = 10.0
"""A sweep waits for the database and the log, each within its limit; longer, and it hangs."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SlotCommand).decode

Waiting = tuple[PendingWish, asyncio.Future[Booking]]


class Commands(Protocol):
    """Where commands are handed over."""

    @property
    def away(self) -> bool:
        """True while nothing can be handed over."""

    async def hand_over(self, command: Command, partition: int) -> None:
        """Return once the command is handed over; LogAwayError if it never was."""


class Keeper:
    """Writes wishes down, together with those that come while one statement is under way."""

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self._gathering: list[Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, wish: PendingWish) -> Booking:
        """How the wish's booking stands, now that the wish is written down."""
        kept: asyncio.Future[Booking] = asyncio.get_running_loop().create_future()
        self._gathering.append((wish, kept))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="keep-pending")
        return await kept

    async def _write(self) -> None:
        try:
            while self._gathering:
                waiting = self._gathering[:WRITTEN_AT_ONCE_MAX]
                del self._gathering[:WRITTEN_AT_ONCE_MAX]
                await self._write_these(waiting)
        finally:
            self._writing = None

    async def _write_these(self, waiting: list[Waiting]) -> None:
        """One statement takes a wish once, however many asked it."""
        wishes = {wish.id: wish for wish, _ in waiting}
        try:
            bookings = await self._wishes.keep(list(wishes.values()))
        except Exception as error:  # each of those who wait is to hear of it
            for _, kept in waiting:
                if not kept.done():
                    kept.set_exception(error)
            return
        for wish, kept in waiting:
            if not kept.done():
                kept.set_result(bookings[wish.id])


class Settler:
    """Ends the wishes that were refused, some moments after whoever waits was told.

    Nearly never one was written down. So nobody's answer waits for this, and on a sold-out morning
    it is one statement for very many. What is lost here is asked again by its deadline.
    """

    def __init__(self, bookings: Bookings, *, seconds: float = SETTLE_SECONDS) -> None:
        self._bookings = bookings
        self._seconds = seconds
        self._refused: dict[UUID, Refused] = {}
        self._settling: asyncio.Task[None] | None = None

    def note(self, refused: Mapping[UUID, Refused]) -> None:
        """These were refused, by the ids of their commands."""
        self._refused |= refused
        if self._refused and self._settling is None:
            self._settling = asyncio.create_task(self._settle(), name="settle-refused")

    async def _settle(self) -> None:
        try:
            while self._refused:
                await asyncio.sleep(self._seconds)
                ids = sorted(self._refused)[:SETTLED_AT_ONCE_MAX]
                await self._settle_these({one: self._refused.pop(one) for one in ids})
        finally:
            self._settling = None

    async def _settle_these(self, refused: Mapping[UUID, Refused]) -> None:
        try:
            await self._bookings.keep([], list(refused), refused)
        except OUTAGES as error:
            log.warning("refusals were not kept", extra={"error": repr(error)})


class Sweeper:
    """Asks again what waits for its answer, until it is known."""

    def __init__(
        self, wishes: Wishes, commands: Commands, reply_to: int, *, resend_seconds: float
    ) -> None:
        self._wishes = wishes
        self._commands = commands
        self._reply_to = reply_to
        self._resend_seconds = resend_seconds
        self.pulse = Pulse(SILENCE_SECONDS_MAX)

    async def run(self, *, sweep_seconds: float, sweep_max: int) -> None:
        """Sweep for ever; an outage is waited out."""
        while True:
            swept = 0
            self.pulse.beat()
            try:
                if not self._commands.away:
                    swept = await self.sweep(sweep_max)
            except OUTAGES as error:
                log.warning("pending wishes wait", extra={"error": repr(error)})
            if swept < sweep_max:
                await asyncio.sleep(sweep_seconds)

    async def sweep(self, sweep_max: int) -> int:
        """Ask again what is due; returns how many were."""
        due = await self._wishes.take_due(sweep_max, self._resend_seconds)
        results = await asyncio.gather(
            *(self._ask_again(home, command) for home, command in due), return_exceptions=True
        )
        for result in results:
            if isinstance(result, LogAwayError):
                log.warning("a pending wish was not taken by the log; it comes again")
            elif isinstance(result, BaseException):
                raise result
        return len(due)

    async def _ask_again(self, home: int, kept: bytes) -> None:
        """The same id and the same deadline; only the answer comes to whoever asks now."""
        command: Command = msgspec.structs.replace(_decode(kept), reply_to=self._reply_to)
        await self._commands.hand_over(command, home)
        metrics.COMMANDS_ASKED_AGAIN.inc()


def as_pending(command: Asked, home: int) -> PendingWish:
    """What is written down of a command that was, or is to be, handed over."""
    wish = PendingWish(
        id=command.id,
        booking_id=command.id,
        asks=type(command).__name__,
        home=home,
        command=_encode(command),
        body_hash=command.body_hash,
        deadline=command.deadline,
    )
    match command:
        case BookPlaces():
            return msgspec.structs.replace(
                wish, owner_id=command.owner_id, kind="booking", campaign_id=command.campaign_id
            )
        case HoldPlaces():
            return msgspec.structs.replace(wish, owner_id=command.owner_id, kind="hold")
        case _:
            return msgspec.structs.replace(wish, booking_id=command.booking_id)
