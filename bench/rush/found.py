"""What was found, as numbers, and how is one run told in a line?"""

from statistics import median

import msgspec

from bench.rush.audit import Found
from bench.rush.kept import Step
from bench.rush.measure import Run
from bench.rush.where import Where

HOT_LEAST = 6.0
UNIFORM_LEAST = 3.0
KEPT_LEAST = 4.0
P99_MS_MAX = 150.0
PEER_LEAST = 0.5
"""Of what PostgreSQL does by itself with the peer's transaction: less would be a straw man."""


def name_of(side: str, slots: str) -> str:
    """How a kind of run is called."""
    return side if side == "echo" else f"{side} {slots}"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What the last line says."""

    hot_ratio: float
    uniform_ratio: float
    echo_ratio: float
    """Talon's hot slot beside an echo that decides nothing."""

    sustained_hot_ratio: float
    bookings_per_second: float
    p99_ms: float
    oversold: int
    lost: int
    hot_ratio_at_once: float
    """Beside the peer's transaction as one call of a function in PostgreSQL."""

    disturbed: bool
    """Whether others had so much of the machine that no number is to be quoted."""


class Everything(msgspec.Struct, kw_only=True):
    """All numbers of one bench."""

    profile: str
    began: str = ""
    machine: str = ""
    peer_sessions: dict[str, dict[int, float]] = {}
    connections: dict[int, tuple[float, float]] = {}
    knee: int = 0
    runs: dict[str, list[Run]] = {}
    pgbench: dict[str, list[float]] = {}
    kept: list[Step] = []
    where: dict[str, Where] = {}
    cold: dict[str, Run] = {}
    audit: Found | None = None
    wrong: list[str] = []
    result: Result | None = None

    def rate(self, name: str) -> float:
        """The median."""
        return median(run.per_second for run in self.runs[name])

    def spread(self, name: str) -> tuple[float, float]:
        """The lowest and the highest."""
        rates = [run.per_second for run in self.runs[name]]
        return min(rates), max(rates)

    @property
    def kept_rate(self) -> float:
        """The highest rate at which nobody fell further behind."""
        return max((step.run.per_second for step in self.kept if step.kept), default=0.0)


def result_of(every: Everything) -> Result:
    """The ratios, from medians."""
    assert every.audit is not None
    hot, peer = every.rate("talon hot"), every.rate("peer hot")
    return Result(
        hot_ratio=round(hot / peer, 2),
        uniform_ratio=round(every.rate("talon uniform") / every.rate("peer uniform"), 2),
        echo_ratio=round(hot / every.rate("echo"), 3),
        sustained_hot_ratio=round(every.kept_rate / peer, 2),
        bookings_per_second=round(hot),
        p99_ms=round(median(run.p99_ms for run in every.runs["talon hot"]), 1),
        oversold=every.audit.oversold,
        lost=every.audit.lost,
        hot_ratio_at_once=round(hot / every.rate("peer at once hot"), 2),
        disturbed=any(run.disturbed for runs in every.runs.values() for run in runs),
    )


def unfit(every: Everything) -> list[str]:
    """Why nothing may be concluded from it."""
    said = list(every.wrong)
    for name, rates in every.pgbench.items():
        peer, alone = every.rate(name.replace("pgbench", "peer")), median(rates)
        if peer < PEER_LEAST * alone:
            said.append(f"the peer is no match: {peer:,.0f}/s where pgbench makes {alone:,.0f}/s")
    of_talon = [*every.runs["talon hot"], *every.runs["talon uniform"]]
    if any(run.caught_up_seconds is None for run in of_talon):
        said.append("projection and ledger did not catch up in time")
    return said


def missed(result: Result) -> list[str]:
    """Which bars were not reached."""
    bars = {
        f"hot {result.hot_ratio}, not {HOT_LEAST:g} times the peer": result.hot_ratio >= HOT_LEAST,
        f"uniform {result.uniform_ratio}, not {UNIFORM_LEAST:g} times the peer": (
            result.uniform_ratio >= UNIFORM_LEAST
        ),
        f"kept {result.sustained_hot_ratio}, not {KEPT_LEAST:g} times the peer": (
            result.sustained_hot_ratio >= KEPT_LEAST
        ),
        f"p99 {result.p99_ms} ms, over {P99_MS_MAX:g} ms": result.p99_ms <= P99_MS_MAX,
    }
    return [words for words, reached in bars.items() if not reached]


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
    odd = {"undecided": run.undecided, "failed": run.failed, "broken": run.broken}
    said = "".join(f", {count:,} {what}" for what, count in odd.items() if count)
    others = f", DISTURBED: others had {run.others:.0%}" if run.disturbed else ""
    return (
        f"{name_of(run.side, run.slots)}: {run.per_second:,.0f}/s, p50 {run.p50_ms:.0f} ms,"
        f" p99 {run.p99_ms:.0f} ms{said}{more}{others}; CPU {sum(run.cpu_us.values()):.0f} us"
        f" each ({spent}), {run.idle:.0%} idle"
    )
