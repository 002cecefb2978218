"""When does each person come? By a schedule that does not care how fast answers are."""

from collections.abc import Iterator
from random import Random


def poisson(dice: Random, rate: float, seconds: float) -> Iterator[float]:
    """Seconds from the start at which somebody comes, `rate` a second on average."""
    at = dice.expovariate(rate)
    while at < seconds:
        yield at
        at += dice.expovariate(rate)
