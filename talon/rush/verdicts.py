"""What does an answer say about a wish: done, refused, or perhaps?"""

from datetime import datetime
from uuid import UUID

import msgspec

from talon.doors import Answer
from talon.rush.journal import Offer, Seat, Verdict

AWAY = (429, 503)
"""Nothing was handed over, says the contract; the audit checks that."""

REFUSED = 409
DECIDED = "decision_failed"
"""The one 5xx that is a decision: the referee recorded that it could not decide."""


class Said(msgspec.Struct, frozen=True):
    """What the body of a booking or hold says, as far as the audit goes by it."""

    id: UUID | None = None
    status: str = ""
    version: int = 0
    places: tuple[Seat, ...] = ()
    expires_at: datetime | None = None
    reason: str | None = None


class Near(msgspec.Struct, frozen=True):
    """A slot that is named to whoever was refused."""

    slot_id: UUID
    hold_id: UUID | None = None


class Refusal(msgspec.Struct, frozen=True):
    """What the body of a refusal says, as far as anybody here goes by it."""

    alternatives: tuple[Near, ...] = ()


NOTHING = Said()
_decode = msgspec.json.Decoder(Said).decode
_decode_refusal = msgspec.json.Decoder(Refusal).decode


def judge(answer: Answer) -> Verdict:
    """The verdict on the answer to a request that asks for a change."""
    if answer.status in (200, 201, 204):
        return "ok"
    if answer.status == 202:
        return "pending"
    if answer.status in AWAY:
        return "away"
    if 400 <= answer.status < 500 or answer.code == DECIDED:
        return "refused"
    return "unknown"


def judge_poll(answer: Answer) -> Verdict:
    """The verdict on what is found at the Location of a wish that was pending."""
    if answer.status != 200:
        return "unknown"
    found = said(answer)
    if found.status == "refused" or (found.status == "expired" and found.version == 0):
        return "refused"
    return "pending" if found.status == "pending" else "ok"


def offered(answer: Answer) -> tuple[Offer, ...]:
    """What a refusal says is held for whoever gets it."""
    if answer.status != REFUSED or not answer.body:
        return ()
    try:
        near = _decode_refusal(answer.body).alternatives
    except msgspec.MsgspecError:
        return ()
    return tuple(Offer(other.slot_id, other.hold_id) for other in near if other.hold_id)


def said(answer: Answer) -> Said:
    """What the body says; nothing where it is no booking or hold."""
    if not 200 <= answer.status < 300 or not answer.body:
        return NOTHING
    try:
        return _decode(answer.body)
    except msgspec.MsgspecError:
        return NOTHING
