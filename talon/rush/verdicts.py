"""What does an answer say about a wish: done, refused, or perhaps?"""

from datetime import datetime
from uuid import UUID

import msgspec

from talon.doors import Answer
from talon.rush.journal import Seat, Verdict

AWAY = (429, 503)
"""Nothing was handed over, says the contract; the audit checks that."""

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


NOTHING = Said()
_decode = msgspec.json.Decoder(Said).decode


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


def said(answer: Answer) -> Said:
    """What the body says; nothing where it is no booking or hold."""
    if not 200 <= answer.status < 300 or not answer.body:
        return NOTHING
    try:
        return _decode(answer.body)
    except msgspec.MsgspecError:
        return NOTHING
