"""Who is where in the line, how fast does it move, and when is it somebody's turn?

Whoever came before the draw has a place by `HMAC-SHA256(seed, person)`: to have come first, or with
many browsers, gains nothing, and the order can be worked out by anybody once the seed is told. Its
SHA-256 is told before. Whoever comes later stands behind them, in the order of their arrival.
"""

import hashlib
import hmac
import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from services.booking.rules.staff_door import SHARE, taken_from_line

LOT_BYTES = 16
"""How much of a lot is kept and told: of 10^6 people two are alike once in 10^26 draws."""

SEED_BYTES = 32

BACK_OFF = 0.7
"""By how much admission slows down in a second in which those inside wait too long."""

GROWTH = 0.1
"""By which share of its limit admission grows in a second in which all is well."""

DOUBT = 1.25
"""By how much an estimate's ends lie outside of what was seen."""

LOOKS_PER_SECOND = 10_000
LOOK_SECONDS_MIN = 2
LOOK_SECONDS_MAX = 30
"""So many look at a line in a second, at most, as long as they do it no seldomer than that."""

ENDS_SECONDS = 1.0
"""How exactly it is seen when somebody's turn came: a line is looked at twice a second."""

Came = Literal["inside", "sooner", "later"]
State = Literal["opens_later", "gathering", "drawing", "serving", "closed"]
PerSecond = Annotated[float, Meta(ge=0.1, le=10_000)]


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign's waiting room. `arrivals` is how many have come, `early` how many of them before
    the draw, once that is settled; whose place is at most `serving` may come in. `staff_come` came
    in by the staff's own door, of whom so many are `staff_counted` as taken from the line.
    """

    campaign_id: UUID
    service: str
    opens_at: datetime
    draws_at: datetime
    seed: bytes
    seed_hash: bytes
    speed_min: float
    speed_max: float
    speed: float
    arrivals: int
    early: int | None
    drawn_at: datetime | None
    serving: float
    moved_at: datetime | None
    closed_at: datetime | None = None
    staff_share: float = SHARE
    staff_come: int = 0
    staff_counted: float = 0.0


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody stands, and since when; without a place before the draw."""

    campaign_id: UUID
    arrival: int
    place: int | None
    joined_at: datetime


class Pressure(msgspec.Struct, frozen=True, kw_only=True):
    """How those inside fare: how long 99 of 100 wait for an answer at most, which share of the
    seats for waiting is taken, and how many were turned away for lack of one.
    """

    answer_seconds: float
    seats_share: float
    turned_away: int


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What those inside may be made to bear before fewer come in."""

    answer_seconds_max: float
    seats_share_max: float


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """How long it will take: an interval, whose end is open while nobody knows."""

    low_seconds: int
    high_seconds: int | None


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Between how many people a second a line will move; `slow` is open while nobody knows."""

    slow: float | None
    fast: float


def lot_of(seed: bytes, person_id: UUID) -> bytes:
    """A person's lot in the draw. (RFC 2104 with SHA-256, its first 16 bytes.)"""
    return hmac.digest(seed, person_id.bytes, "sha256")[:LOT_BYTES]


def hash_of(seed: bytes) -> bytes:
    """What is told of the seed before the draw: its SHA-256."""
    return hashlib.sha256(seed).digest()


def draw(seed: bytes, persons: Iterable[UUID]) -> list[UUID]:
    """The people in the order of their lots; the first has place 1."""
    return sorted(persons, key=lambda person_id: (lot_of(seed, person_id), person_id.bytes))


def state_of(room: Room, now: datetime) -> State:
    """What goes on in the room."""
    if room.closed_at is not None:
        return "closed"
    if now < room.opens_at:
        return "opens_later"
    if now < room.draws_at:
        return "gathering"
    return "drawing" if room.drawn_at is None else "serving"


def is_turn(room: Room, place: int) -> bool:
    """May whoever has this place come in?"""
    return place <= int(room.serving)


def next_speed(room: Room, pressure: Pressure | None, bounds: Bounds, seconds: float) -> float:
    """How many people a second come in from now on.

    While those inside wait too long it falls by `BACK_OFF` a second, else it grows evenly: additive
    increase, multiplicative decrease, which finds what is borne and keeps close to it (Chiu and
    Jain, 1989). Of whom nothing is heard, nobody knows that they fare well: then it is the least.
    """
    if pressure is None:
        return room.speed_min
    strained = (
        pressure.answer_seconds > bounds.answer_seconds_max
        or pressure.seats_share > bounds.seats_share_max
        or pressure.turned_away > 0
    )
    if strained:
        return max(room.speed_min, room.speed * math.pow(BACK_OFF, seconds))
    return min(room.speed_max, room.speed + GROWTH * room.speed_max * seconds)


def serving_after(room: Room, speed: float, seconds: float) -> float:
    """How far the line has moved after that time: never back, and never beyond its end."""
    return max(room.serving, min(float(room.arrivals), room.serving + speed * seconds))


def serving_beside(room: Room, speed: float, seconds: float) -> tuple[float, float]:
    """The same where staff come in besides, and how many of them are counted with it."""
    moves = speed * seconds
    staff = taken_from_line(
        come=room.staff_come,
        counted=room.staff_counted,
        share=room.staff_share,
        moves=moves,
        waits=room.serving < room.arrivals,
    )
    return serving_after(room, max(0.0, moves - staff), 1.0), staff


def pace_of(room: Room, paces: Sequence[float]) -> Pace:
    """How fast it will move, by the paces of the last minutes: between these."""
    if not paces:
        return Pace(slow=None, fast=room.speed_max)
    slow, fast = min([*paces, room.speed]) / DOUBT, max([*paces, room.speed]) * DOUBT
    return Pace(slow=slow if slow > 0 else None, fast=fast)


def wait_of(ahead: int, pace: Pace) -> Wait:
    """How long it takes until so many have gone in."""
    if ahead <= 0:
        return Wait(low_seconds=0, high_seconds=0)
    return Wait(
        low_seconds=math.floor(ahead / pace.fast),
        high_seconds=math.ceil(ahead / pace.slow) if pace.slow is not None else None,
    )


def came_true(wait: Wait, seconds: float) -> Came:
    """Was it somebody's turn after as long as they were told? Ends are good to a second."""
    if seconds < wait.low_seconds - ENDS_SECONDS:
        return "sooner"
    if wait.high_seconds is not None and seconds > wait.high_seconds + ENDS_SECONDS:
        return "later"
    return "inside"


def look_seconds(room: Room) -> int:
    """After how many seconds at least each who waits may look again: the more wait, the later."""
    waiting = room.arrivals - int(room.serving)
    return max(LOOK_SECONDS_MIN, min(waiting // LOOKS_PER_SECOND, LOOK_SECONDS_MAX))
