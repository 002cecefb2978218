"""Which faults come when? A seed says it, so that what a campaign found can be found again."""

from collections.abc import Iterator
from random import Random
from typing import Literal

import msgspec

from shared.faultpoints import (
    COMMITTED,
    HANDED_OVER,
    KEPT,
    PUBLISHED,
    SENT,
    TRANSACTION_OPEN,
)

Kind = Literal[
    "kill",
    "kill-all",
    "freeze",
    "stop-at-once",
    "away",
    "backend",
    "latency",
    "black-hole",
    "reset",
    "slices",
    "lost-commits",
    "lost-mails",
    "sleeping-mails",
    "point",
    "churn",
    "duplicates",
    "wrong-clock",
    "full-disk",
]

REFEREES = ("slots", "slots-1")
DESKS = ("booking", "booking-1")
MESSENGERS = ("notify", "notify-1")
SERVICES = (*REFEREES, *DESKS, *MESSENGERS)

SEEDS = 3
"""So many seeds make one proof together."""
BEGIN_SECONDS = 4.0
"""So long all is well, so that there is something to lose."""
JITTER_SECONDS = 0.4
"""By up to so much each fault comes later than it might, so that no two campaigns are in step."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that fails: when, counted from the first visitor, which, and for how long."""

    at: float = 0.0
    kind: Kind
    target: str = ""
    seconds: float = 0.0
    rest: float = 0.0
    """How long nothing else fails afterwards, so that what came of it can be told apart."""
    shorter: float = 0.0
    """For how long in two seeds of three, where one long outage is enough for all of them."""

    @property
    def name(self) -> str:
        """How people call it."""
        said = f"{self.kind} {self.target}".strip()
        return f"{said} for {self.seconds:.0f} s" if self.seconds else said


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """How long a campaign is, for how many people, and what fails in it."""

    name: str
    rate: float
    clinics: int
    patients: int
    faults: tuple[Fault, ...]
    twins: float = 1.5
    """So many people a second want one dose in two clinics at the same moment."""
    rivals: float = 0.5
    """So many pairs of people a second want the same two visits in two clinics at one moment."""
    quiet_seconds: float = 120.0
    """How long it is waited until nothing moves any more."""
    lost_commit_seconds: float = 0.0
    """All the time, about so often, the answer to one COMMIT is lost; 0 where never."""

    @property
    def seconds(self) -> float:
        """How long people come: until everything has failed and been well again."""
        spent = sum(fault.seconds + fault.rest + JITTER_SECONDS for fault in self.faults)
        return BEGIN_SECONDS + spent


def of_seed(profile: Profile, seed: int) -> Profile:
    """The profile as this seed has it: seeds 1, 4, 7... have the long outages."""
    if seed % SEEDS == 1:
        return profile
    faults = tuple(
        msgspec.structs.replace(fault, seconds=fault.shorter or fault.seconds, shorter=0.0)
        for fault in profile.faults
    )
    return msgspec.structs.replace(profile, faults=faults)


def draw_up(seed: int, profile: Profile) -> tuple[Fault, ...]:
    """The profile's faults in an order that only the seed decides, each with its moment."""
    dice = Random(f"{profile.name}/{seed}")
    faults = list(of_seed(profile, seed).faults)
    dice.shuffle(faults)
    return tuple(_laid_out(dice, faults))


def _laid_out(dice: Random, faults: list[Fault]) -> Iterator[Fault]:
    at = BEGIN_SECONDS
    for fault in faults:
        at += dice.uniform(0, JITTER_SECONDS)
        yield msgspec.structs.replace(fault, at=round(at, 2))
        at += fault.seconds + fault.rest


# ---- what fails ------------------------------------------------------------------------------


def _each(
    kind: Kind, targets: tuple[str, ...], *, rest: float, seconds: float = 0.0
) -> list[Fault]:
    return [Fault(kind=kind, target=name, rest=rest, seconds=seconds) for name in targets]


POINTS = (
    *(f"slots/{point}" for point in (TRANSACTION_OPEN, COMMITTED, PUBLISHED)),
    *(f"booking/{point}" for point in (KEPT, HANDED_OVER, TRANSACTION_OPEN, PUBLISHED)),
    *(f"notify/{point}" for point in (SENT, COMMITTED)),
)

