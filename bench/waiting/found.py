"""What is told of a waiting room's morning, and which bars does it meet? Plain reckoning."""

import math
from collections.abc import Sequence

import msgspec

JOINS_MIN = 5_000.0
CORRELATION_MAX = 0.03
INVERSIONS_MAX = 0.001
SPEED_OFF_MAX = 0.1
SIGMAS_MAX = 3.0
"""A gain of the bots that chance gives once in 400 mornings is none."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One key for each bar, and what belongs to them."""

    people: int
    joins_per_second: float
    joins_per_second_lowest: float
    joins_per_second_highest: float
    join_p50_ms: float
    join_p99_ms: float
    cpu_us_per_join: dict[str, float]
    draw_seconds: float
    correlation: float
    inversions: float
    compared: int
    bots: int
    bots_places: int
    bots_gain_sigmas: float
    speed_set: float
    admissions_per_second: float
    disturbed: float
    """The share of the machine that others had while people joined: the median of the rounds."""


def missed(result: Result) -> list[str]:
    """Which bars are missed, in words."""
    off = abs(result.admissions_per_second / result.speed_set - 1)
    bars = (
        (result.joins_per_second >= JOINS_MIN, f"{JOINS_MIN:,.0f} joins a second"),
        (abs(result.correlation) <= CORRELATION_MAX, f"a correlation within {CORRELATION_MAX}"),
        (result.inversions <= INVERSIONS_MAX, f"inversions of at most {INVERSIONS_MAX:.1%}"),
        (result.bots_places == result.bots, "one place for each of the bots"),
        (result.bots_gain_sigmas <= SIGMAS_MAX, "nothing gained by coming ten times"),
        (off <= SPEED_OFF_MAX, f"admissions within {SPEED_OFF_MAX:.0%} of the speed"),
    )
    return [words for is_met, words in bars if not is_met]


def inverted(came: Sequence[tuple[float, float, int]]) -> tuple[int, int]:
    """Of those who came one after the other: how many pairs of neighbours, and how many of these

    stand the other way around. Each is when somebody asked, when they were answered, their place.
    Whoever asked while another waited for their answer came together with them. For each person
    is looked at the last of those who had been answered before they asked.
    """
    answered = sorted(came, key=lambda one: one[1])
    highest, best = [], 0
    for _, _, place in answered:
        best = max(best, place)
        highest.append(best)
    compared = wrong = nth = 0
    for asked_at, _, place in sorted(came):
        while nth < len(answered) and answered[nth][1] < asked_at:
            nth += 1
        if nth > 0:
            compared += 1
            wrong += highest[nth - 1] > place
    return compared, wrong


def gain_sigmas(places: Sequence[int], people: int) -> float:
    """By how many standard deviations these stand nearer to the front than chance would have it."""
    mean = sum(places) / len(places)
    deviation = people / math.sqrt(12 * len(places))
    return ((people + 1) / 2 - mean) / deviation


def correlation(pairs: Sequence[tuple[int, int]]) -> float:
    """Of arrival and place (Pearson)."""
    count = len(pairs)
    mean_x, mean_y = sum(x for x, _ in pairs) / count, sum(y for _, y in pairs) / count
    together = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
    alone = sum((x - mean_x) ** 2 for x, _ in pairs) * sum((y - mean_y) ** 2 for _, y in pairs)
    return together / math.sqrt(alone)
