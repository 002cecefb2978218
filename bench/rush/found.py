"""What was found, as numbers, and how is one run told in a line?"""

from collections.abc import Sequence
from statistics import median

import msgspec

from bench.rush.audit import Found
from bench.rush.kept import Step
from bench.rush.measure import OTHERS_MAX, Run
from bench.rush.sizes import Tuning
from bench.rush.where import Where

HOT_LEAST = 6.0
UNIFORM_LEAST = 3.0
KEPT_LEAST = 4.0
P99_MS_MAX = 150.0
PEER_LEAST = 0.5
"""Of what PostgreSQL does by itself with the peer's transaction: less would be a straw man."""


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


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What the last line says. A ratio without a name is to the faster of the two peers."""

    hot_ratio: float
    uniform_ratio: float
    echo_ratio: float
    """Talon's hot slot beside an echo that decides nothing."""

    sustained_hot_ratio: float
    bookings_per_second: float
    p99_ms: float
    oversold: int
    lost: int
    hot_ratio_statements: float
    uniform_ratio_statements: float
    sustained_hot_ratio_statements: float
    valid: bool
    """Whether anything may be concluded from it."""

    disturbed: bool
    """Whether others had so much of the machine that no rate is to be quoted."""


class Everything(msgspec.Struct, kw_only=True):
    """All numbers of one bench."""

    profile: str
    began: str = ""
    machine: str = ""
    result: Result | None = None
    unfit: list[str] = []
    missed: list[str] = []
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
    kept_rate: float = 0.0
    """The highest rate at which nobody fell further behind."""

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

    def peer(self, slots: str) -> str:
        """The faster of the two."""
        return max((name_of(peer, slots) for peer in PEERS), key=self.rate)


def conclude(every: Everything) -> Result:
    """The ratios, from medians; also kept in `every`, with what speaks against them."""
    assert every.audit is not None
    every.per_second = {name: every.spread(name) for name in (*every.runs, *every.pgbench)}
    every.kept_rate = max((step.run.per_second for step in every.kept if step.kept), default=0.0)
    every.unfit = _unfit(every)
    hot, uniform = every.rate("talon hot"), every.rate("talon uniform")
    peer, statements = every.rate(every.peer("hot")), every.rate("peer by statements hot")
    every.result = Result(
        hot_ratio=round(hot / peer, 2),
        uniform_ratio=round(uniform / every.rate(every.peer("uniform")), 2),
        echo_ratio=round(hot / every.rate("echo"), 3),
        sustained_hot_ratio=round(every.kept_rate / peer, 2),
        bookings_per_second=round(hot),
        p99_ms=round(median(run.p99_ms for run in every.runs["talon hot"]), 1),
        oversold=every.audit.oversold,
        lost=every.audit.lost,
        hot_ratio_statements=round(hot / statements, 2),
        uniform_ratio_statements=round(uniform / every.rate("peer by statements uniform"), 2),
        sustained_hot_ratio_statements=round(every.kept_rate / statements, 2),
        valid=not every.unfit and not every.disturbed,
        disturbed=every.disturbed,
    )
    every.missed = _missed(every.result)
    return every.result


def peer_of_pgbench(every: Everything) -> float:
    """What the peer makes of what PostgreSQL makes alone, in the hot slot and the same way."""
    peer = every.peer("hot")
    return every.rate(peer) / every.rate(peer.replace("peer", "pgbench"))


def _unfit(every: Everything) -> list[str]:
    """Why nothing may be concluded from it."""
    said = list(every.wrong)
    share = peer_of_pgbench(every)
    if share < PEER_LEAST:
        said.append(f"the peer is no match: it makes {share:.0%} of what pgbench makes")
    of_talon = [*every.runs["talon hot"], *every.runs["talon uniform"]]
    if any(run.caught_up_seconds is None for run in of_talon):
        said.append("projection and ledger did not catch up in time")
    return said


def _missed(result: Result) -> list[str]:
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
