"""Who makes us pay for text messages that nobody reads, and who is let through all the same?

Whoever earns by messages to numbers of their own books and cancels with as many of them as they
can. So messages are counted by number, by the prefix that numbers are sold under, by country, and
by how many of a prefix arrive. Only what was handed over counts, never what was refused here: no
limit makes itself last longer, and each is over when its hour or its day is.
"""

from typing import Literal

import msgspec

from services.notify.rules.messages import Told
from services.notify.rules.preferences import DUE, kind_of

Why = Literal["number", "due", "prefix", "country", "conversion"]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The most messages that are sent.

    What is legally due has an allowance of its own for each number, and nobody else's messages
    can use that up: it is held to no limit of a prefix, a country or a share.
    """

    number_hour: int
    number_day: int
    due_day: int
    prefix_hour: int
    country_hour: int
    share_min: float
    share_after: int
    probes_hour: int


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What was handed over before, in the hour and the day that end now.

    `taken` and `delivered` are of the prefix, `others_*` of all others, in the day before this
    hour: of what was sent just now nobody knows yet whether it arrives.
    """

    number_hour: int = 0
    number_day: int = 0
    due_day: int = 0
    prefix_hour: int = 0
    country_hour: int = 0
    taken: int = 0
    delivered: int = 0
    others_taken: int = 0
    others_delivered: int = 0


def is_due(event: Told) -> bool:
    """True for what is legally due: what nobody may decline, since the clinic has changed it."""
    return kind_of(event) in DUE


def over(counted: Counted, limits: Limits, *, due: bool) -> Why | None:
    """Which limit one more message would be over; None when it may go."""
    if due:
        return "due" if counted.due_day >= limits.due_day else None
    if counted.number_hour >= limits.number_hour or counted.number_day >= limits.number_day:
        return "number"
    if counted.prefix_hour >= limits.prefix_hour:
        return "prefix"
    if counted.country_hour >= limits.country_hour:
        return "country"
    if is_pumped(counted, limits) and counted.prefix_hour >= limits.probes_hour:
        # A few go on being tried: a prefix that arrives again is let through again.
        return "conversion"
    return None


def is_pumped(counted: Counted, limits: Limits) -> bool:
    """True where a prefix's messages do not arrive though everybody else's do.

    When nobody's arrive it is the provider that is in trouble, or sends no receipts.
    """
    return (
        counted.taken >= limits.share_after
        and counted.delivered < limits.share_min * counted.taken
        and counted.others_taken >= limits.share_after
        and counted.others_delivered >= limits.share_min * counted.others_taken
    )
