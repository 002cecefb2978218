"""Which bars are there, and which are missed?"""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

Values = dict[str, Any]
"""What RESULT says: numbers, mostly, by name."""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One number of RESULT that has to be so much at least, or at most, and who measures it."""

    key: str
    chapter: str
    least: float | None = None
    most: float | None = None

    @property
    def wanted(self) -> str:
        """In words."""
        return f"at least {self.least:g}" if self.least is not None else f"at most {self.most:g}"

    def reached(self, measured: Any) -> bool:
        """What was not measured reaches nothing."""
        if measured is None:
            return False
        if self.least is not None:
            return bool(measured >= self.least)
        return bool(abs(measured) <= (self.most or 0.0))


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A bar that was not reached; `measured` is null where its chapter failed."""

    bar: str
    wanted: str
    measured: float | None


BARS = (
    Bar(key="answered_hot_ratio", chapter="peers", least=10),
    Bar(key="answered_uniform_ratio", chapter="peers", least=5),
    Bar(key="echo_ratio", chapter="peers", least=0.5),
    Bar(key="settled_hot_ratio", chapter="peers", least=6),
    Bar(key="settled_uniform_ratio", chapter="peers", least=3),
    Bar(key="half_load_p99_ms", chapter="half", most=40),
    Bar(key="refusals_ratio", chapter="refusals", least=1.5),
    Bar(key="pairs_ratio", chapter="pairs", least=0.6),
    Bar(key="edge_reads_alone", chapter="edge", least=30_000),
    Bar(key="edge_reads_beside", chapter="edge", least=15_000),
    Bar(key="handed_over_p99_seconds", chapter="handed", most=2),
    Bar(key="overload_goodput_5x", chapter="overload", least=0.95),
    Bar(key="overload_goodput_10x", chapter="overload", least=0.9),
    Bar(key="overload_admitted_p99_seconds", chapter="overload", most=2),
    Bar(key="overload_refused_p99_ms", chapter="overload", most=100),
    Bar(key="overload_back_seconds", chapter="overload", most=10),
    Bar(key="waiting_draw_people", chapter="waiting", least=100_000),
    Bar(key="waiting_joins_per_second", chapter="waiting", least=5_000),
    Bar(key="waiting_correlation", chapter="waiting", most=0.03),
    Bar(key="waiting_inversions", chapter="waiting", most=0.001),
    Bar(key="waiting_bots_more_places", chapter="waiting", most=0),
    Bar(key="waiting_bots_gain_sigmas", chapter="waiting", most=3),
    Bar(key="waiting_admissions_off", chapter="waiting", most=0.1),
    Bar(key="places_cpu_ratio", chapter="places", most=1.2),
)
"""What is promised of a quiet machine; the audit's numbers and `valid` speak for themselves."""


def missed(values: Mapping[str, Any], played: Collection[str]) -> list[Missed]:
    """The bars of the chapters that were to be played."""
    return [
        Missed(bar=bar.key, wanted=bar.wanted, measured=values.get(bar.key))
        for bar in BARS
        if bar.chapter in played and not bar.reached(values.get(bar.key))
    ]
