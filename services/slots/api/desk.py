"""What does every staff route need: who asks, which command that is, and its answer?"""

from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from services.slots.store import Reads
from shared.asking import Asking, SeatsTakenError
from shared.auth import Actor, Tokens
from shared.clock import DatabaseClock
from shared.log import LogAwayError
from shared.messages import Refused, SlotCommand
from shared.problems import Problem, outcome_unknown, unavailable
from shared.topics import home_of
from shared.web import body_hash, command_id, idempotency_key

STAFF = ("staff", "operator")

CODES = {
    "unknown": (404, "slot_unknown", "There is no such slot or clinic."),
    "exists": (409, "already_exists", "Something with this id is there already."),
    "in_use": (409, "slot_in_use", "More people are in this slot than the new capacity allows."),
    "key_reused": (422, "key_reused", "This Idempotency-Key was used for another request."),
    "expired": (409, "expired", "It could not be decided in time; ask again with the same key."),
}
FAILED = (500, "decision_failed", "The referee could not decide this; it was recorded.")


class Desk(msgspec.Struct):
    """The parts that the routes are given."""

    reads: Reads
    asking: Asking
    tokens: Tokens
    clock: DatabaseClock
    patience_seconds: float

    async def staff(self, request: web.Request, clinic_id: UUID | None = None) -> Actor:
        """Who asks: an operator, or staff of this clinic where their token names clinics."""
        actor = await self.tokens.need(request, *STAFF)
        named = actor.clinics and not actor.is_any("operator")
        if named and clinic_id not in actor.clinics:
            raise Problem(403, "forbidden", "Your sign-in does not cover this clinic.")
        return actor

    def head(self, request: web.Request, actor: Actor, body: Any, nth: int = 0) -> dict[str, Any]:
        """The head of the command that this request is; `nth` where one request is several."""
        resource = request.match_info.route.resource
        route = f"{request.method} {resource.canonical if resource else request.path}"
        key = idempotency_key(request)
        named = command_id(actor.id, route, key if nth == 0 else f"{key} {nth}")
        return {
            "id": named,
            "cause": named,
            "at": self.clock.now(),
            "body_hash": body_hash(request.path, body),
            "deadline": self.clock.after(self.patience_seconds),
            "reply_to": self.asking.replies.partition,
        }

    async def ask(self, command: SlotCommand, home: UUID) -> Any:
        """The referee's answer, an event or a refusal; 503 or 504 where there is none."""
        try:
            reply = await self.asking.ask(command, home_of(home), self.patience_seconds)
        except LogAwayError as error:
            raise unavailable("The log cannot be reached now.") from error
        except SeatsTakenError as error:
            raise unavailable("Too many requests wait for their answer.") from error
        if reply is None:
            self.asking.replies.leave_seat(command.id)
            raise outcome_unknown()
        return reply


def problem_of(reply: Refused) -> Problem:
    """A refusal's status, code and words."""
    status, code, detail = CODES.get(reply.reason, FAILED)
    return Problem(status, code, detail)


DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
