"""What becomes of a message, by what its provider said, or did not say, after each attempt?"""

from collections.abc import Mapping
from typing import Literal, assert_never

import msgspec

State = Literal["waiting", "claimed", "sent", "failed", "unknown", "expired", "no_address"]
Happening = Literal[
    "taken",
    "visit_passed",
    "no_contact",
    "accepted",
    "refused",
    "deferred",
    "unanswered",
    "sender_lost",
]

NEXT: Mapping[State, Mapping[Happening, State]] = {
    "waiting": {"taken": "claimed", "visit_passed": "expired", "no_contact": "no_address"},
    "claimed": {
        "accepted": "sent",
        "refused": "failed",
        "deferred": "waiting",
        "unanswered": "unknown",
        "sender_lost": "unknown",
    },
    # Never back among the waiting: nobody may be told twice. A sender that was only slow, or could
    # not reach the database, still says what it knows.
    "unknown": {"accepted": "sent", "refused": "failed"},
    "sent": {},
    "failed": {},
    "expired": {},
    "no_address": {},
}
"""What a message becomes, by what happens to it. Without an entry it does not happen."""


class Accepted(msgspec.Struct, frozen=True):
    """The provider said that it has the message; `reference` is how its receipts will name it.

    `final`: it has arrived, and no receipt follows.
    """

    reference: str = ""
    final: bool = False


class Refused(msgspec.Struct, frozen=True):
    """The server said that it does not: `code` is its reply, `stage` what was asked."""

    code: int
    stage: str


class SlowDown(msgspec.Struct, frozen=True):
    """The provider did not take it since it has too much to do: not before so many seconds."""

    seconds: float


class Gone(msgspec.Struct, frozen=True):
    """The provider says that nobody has this address any more: it is not written to again."""


class NotHandedOver(msgspec.Struct, frozen=True):
    """The connection was lost before a word of the content was sent: certainly not told."""

    stage: str


class Unanswered(msgspec.Struct, frozen=True):
    """The content was sent, wholly or in part, and no reply came: perhaps told, perhaps not."""


class Unwritable(msgspec.Struct, frozen=True):
    """The message could not even be put into words: our mistake."""

    error: str


class Untried(msgspec.Struct, frozen=True):
    """Claimed and given back: the line was lost, the time ran out, or the process stops."""


Outcome = Accepted | Refused | SlowDown | NotHandedOver | Unanswered | Unwritable | Untried | Gone


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How often a message is tried, and how long between."""

    attempts_max: int
    backoff_seconds_min: float
    backoff_seconds_max: float


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What is noted of one claimed message; it waits again for so many seconds, if at all."""

    state: State
    tried: int = 1
    wait_seconds: float = 0.0
    note: str = ""


def settle(outcome: Outcome, attempts: int, patience: Patience, chance: float) -> Mark:
    """What a claimed message becomes; `attempts` were made before, `chance` is from 0 to 1."""
    match outcome:
        case Accepted():
            return _mark("accepted")
        case Unanswered():
            return _mark("unanswered", note="no reply after the content")
        case Unwritable():
            return _mark("refused", note=f"not written: {outcome.error}")
        case Untried():
            return Mark(state=NEXT["claimed"]["deferred"], tried=0)
        case Refused():
            note = f"{outcome.code} at {outcome.stage}"
            if outcome.code >= 500:
                return _mark("refused", note=note)
            return _again(note, attempts + 1, patience, chance)
        case SlowDown(seconds):
            mark = _again("slow down", attempts + 1, patience, chance)
            return msgspec.structs.replace(mark, wait_seconds=max(mark.wait_seconds, seconds))
        case Gone():
            return _mark("refused", note="the address is gone")
        case NotHandedOver():
            return _again(f"lost at {outcome.stage}", attempts + 1, patience, chance)
        case _:
            assert_never(outcome)


def _again(note: str, attempts: int, patience: Patience, chance: float) -> Mark:
    if attempts >= patience.attempts_max:
        return _mark("refused", note=f"{note}, attempt {attempts}")
    # The exponent is bounded only so that a large number of attempts cannot overflow a float.
    longest = patience.backoff_seconds_min * 2.0 ** min(attempts - 1, 60)
    seconds = min(longest, patience.backoff_seconds_max) * (1 + chance) / 2
    return Mark(state=NEXT["claimed"]["deferred"], wait_seconds=seconds, note=note)


def _mark(happening: Happening, note: str = "") -> Mark:
    return Mark(state=NEXT["claimed"][happening], note=note)
