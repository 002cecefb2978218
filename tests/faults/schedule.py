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
    quiet_seconds: float = 120.0
    """How long it is waited until nothing moves any more."""

    @property
    def seconds(self) -> float:
        """How long people come: until everything has failed and been well again."""
        spent = sum(fault.seconds + fault.rest + JITTER_SECONDS for fault in self.faults)
        return BEGIN_SECONDS + spent


def draw_up(seed: int, profile: Profile) -> tuple[Fault, ...]:
    """The profile's faults in an order that only the seed decides, each with its moment."""
    dice = Random(f"{profile.name}/{seed}")
    faults = list(profile.faults)
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
    patients=20_000,
    faults=(
        *_each("kill", REFEREES * 2, rest=4.0),
        *_each("kill", DESKS, rest=3.0),
        *_each("kill", MESSENGERS, rest=2.0),
        *_each("kill", ("kafka",), rest=9.0),
        *_each("kill", ("postgres",), rest=6.0),
        *_each("stop-at-once", ("postgres",), rest=6.0),
        Fault(kind="kill-all", rest=16.0),
        *_each("freeze", REFEREES, seconds=3.0, rest=1.0),
        *_each("freeze", ("booking", "notify-1"), seconds=3.0, rest=1.0),
        Fault(kind="away", target="kafka", seconds=60.0, rest=10.0),
        Fault(kind="away", target="postgres", seconds=30.0, rest=6.0),
        *_each("point", POINTS, rest=1.0),
        *_each("backend", ("ended", "killed"), rest=2.0),
        *_each("latency", ("postgres", "kafka"), seconds=3.0, rest=0.5),
        *_each("black-hole", ("postgres", "kafka"), seconds=4.0, rest=3.0),
        *_each("reset", ("postgres", "kafka"), rest=2.0),
        *_each("slices", ("postgres", "kafka"), seconds=3.0, rest=1.0),
        *_each("full-disk", ("postgres", "kafka"), seconds=4.0, rest=8.0),
        *_each("lost-commits", ("",), seconds=12.0, rest=2.0),
        *_each("lost-mails", ("",), seconds=3.0, rest=0.5),
        *_each("sleeping-mails", ("",), seconds=3.0, rest=0.5),
        *_each("duplicates", ("", ""), rest=0.5),
        *_each("churn", ("slots", "booking", "notify"), seconds=4.0, rest=0.5),
        *_each("wrong-clock", ("slots +10m", "slots -10m"), seconds=3.0, rest=0.2),
        *_each("wrong-clock", ("booking +10m", "notify -10m"), seconds=3.0, rest=0.2),
    ),
)

CONTROL = Profile(
    name="control",
    rate=30.0,
    clinics=4,
    patients=1_200,
    twins=5.0,
    quiet_seconds=45.0,
    faults=(
        Fault(kind="black-hole", target="kafka", seconds=4.0, rest=3.0),
        Fault(kind="freeze", target="slots", seconds=2.0, rest=1.0),
        Fault(kind="kill", target="slots-1", rest=3.0),
        Fault(kind="lost-commits", seconds=2.0, rest=1.0),
    ),
)
"""What shows within seconds that a guard is missing."""

PROFILES = {profile.name: profile for profile in (SHORT, DEFAULT, CONTROL)}
