"""Who is asked to come again when more come than can be served, and how soon may one ask anew?

Pure functions of the present: what was refused before counts for nothing, so that no rule feeds
another and nobody is locked out. When the load is gone, everybody is let in, without a restart.
"""

import math
from typing import Literal

import msgspec

Kind = Literal["finish", "wish", "look"]
"""What somebody holds, moves or gives back; what somebody wants new; who only looks."""


class Speed(msgspec.Struct, frozen=True):
    """How many are answered a second while many wait, as of when, and seen over how long."""

    per_second: float
    at: float
    seconds: float = 0.0


NO_SPEED = Speed(0.0, -math.inf)
SPEED_SECONDS = 1.0
"""Over about so long it is seen: a pause of half a second is none."""

SURE_SECONDS = 0.3
"""So long it has to be seen before anybody is judged by it."""

GAP_SECONDS = 1.0
"""Who did not look for so long had no crowd, and few answers then say nothing about how fast it can
be. What was known before a crowd is believed when the next comes soon."""

STALE_SECONDS = 10.0

LATE_KEPT = 0.5
"""Which share of it from one look to the next."""


def speed_after(speed: Speed, answered: int, now: float) -> Speed:
    """The speed, when so many more were answered since it was last looked at."""
    seconds = now - speed.at
    if seconds > STALE_SECONDS:
        return Speed(0.0, now)
    if seconds > GAP_SECONDS:
        return Speed(speed.per_second, now, speed.seconds)
    seen = min(speed.seconds + seconds, SPEED_SECONDS)
    change = (answered / seconds - speed.per_second) * seconds / seen
    return Speed(speed.per_second + change, now, seen)


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """How full the desk is, how long whoever comes now would wait, and how long they have waited
    at the door by now, before anybody looked at them.
    """

    seats_share: float
    wait_seconds: float
    late_seconds: float = 0.0


def load_of(seated: int, seats_max: int, speed: Speed, late_seconds: float = 0.0) -> Load:
    """By those before them, and by how fast these are answered: what those wait who are answered
    now was decided when they came, and tells of a crowd when it is too late.
    """
    share = seated / seats_max
    if speed.seconds < SURE_SECONDS:
        wait = math.inf if share >= UNSURE_SHARE else 0.0
    else:
        wait = seated / speed.per_second if speed.per_second > 0 else math.inf
    return Load(seats_share=share, wait_seconds=wait, late_seconds=late_seconds)


def lateness_after(late_seconds: float, overdue_seconds: float) -> float:
    """How late the desk is in looking at anybody, when what was due then came so much later.

    One slow turn is remembered a moment, since those who came in it are looked at after it.
    """
    return max(0.0, overdue_seconds, late_seconds * LATE_KEPT)


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """From where on a kind is asked to come again."""

    seats_share: float
    wait_seconds: float
    late_seconds: float


BARS: dict[Kind, Bar] = {
    "look": Bar(seats_share=0.5, wait_seconds=0.6, late_seconds=0.6),
    "wish": Bar(seats_share=0.9, wait_seconds=1.0, late_seconds=1.0),
    "finish": Bar(seats_share=1.0, wait_seconds=math.inf, late_seconds=math.inf),
}
"""Looking goes first, then what is new. The last tenth of the seats is for those who have a place
and confirm it, move it or give it back: each of them makes room. What is expected is half of what
people have patience for: it is worked out by how fast it goes now, and that may fall at once. Nor
may it be less than a booking takes by itself where others have most of the machine: fewer people
inside are answered no sooner, so each time fewer still would be let in.
"""

BUSY_SHARE = 0.04
"""While fewer wait, whatever takes long is an outage and no crowd: they are told as ever, 202. And
while so many do, nobody is idle because others were sent away: whoever decides and writes does it
for many at a time, and is several times as dear for a few.
"""

UNSURE_SHARE = 0.04
"""So many are let in before it is known how fast they are answered: at 200 a second they wait for
no longer than a second.
"""


def is_shed(kind: Kind, load: Load) -> bool:
    """True where somebody of this kind is asked to come again."""
    bar = BARS[kind]
    if load.seats_share >= bar.seats_share:
        return True
    if load.late_seconds > bar.late_seconds:
        # The desk is behind with looking at people: to refuse is quick, so it has soon caught up.
        return True
    return load.seats_share >= BUSY_SHARE and load.wait_seconds > bar.wait_seconds


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How many wishes one person may make: so many at once, and then so many a second."""

    at_once: float
    per_second: float


class Allowance(msgspec.Struct, frozen=True):
    """What somebody had left after their last wish that was let in, and when that was."""

    left: float
    at: float


def left_of(allowance: Allowance | None, pace: Pace, now: float) -> float:
    """What somebody has left now: all of it, if they have not been here."""
    if allowance is None:
        return pace.at_once
    gained = max(0.0, now - allowance.at) * pace.per_second
    return min(pace.at_once, allowance.left + gained)


def use(allowance: Allowance | None, pace: Pace, now: float) -> Allowance | None:
    """What is left after one more wish; None where it has to wait. Asking in vain costs nothing."""
    left = left_of(allowance, pace, now)
    return Allowance(left - 1.0, now) if left >= 1.0 else None


def wait_seconds(allowance: Allowance | None, pace: Pace, now: float) -> float:
    """How long until one more is let in, whatever is asked until then."""
    return max(0.0, (1.0 - left_of(allowance, pace, now)) / pace.per_second)
