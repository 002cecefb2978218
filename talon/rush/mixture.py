"""Who comes for what, and how often does each happen?"""

from random import Random
from typing import Literal, TypeVar

T = TypeVar("T", bound=str)

Kind = Literal["single", "pair", "pair-across", "family", "visit", "hold", "impossible"]
After = Literal["keep", "cancel", "move"]
HoldEnd = Literal["confirm", "release", "forget"]
Folly = Literal["too-close", "too-many", "a-strangers", "twice"]

KINDS: dict[Kind, int] = {
    "single": 34,
    "pair": 18,
    "pair-across": 6,
    "visit": 18,
    "hold": 16,
    "impossible": 8,
}
"""What people without dependants come for, in parts of a hundred."""

GUARDIANS: dict[Kind, int] = {"family": 75, "pair": 10, "visit": 15}
AFTERWARDS: dict[After, int] = {"keep": 78, "cancel": 11, "move": 11}
HOLD_ENDS: dict[HoldEnd, int] = {"confirm": 76, "release": 12, "forget": 12}
FOLLIES: dict[Folly, int] = {"too-close": 25, "too-many": 25, "a-strangers": 20, "twice": 30}

TAKES_AN_OFFER = 0.7
"""How many of those who want one place take the first that is held for them instead."""

PRESSED_TWICE = 0.08
"""How many ask a second time under the same key: half at once, half after the answer."""

THINK_SECONDS_MIN = 0.3
THINK_SECONDS_MAX = 4.0
HOLD_SECONDS = 300
FORGOTTEN_SECONDS = 30
"""A hold that nobody comes back to: the shortest there is, so that its end is seen."""


def kind_of(dice: Random, *, has_dependants: bool) -> Kind:
    """What this person comes for."""
    return draw(dice, GUARDIANS if has_dependants else KINDS)


def draw(dice: Random, shares: dict[T, int]) -> T:
    """One of the keys, by its share."""
    return dice.choices(list(shares), weights=list(shares.values()))[0]
