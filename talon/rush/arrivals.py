"""When does each person come? By a schedule that does not care how fast answers are."""

from collections.abc import Iterator
from random import Random
from typing import Protocol

import msgspec

QUIET = 0.2
"""The first share of the time, in which few come."""

RISING = 0.3
"""The share in which they become more and more; what is left is the peak."""


class Morning(msgspec.Struct, frozen=True, kw_only=True):
    """How many come a second: few, then evenly faster and faster, then as many as at the peak."""

    peak: float
    """People a second."""
    rise: float = 1.0
    """How many times more come at the peak than at first; 1 is the same all the time."""
    seconds: float

    def rate(self, at: float) -> float:
        """People a second, `at` seconds from the start."""
        risen = min(1.0, max(0.0, (at / self.seconds - QUIET) / RISING))
        return float(self.peak * self.rise ** (risen - 1))


class Uneven(Protocol):
    """Some time in which people come: its length, how many a second come when, and at the most."""

    @property
    def seconds(self) -> float:
        """How long it is."""

    @property
    def peak(self) -> float:
        """People a second, at the most."""

    def rate(self, at: float) -> float:
        """People a second, `at` seconds from the start."""


def poisson(dice: Random, morning: Uneven) -> Iterator[float]:
    """Seconds from the start at which somebody comes.

    A Poisson process whose rate changes, by thinning (Lewis and Shedler, 1979): drawn at the peak's
    rate, and kept as often as the rate of that moment is of the peak's.
    """
    at = dice.expovariate(morning.peak)
    while at < morning.seconds:
        if dice.random() * morning.peak < morning.rate(at):
            yield at
        at += dice.expovariate(morning.peak)
