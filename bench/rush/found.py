"""What was found, as numbers, and how is one run told in a line?"""

from collections.abc import Sequence
from statistics import median
from typing import Any

import msgspec

from bench.rush.audit import Found
from bench.rush.bars import Missed, Values
from bench.rush.kept import Step
from bench.rush.measure import OTHERS_MAX, Run
from bench.rush.sizes import Tuning
from bench.rush.where import Where

PEERS = ("peer", "peer by statements")
"""The peer's two ways to make its transaction. Whichever is faster is what Talon is measured by."""


def name_of(side: str, slots: str) -> str:
    """How a kind of run is called."""
    return side if side == "echo" else f"{side} {slots}"


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One way to run the peer, or pgbench, and what came of it."""

    tuning: Tuning
    per_second: int


def best(tried: Sequence[Tried]) -> Tried:
    """The fastest."""
    return max(tried, key=lambda one: one.per_second)


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """One number of several rounds."""

    median: float
    least: float
    most: float


class Everything(msgspec.Struct, kw_only=True):
    """All numbers of one bench."""

    profile: str
    began: str = ""
    machine: str = ""
    result: Values = {}
    chapters: list[str] = []
    """Those that were to be played."""

    failed: dict[str, str] = {}
    """Those that could not be played to their end, and why."""

    chapter_seconds: dict[str, float] = {}
    values: Values = {}
    """What the chapters beside the rounds found, by their names in RESULT."""

    details: dict[str, Any] = {}
    """The same with what belongs to it, by chapter."""

    unfit: list[str] = []
    missed: list[Missed] = []
    per_second: dict[str, Spread] = {}
    patients: int = 0
    peer_tried: dict[str, list[Tried]] = {}
    connections: dict[int, tuple[float, float]] = {}
    """What was answered a second, and the 99th percentile in milliseconds."""

    knee: int = 0
    runs: dict[str, list[Run]] = {}
    pgbench: dict[str, list[float]] = {}
    pgbench_others: dict[str, list[float]] = {}
    """The share of the machine that others had beside pgbench, which would flatter the peer."""

    kept: list[Step] = []
    where: dict[str, Where] = {}
    cold: dict[str, Run] = {}
    audit: Found | None = None
    peer_audited: int = 0
    """So many runs of the peer had their bookings counted."""

    wrong: list[str] = []

    def rate(self, name: str) -> float:
        """The median."""
        return self.spread(name).median

    def spread(self, name: str) -> Spread:
        """Of all rounds."""
        rates = self.pgbench.get(name) or [run.per_second for run in self.runs[name]]
        return Spread(
            median=round(median(rates), 1), least=round(min(rates), 1), most=round(max(rates), 1)
        )

    @property
    def disturbed(self) -> bool:
        """Whether others had so much of the machine that no rate is to be quoted."""
        beside_pgbench = [others for rounds in self.pgbench_others.values() for others in rounds]
        return any(run.disturbed for runs in self.runs.values() for run in runs) or any(
            others > OTHERS_MAX for others in beside_pgbench
        )

    def peer(self, slots: str) -> str | None:
        """The faster of the two; None where neither was asked."""
        names = [name for peer in PEERS if (name := name_of(peer, slots)) in self.runs]
        return max(names, key=self.rate) if names else None


def line_of(run: Run) -> str:
    """One run on one line."""
    spent = ", ".join(
        f"{name} {us:.0f}"
        for name, us in sorted(run.cpu_us.items(), key=lambda item: -item[1])
        if us >= 1
    )
    more = (
        "" if run.caught_up_seconds is None else f", caught up {run.caught_up_seconds:.1f} s later"
    )
    failed = max(0, run.failed - run.refused)
    odd = {"undecided": run.undecided, "failed": failed, "broken": run.broken}
    rate = f"{run.per_second:,.0f}/s" if run.booked else f"{run.refused_per_second:,.0f} refused/s"
    said = "".join(f", {count:,} {what}" for what, count in odd.items() if count)
    others = f", DISTURBED: others had {run.others:.0%}" if run.disturbed else ""
    return (
        f"{name_of(run.side, run.slots)}: {rate}, p50 {run.p50_ms:.0f} ms,"
        f" p99 {run.p99_ms:.0f} ms{said}{more}{others}; CPU {sum(run.cpu_us.values()):.0f} us"
        f" each ({spent}), {run.idle:.0%} idle"
    )
