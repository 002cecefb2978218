"""What does every route need: memory to read from; which command a request is, its answer?"""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from services.slots.availability import Memory
from services.slots.rules.closing import Alone
from services.slots.store import Closures, Holidays, Practitioners, Reads, Schedules
from shared.asking import Asking, SeatsTakenError, anew, ran_out_before
from shared.auth import Actor
from shared.clock import DatabaseClock
from shared.log import LogAwayError
from shared.messages import Refused, SlotCommand
from shared.problems import Problem, outcome_unknown, unavailable
from shared.topics import COMMANDS_PER_RECORD_MAX, home_of
from shared.web import body_hash, command_id, idempotency_key

IN_USE = "People in it would have no place, or be late by a stricter rule than they booked by."
CODES = {
    "unknown": (404, "slot_unknown", "There is no such slot or clinic."),
    "exists": (409, "already_exists", "Something with this id is there already."),
    "in_use": (409, "slot_in_use", IN_USE),
    "key_reused": (422, "key_reused", "This Idempotency-Key was used for another request."),
    "expired": (409, "expired", "It could not be decided in time; ask again with the same key."),
}
ASKED_AT_ONCE_MAX = COMMANDS_PER_RECORD_MAX
"""How many commands of one request wait for their answers at a time; each takes a seat."""

FAILED = (500, "decision_failed", "The referee could not decide this; it was recorded.")


class Desk(msgspec.Struct):
    """The parts that the routes are given."""

    reads: Reads
    memory: Memory
    asking: Asking
    clock: DatabaseClock
    schedules: Schedules
    closures: Closures
    holidays: Holidays
    practitioners: Practitioners
    patience_seconds: float
    ahead_days: int
    alone: Alone

    def head(self, request: web.Request, actor: Actor, body: Any, nth: int = 0) -> dict[str, Any]:
        """The head of the command that this request is; `nth` where one request is several."""
        resource = request.match_info.route.resource
        route = f"{request.method} {resource.canonical if resource else request.path}"
        key = idempotency_key(request)
        named = command_id(actor.id, route, key if nth == 0 else f"{key} {nth}")
        return self.head_of(named, cause=named, asked=body_hash(request.path, body))

    def head_of(self, command_id: UUID, *, cause: UUID, asked: bytes) -> dict[str, Any]:
        """The head of a command with an id of its own; from now on it has so long."""
        return {
            "id": command_id,
            "cause": cause,
            "at": self.clock.now(),
            "body_hash": asked,
            "deadline": self.clock.after(self.patience_seconds),
            "reply_to": self.asking.replies.partition,
        }

    def need_log(self) -> None:
        """503 before anything is remembered, where the log is known to be away."""
        if self.asking.commands.away:
            raise unavailable("The log cannot be reached now.")

    async def ask(self, command: SlotCommand, home: UUID) -> Any:
        """The referee's answer, an event or a refusal; 503 or 504 where there is none."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.patience_seconds
        try:
            while True:
                left = max(0.0, until - loop.time())
                reply = await self.asking.ask(command, home_of(home), left)
                if not ran_out_before(reply, command):
                    break
                command = anew(command)
        except LogAwayError as error:
            raise unavailable("The log cannot be reached now.") from error
        except SeatsTakenError as error:
            raise unavailable("Too many requests wait for their answer.") from error
        if reply is None:
            self.asking.replies.leave_seat(command.id)
            raise outcome_unknown()
        self.memory.hear(reply, asked_at=command.at)
        return reply

    async def ask_each(
        self, commands: Iterable[SlotCommand], home: UUID, *, begun: bool = False
    ) -> list[Any]:
        """Their answers in order, some commands at a time; each is made when its turn comes.

        503 only where nothing was handed over or `begun`; else 504. As with a command that came too
        late to be decided, the same request again finishes it.
        """
        replies: list[Any] = []
        coming = iter(commands)
        while some := list(islice(coming, ASKED_AT_ONCE_MAX)):
            answers = await asyncio.gather(
                *(self.ask(command, home) for command in some), return_exceptions=True
            )
            failed = [answer for answer in answers if isinstance(answer, BaseException)]
            if failed:
                handed_over = begun or bool(replies) or len(failed) < len(answers)
                raise _why(failed, handed_over=handed_over)
            if any(isinstance(a, Refused) and a.reason == "expired" for a in answers):
                raise problem_for("expired")
            replies += answers
        return replies


def _why(failed: Sequence[BaseException], *, handed_over: bool) -> BaseException:
    """What is said of commands without an answer: a bug as it is, 503 only where that is true."""
    for error in failed:
        if not isinstance(error, Problem):
            return error
        handed_over |= error.status != 503
    return outcome_unknown() if handed_over else failed[0]


def problem_of(reply: Refused) -> Problem:
    """A refusal's status, code and words."""
    return problem_for(reply.reason)


def problem_for(reason: str) -> Problem:
    """The same, where no command had to be asked to know it."""
    status, code, detail = CODES.get(reason, FAILED)
    return Problem(status, code, detail)


DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
