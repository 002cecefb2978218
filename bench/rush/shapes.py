"""What is asked for? One slot, a thousand, the popular ones, pairs, families, what is sold out."""

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from uuid import UUID

import msgspec

from talon.rush.choice import SKEW

FAMILY = 4
"""So many persons are a family: whoever asks, and three children."""

DRAWN = 20_000
"""So many choices are drawn by how popular a slot is."""

SEED = 1


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of booking. Its choices and its people are files of these names."""

    name: str
    people: str = "tokens"
    places: int = 1
    doses: int = 1
    """So many doses of a campaign one booking takes of a person."""

    per_second_max: int = 20_000
    """No more a second are prepared for; beyond, people would be refused a second dose."""


HOT = Shape(name="hot")
UNIFORM = Shape(name="uniform")
ZIPF = Shape(name="zipf")
PAIRS = Shape(name="pairs", places=2, doses=2, per_second_max=10_000)
FAMILIES = Shape(name="families", people="guardians", places=FAMILY, per_second_max=4_000)
SOLD_OUT = Shape(name="sold out")
ALL = (HOT, UNIFORM, ZIPF, PAIRS, FAMILIES, SOLD_OUT)
NAMED = {shape.name: shape for shape in ALL}


def popular(slots: Sequence[UUID]) -> list[UUID]:
    """Drawn so often as each is wanted: the nth of them n**-SKEW as often as the first."""
    dice = Random(SEED)
    mixed = dice.sample(slots, len(slots))
    steps = list(accumulate(rank**-SKEW for rank in range(1, len(mixed) + 1)))
    return [mixed[bisect(steps, dice.uniform(0, steps[-1]))] for _ in range(DRAWN)]


def together(slots: Sequence[UUID], clinics: int, places: int) -> list[str]:
    """So many slots one after the other at one clinic, wherever there are; each a line."""
    each = len(slots) // clinics
    at_clinic = [slots[nth * each : (nth + 1) * each] for nth in range(clinics)]
    return [
        " ".join(str(slot) for slot in row[first : first + places])
        for row in at_clinic
        for first in range(len(row) - places + 1)
    ]
