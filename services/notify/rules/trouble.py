"""When is a provider left alone, how fast is it spoken to, and who speaks in its place?

A provider in trouble is dear: of each message that it does not answer nobody knows whether it was
told. So after some faults in a row nobody speaks to it for a while; then one message is tried, and
only when that goes well all others. Whoever comes after it on the same channel speaks meanwhile, of
what the first one was never asked to tell.
"""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from services.notify.rules.fates import (
    Accepted,
    Gone,
    NotHandedOver,
    Outcome,
    Quiet,
    Refused,
    SlowDown,
    Unanswered,
    Unreached,
    Untried,
    Unwritable,
)

SERVICE_NOT_AVAILABLE = 421
"""RFC 5321, 4.2.3: a mail server that closes; no message of ours is the reason."""


GUARD = "guard"
"""The stage at which a message is lost that was never brought to its provider."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """After how many faults in a row it is left alone, and for how long, at first and at most."""

    faults_max: int
    rest_seconds_min: float
    rest_seconds_max: float


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider has done lately. `rests` since it last did well; `until` ends the last one.

    `is_slowed`: it has said "slow down" since. Once it may mean the one message; twice it means us.
    """

    faults: int = 0
    rests: int = 0
    is_slowed: bool = False
    until: float = float("-inf")

    def is_closed(self, now: float) -> bool:
        """It does well, and is spoken to as always."""
        return self.rests == 0 and now >= self.until


WELL = Breaker()


def after(breaker: Breaker, outcome: Outcome, now: float, limits: Limits) -> Breaker:
    """How it has done, with one message more; `now` in seconds of a clock that only goes on."""
    match outcome:
        case Accepted() | Gone():
            return WELL
        case Refused(code=code) if code >= 500:
            return WELL  # it answers, and the message is the reason
        case Refused(code=code) if code == SERVICE_NOT_AVAILABLE:
            return at_fault(breaker, now, limits)
        case SlowDown(seconds=seconds):
            if not breaker.is_slowed:
                return msgspec.structs.replace(breaker, is_slowed=True)
            until = now + min(seconds, limits.rest_seconds_max)
            return msgspec.structs.replace(breaker, until=max(breaker.until, until))
        case NotHandedOver(stage=stage) if stage == GUARD:
            return breaker  # our own counts were away, and the provider was not asked
        case NotHandedOver() | Unanswered():
            return at_fault(breaker, now, limits)
        case Refused() | Unwritable() | Untried() | Quiet() | Unreached():
            return breaker
        case _:
            assert_never(outcome)


def at_fault(breaker: Breaker, now: float, limits: Limits) -> Breaker:
    """One fault more: an answer that did not come, or nobody there at all.

    What several lines find at once, or find late, is the same trouble, and makes no rest longer.
    """
    if now < breaker.until:
        return breaker
    faults = breaker.faults + 1
    if faults < limits.faults_max and breaker.rests == 0:
        return msgspec.structs.replace(breaker, faults=faults)
    # The exponent is bounded only so that a number of rests cannot overflow a float.
    seconds = limits.rest_seconds_min * 2.0 ** min(breaker.rests, 60)
    until = now + min(seconds, limits.rest_seconds_max)
    return Breaker(faults=faults, rests=breaker.rests + 1, until=until)


def allowed(nth: int, providers: Sequence[Breaker], now: float) -> int | None:
    """How many messages the `nth` provider of a channel may be asked to take now; None: any number.

    It speaks while nobody before it does well; after a rest it is tried with one message.
    """
    mine = providers[nth]
    if now < mine.until or any(one.is_closed(now) for one in providers[:nth]):
        return 0
    return None if mine.rests == 0 else 1


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages a provider may be given: `tokens` as of `at`, a second's at the most."""

    per_second: float
    tokens: float
    at: float


def taken(bucket: Bucket, now: float) -> tuple[Bucket, float]:
    """One message is given, after so many seconds; each has its own second's share."""
    most = max(1.0, bucket.per_second)
    tokens = min(most, bucket.tokens + bucket.per_second * max(0.0, now - bucket.at)) - 1.0
    wait = 0.0 if tokens >= 0 else -tokens / bucket.per_second
    return Bucket(per_second=bucket.per_second, tokens=tokens, at=max(now, bucket.at)), wait