SHORT = Profile(
    name="short",
    rate=25.0,
    clinics=10,
    patients=1_600,
    faults=(
        *_each("kill", ("slots", "booking", "notify"), rest=2.0),
        *_each("kill", ("kafka",), rest=8.0),
        *_each("stop-at-once", ("postgres",), rest=4.0),
        *_each("freeze", ("slots-1",), seconds=2.0, rest=1.0),
        *_each("point", POINTS[:1] + POINTS[3:4] + POINTS[7:8], rest=1.5),
        Fault(kind="lost-commits", seconds=2.0, rest=1.0),
        Fault(kind="lost-mails", seconds=2.0, rest=0.5),
        Fault(kind="reset", target="kafka", rest=2.0),
        Fault(kind="backend", target="ended", rest=1.0),
        Fault(kind="duplicates", rest=0.5),
    ),
)

DEFAULT = Profile(
    name="default",
    rate=60.0,
    clinics=120,
    patients=14_000,
    lost_commit_seconds=5.0,
    faults=(
        *_each("kill", REFEREES * 2, rest=3.0),
        *_each("kill", DESKS, rest=2.5),
        *_each("kill", MESSENGERS, rest=1.5),
        *_each("kill", ("kafka",), rest=8.0),
        *_each("kill", ("postgres",), rest=5.0),
        *_each("stop-at-once", ("postgres",), rest=5.0),
        Fault(kind="kill-all", rest=14.0),
        *_each("freeze", REFEREES, seconds=2.5, rest=1.0),
        *_each("freeze", ("booking", "notify-1"), seconds=2.0, rest=1.0),
        Fault(kind="away", target="kafka", seconds=60.0, shorter=20.0, rest=8.0),
        Fault(kind="away", target="postgres", seconds=30.0, shorter=10.0, rest=5.0),
        *_each("point", POINTS, rest=1.0),
        *_each("backend", ("ended", "killed"), rest=1.5),
        *_each("latency", ("postgres", "kafka"), seconds=2.0, rest=0.5),
        *_each("black-hole", ("postgres", "kafka"), seconds=4.0, rest=2.5),
        *_each("reset", ("postgres", "kafka"), rest=1.5),
        *_each("slices", ("postgres", "kafka"), seconds=2.0, rest=1.0),
        *_each("full-disk", ("postgres",), seconds=4.0, rest=5.0),
        *_each("full-disk", ("kafka",), seconds=4.0, rest=8.0),
        *_each("lost-commits", ("",), seconds=6.0, rest=1.0),
        *_each("lost-mails", ("",), seconds=3.0, rest=0.5),
        *_each("sleeping-mails", ("",), seconds=3.0, rest=0.5),
        *_each("duplicates", ("", ""), rest=0.5),
        *_each("churn", ("slots", "booking", "notify"), seconds=4.0, rest=0.5),
        *_each("wrong-clock", ("slots +10m", "slots -10m"), seconds=2.5, rest=0.2),
        *_each("wrong-clock", ("booking +10m", "notify -10m"), seconds=2.5, rest=0.2),
    ),
)

LONG_AWAY = {"kafka": 180.0, "postgres": 60.0}
LONG = msgspec.structs.replace(
    DEFAULT,
    name="long",
    rate=40.0,
    quiet_seconds=240.0,
    faults=tuple(
        msgspec.structs.replace(fault, seconds=LONG_AWAY[fault.target], shorter=0.0, rest=12.0)
        if fault.kind == "away"
        else fault
        for fault in DEFAULT.faults
    ),
)
"""Outages of minutes: does what waits, wait, and does what must not grow, not grow?"""

CONTROL = Profile(
    name="control",
    rate=30.0,
    clinics=4,
    patients=1_200,
    twins=5.0,
    rivals=5.0,
    quiet_seconds=45.0,
    faults=(
        # Between what two referees read and what they write there is time for the other.
        Fault(kind="latency", target="postgres", seconds=6.0, rest=1.0),
        Fault(kind="black-hole", target="kafka", seconds=4.0, rest=3.0),
        Fault(kind="freeze", target="slots", seconds=2.0, rest=1.0),
        Fault(kind="kill", target="slots-1", rest=3.0),
        Fault(kind="lost-commits", seconds=2.0, rest=1.0),
    ),
)
"""What shows within seconds that a guard is missing."""

PROFILES = {profile.name: profile for profile in (SHORT, DEFAULT, LONG, CONTROL)}
