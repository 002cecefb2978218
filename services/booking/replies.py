"""Who waits for an answer, and what is kept before anybody is told?

A batch of replies is kept in one statement, then those who wait are told; so whoever was answered
can read it at once, on any process. A refusal made nothing that could be read: it is told at once.
Who waited long enough is written down as pending instead. Nobody is told "nothing happened" once a
command was handed over.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, get_args
from uuid import UUID

import msgspec

from services.booking import metrics
from services.booking.memory import Kept
from services.booking.pending import Keeper, Settler, as_pending
from services.booking.rules.life import Booking, LifeEvent, change_of, fold
from services.booking.rules.refusals import Asked
from services.booking.store import Bookings, Database
from services.booking.store.database import OUTAGES
from shared import faultpoints
from shared.asking import Asking, SeatsTakenError, anew, ran_out_before
from shared.log import LogAwayError
from shared.logs import Lines
from shared.messages import Refused, booking_of
from shared.problems import Problem, outcome_unknown, unavailable

log = logging.getLogger(__name__)

LIFE = get_args(LifeEvent)
KEEPS_AT_MOST = 2
"""A batch of replies is kept at the second attempt or not at all: people wait."""


class Undecided(msgspec.Struct, frozen=True):
    """The wait ran out; the wish is written down, and this is how its booking stands."""

    booking: Booking


Answer = LifeEvent | Refused | Undecided


class Answers:
    """Asks the referee on behalf of those at the door."""

    def __init__(
        self,
        asking: Asking,
        *,
        database: Database,
        bookings: Bookings,
        keeper: Keeper,
        kept: Kept,
        patience_seconds: float,
        keep_seconds: float,
        lines: Lines | None = None,
    ) -> None:
        self._asking = asking
        self._database = database
        self._bookings = bookings
        self._settler = Settler(bookings)
        self._keeper = keeper
        self._kept = kept
        self._patience_seconds = patience_seconds
        self._keep_seconds = keep_seconds
        self._lines = lines or Lines()
        self._asked: dict[UUID, bytes] = {}
        self._unkept: set[UUID] = set()
        asking.replies.on_replies = self.on_replies

    @property
    def reply_to(self) -> int:
        """The partition on which answers to this process come."""
        return self._asking.replies.partition

    async def ask(self, command: Asked, home: int, began: float) -> Answer:
        """The answer, kept; or what is known when patience, counted from `began`, runs out."""
        if self._database.away:
            raise unavailable("The database cannot be reached now.")
        if self._asked.setdefault(command.id, command.body_hash) != command.body_hash:
            raise Problem(422, "key_reused", "Another request with this Idempotency-Key is open.")
        outcome = "unknown"
        try:
            answer = await self._ask(command, home, began + self._patience_seconds)
            outcome = _outcome(answer)
            return answer
        except LogAwayError as error:
            raise unavailable("The log cannot be reached now.") from error
        except SeatsTakenError as error:
            raise unavailable("Too many requests wait for their answer.") from error
        finally:
            self._asked.pop(command.id, None)
            self._say(command, home, outcome, asyncio.get_running_loop().time() - began)

    @property
    def seated(self) -> int:
        """How many wait for an answer now."""
        return self._asking.replies.seated

    def patience_left(self, began: float) -> float:
        """How many seconds whoever came then would still wait."""
        return max(0.0, began + self._patience_seconds - asyncio.get_running_loop().time())

    async def try_each(
        self, commands: Sequence[Asked], home: int, began: float
    ) -> list[LifeEvent | Refused | None]:
        """The answers to what nobody has asked for, in one go; None where there is none in time.

        What is not answered is not written down either: it is the referee's to do by its deadline.
        """
        return await asyncio.gather(*(self._try(command, home, began) for command in commands))

    async def _try(self, command: Asked, home: int, began: float) -> LifeEvent | Refused | None:
        metrics.asked[type(command).__name__].inc()
        try:
            reply = await self._asking.ask(command, home, self.patience_left(began))
        except (LogAwayError, SeatsTakenError):
            return None
        if reply is None:
            self._asking.replies.leave_seat(command.id)
        if reply is None or command.id in self._unkept:
            return None
        answer: LifeEvent | Refused = reply
        metrics.answered[_outcome(answer)].inc()
        return answer

    async def on_replies(self, replies: Sequence[Any]) -> None:
        """Keep what a batch of replies says; what cannot be kept is not told either."""
        lives = [reply for reply in replies if isinstance(reply, LIFE)]
        waited_for = self._asking.replies.is_waited_for
        refused = {reply.cause: reply for reply in replies if isinstance(reply, Refused)}
        told = {one: reply for one, reply in refused.items() if waited_for(one)}
        # Whoever waits is told now; where nobody waits, there is a pending wish that ends by this.
        self._settler.note(told)
        ended = {one: reply for one, reply in refused.items() if one not in told}
        if not lives and not ended:
            return
        changes = fold(change_of(reply) for reply in lives)
        answered = [*(reply.cause for reply in lives), *ended]
        for attempt in range(KEEPS_AT_MOST):
            try:
                async with asyncio.timeout(self._patience_seconds / 2):
                    await self._bookings.keep(changes, answered, ended)
                faultpoints.reach(faultpoints.KEPT)
                self._kept.note(changes)
                self._unkept.clear()  # whoever waited for those has been told by now
                return
            except Exception as error:
                log.error("replies were not kept", extra={"error": repr(error), "attempt": attempt})
                if isinstance(error, TimeoutError):
                    break
        metrics.REPLIES_UNKEPT.inc(len(lives))
        self._unkept.update(reply.cause for reply in lives if waited_for(reply.cause))

    async def _ask(self, command: Asked, home: int, until: float) -> Answer:
        loop = asyncio.get_running_loop()
        replies = self._asking.replies
        metrics.asked[type(command).__name__].inc()
        while True:
            seat = replies.take_seat(command.id)
            reply = await self._asking.ask(command, home, max(0.0, until - loop.time()))
            if not ran_out_before(reply, command):
                break
            command = anew(command)
        if reply is None:
            booking = await self._write_down(command, home)
            if not seat.done():
                replies.leave_seat(command.id)
                metrics.answered["undecided"].inc()
                return Undecided(booking)
            reply = seat.result()
        if self._unkept and command.id in self._unkept:
            metrics.answered["unkept"].inc()
            raise outcome_unknown()
        answer: LifeEvent | Refused = reply
        metrics.answered[_outcome(answer)].inc()
        return answer

    def _say(self, command: Asked, home: int, outcome: str, seconds: float) -> None:
        """A line for a command of which the other services speak as well, or that took long."""
        booking_id = booking_of(command)
        if self._lines.wants(booking_id, seconds):
            about = {"command": command.id, "booking": booking_id, "asks": type(command).__name__}
            log.info(
                "answered",
                extra=about | {"home": home, "outcome": outcome, "seconds": round(seconds, 3)},
            )

    async def _write_down(self, command: Asked, home: int) -> Booking:
        """Pending, so that it ends though nobody waits; 504 where not even that can be written."""
        try:
            async with asyncio.timeout(self._keep_seconds):
                return await self._keeper.keep(as_pending(command, home))
        except OUTAGES as error:
            self._asking.replies.leave_seat(command.id)
            metrics.answered["unknown"].inc()
            log.warning("a wish was not written down", extra={"error": repr(error)})
            raise outcome_unknown() from error


def _outcome(answer: Answer) -> str:
    if isinstance(answer, Undecided):
        return "undecided"
    return answer.reason if isinstance(answer, Refused) else type(answer).__name__
