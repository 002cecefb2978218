"""What becomes of a message, by what its provider said, or did not say, after each attempt?"""

from collections.abc import Mapping, Sequence
from typing import Literal, assert_never

import msgspec

State = Literal[
    "waiting",
    "claimed",
    "sent",
    "delivered",
    "failed",
    "unknown",
    "expired",
    "no_address",
    "declined",
]
Happening = Literal[
    "taken",
    "visit_passed",
    "no_contact",
    "accepted",
    "arrived",
    "refused",
    "deferred",
    "unanswered",
    "asked_again",
    "sender_lost",
]

NEXT: Mapping[State, Mapping[Happening, State]] = {
    "waiting": {
        "taken": "claimed",
        "visit_passed": "expired",
        "no_contact": "no_address",
        # It waited to be asked again under its key, and may have been told by then.
        "unanswered": "unknown",
    },
    "claimed": {
        "accepted": "sent",
        "arrived": "delivered",
        "refused": "failed",
        "no_contact": "no_address",
        "deferred": "waiting",
        "unanswered": "unknown",
        # Only of a provider to whom it is the same message under the same key.
        "asked_again": "waiting",
        "sender_lost": "unknown",
    },
    # Never back among the waiting: nobody may be told twice. A sender that was only slow, or could
    # not reach the database, still says what it knows; so does a receipt, and so does a person.
    "unknown": {"accepted": "sent", "arrived": "delivered", "refused": "failed"},
    "sent": {"arrived": "delivered", "refused": "failed"},
    "delivered": {},
    "failed": {},
    "expired": {},
    "no_address": {},
    "declined": {},
}
"""What a message becomes, by what happens to it. Without an entry it does not happen."""


class Accepted(msgspec.Struct, frozen=True):
    """The provider said that it has the message; `reference` is how its receipts will name it.

    `final`: it has arrived, and no receipt follows.
    """

    reference: str = ""
    final: bool = False


NEVER, LATER = 554, 451
"""As a mail server would say it: what is refused for good, and what may be taken another time."""


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


class Quiet(msgspec.Struct, frozen=True):
    """Claimed and given back: its reader is left in peace for so many seconds."""

    seconds: float


class Unreached(msgspec.Struct, frozen=True):
    """Claimed, and there is no address of this channel any more."""


class Untried(msgspec.Struct, frozen=True):
    """Claimed and given back: the line was lost, the time ran out, or the process stops."""


Outcome = (
    Accepted
    | Refused
    | SlowDown
    | Gone
    | NotHandedOver
    | Unanswered
    | Unwritable
    | Quiet
    | Unreached
    | Untried
)


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says later of what it took: under its own reference, and for good."""

    provider: str
    reference: str
    state: Literal["delivered", "failed"]


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How often a message is tried, and how long between."""

    attempts_max: int
    backoff_seconds_min: float
    backoff_seconds_max: float


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What is noted of one claimed message; it waits again for so many seconds, if at all.

    `perhaps`: who was asked may have it all the same, so nobody else is asked.
    """

    state: State
    tried: int = 1
    wait_seconds: float = 0.0
    note: str = ""
    reference: str | None = None
    perhaps: bool = False


def settle(
    outcome: Outcome,
    attempts: int,
    patience: Patience,
    chance: float,
    *,
    keyed: bool = False,
    perhaps: bool = False,
) -> Mark:
    """What a claimed message becomes; `attempts` were made before, `chance` is from 0 to 1.

    `keyed`: its provider knows it by its key, and is asked again when it did not answer; `perhaps`:
    so it was before, and of all that it says now only a yes or a no is certain.
    """
    mark = _settled(outcome, attempts + 1, patience, chance, keyed=keyed)
    if not perhaps:
        return mark
    if mark.state == "waiting":
        return msgspec.structs.replace(mark, perhaps=True)
    if mark.state in ("failed", "no_address") and not isinstance(outcome, Refused):
        return msgspec.structs.replace(mark, state=NEXT["claimed"]["unanswered"])
    return mark


def best_of(outcomes: Sequence[Outcome]) -> Outcome:
    """What is known of a message that went to several devices: told by one of them, it is told."""
    return min(outcomes, key=lambda outcome: _RANK.index(type(outcome)))


_RANK: Sequence[type[Outcome]] = (
    Accepted,
    Unanswered,
    Untried,
    Quiet,
    NotHandedOver,
    SlowDown,
    Refused,
    Unwritable,
    Unreached,
    Gone,
)
"""What may have been told comes before what may be tried again, and that before what may not."""


def _settled(
    outcome: Outcome, tried: int, patience: Patience, chance: float, *, keyed: bool
) -> Mark:
    match outcome:
        case Accepted(reference, final):
            state = NEXT["claimed"]["arrived" if final else "accepted"]
            return Mark(state=state, reference=reference or None)
        case Unanswered():
            return _after_silence(tried, patience, chance, keyed=keyed)
        case Unwritable(error):
            return _mark("refused", note=f"not written: {error}")
        case Gone():
            return _mark("refused", note="the address is gone")
        case Unreached():
            return Mark(state=NEXT["claimed"]["no_contact"], tried=0)
        case Untried():
            return Mark(state=NEXT["claimed"]["deferred"], tried=0)
        case Quiet(seconds):
            return Mark(state=NEXT["claimed"]["deferred"], tried=0, wait_seconds=seconds)
        case Refused(code, stage) if code >= 500:
            return _mark("refused", note=f"{code} at {stage}")
        case Refused(code, stage):
            return _again(f"{code} at {stage}", tried, patience, chance)
        case SlowDown(seconds):
            mark = _again("slow down", tried, patience, chance)
            return msgspec.structs.replace(mark, wait_seconds=max(mark.wait_seconds, seconds))
        case NotHandedOver(stage):
            return _again(f"lost at {stage}", tried, patience, chance)
        case _:
            assert_never(outcome)


def _after_silence(tried: int, patience: Patience, chance: float, *, keyed: bool) -> Mark:
    if not keyed:
        return _mark("unanswered", note="no reply after the content")
    mark = _again("no reply", tried, patience, chance)
    if mark.state == NEXT["claimed"]["refused"]:
        return _mark("unanswered", note=f"no reply, attempt {tried}")
    return msgspec.structs.replace(mark, state=NEXT["claimed"]["asked_again"], perhaps=True)


def _again(note: str, attempts: int, patience: Patience, chance: float) -> Mark:
    if attempts >= patience.attempts_max:
        return _mark("refused", note=f"{note}, attempt {attempts}")
    # The exponent is bounded only so that a large number of attempts cannot overflow a float.
    longest = patience.backoff_seconds_min * 2.0 ** min(attempts - 1, 60)
    seconds = min(longest, patience.backoff_seconds_max) * (1 + chance) / 2
    return Mark(state=NEXT["claimed"]["deferred"], wait_seconds=seconds, note=note)


def _mark(happening: Happening, note: str = "") -> Mark:
    return Mark(state=NEXT["claimed"][happening], note=note)
