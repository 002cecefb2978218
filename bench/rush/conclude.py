"""What follows from all that was measured? Rates, ratios of medians, what speaks against them."""

from statistics import median

from bench.rush import bars, shapes
from bench.rush.bars import Values
from bench.rush.found import PEERS, Everything, name_of

PEER_LEAST = 0.5
"""Of what PostgreSQL does by itself with the peer's transaction: less would be a straw man."""

TALON = "talon"
COMMITS = "commits"


def conclude(every: Everything) -> Values:
    """What the last line says; also kept in `every`, with what speaks against it."""
    every.per_second = {name: every.spread(name) for name in (*every.runs, *every.pgbench)}
    every.unfit = _unfit(every)
    values = _rates(every) | _kept(every) | every.values
    values |= _ratios(values) | _to_statements(every, values)
    if every.audit is not None:
        values |= {name: getattr(every.audit, name) for name in ("oversold", "lost", "mismatched")}
    every.missed = bars.missed(values, every.chapters)
    every.result = values | {
        "profile": every.profile,
        "valid": not every.unfit and not every.disturbed and not every.failed,
        "disturbed": every.disturbed,
        "failed": every.failed,
        "missed": every.missed,
    }
    return every.result


def peer_of_pgbench(every: Everything) -> float | None:
    """What the peer makes of what PostgreSQL makes alone, in the hot slot and the same way."""
    peer = every.peer("hot")
    alone = None if peer is None else peer.replace("peer", "pgbench")
    if peer is None or alone not in every.pgbench:
        return None
    return every.rate(peer) / every.rate(alone)


def _rates(every: Everything) -> Values:
    """Medians a second: `answered`, and `settled`, until everybody had heard of the last."""
    values: Values = {}
    for shape in shapes.ALL:
        runs = every.runs.get(name_of(TALON, shape.name))
        name = shape.name.replace(" ", "_")
        if runs and shape is shapes.SOLD_OUT:
            values[f"{name}_refused"] = round(median(run.refused_per_second for run in runs))
        elif runs:
            values[f"{name}_answered"] = round(median(run.per_second for run in runs))
            values[f"{name}_settled"] = round(median(run.settled_per_second for run in runs))
        peer = every.peer(shape.name)
        if peer is not None:
            values[f"peer_{name}"] = round(every.rate(peer))
    if hot := every.runs.get(name_of(TALON, "hot")):
        values["p99_ms"] = round(median(run.p99_ms for run in hot), 1)
    if "echo" in every.runs:
        values["echo"] = round(every.rate("echo"))
    if COMMITS in every.pgbench:
        values["commits_per_second"] = round(every.rate(COMMITS))
    return values


def _kept(every: Everything) -> Values:
    if not every.kept:
        return {}
    rates = [step.run.per_second for step in every.kept if step.kept]
    return {"kept_per_second": round(max(rates, default=0.0))}


RATIOS = {
    "answered_hot_ratio": ("hot_answered", "peer_hot"),
    "answered_uniform_ratio": ("uniform_answered", "peer_uniform"),
    "answered_zipf_ratio": ("zipf_answered", "peer_zipf"),
    "settled_hot_ratio": ("hot_settled", "peer_hot"),
    "settled_uniform_ratio": ("uniform_settled", "peer_uniform"),
    "kept_hot_ratio": ("kept_per_second", "peer_hot"),
    "echo_ratio": ("hot_answered", "echo"),
    "commits_ratio": ("hot_answered", "commits_per_second"),
    "refusals_ratio": ("sold_out_refused", "hot_answered"),
    "pairs_ratio": ("pairs_answered", "uniform_answered"),
    "families_ratio": ("families_answered", "uniform_answered"),
}
"""What is divided by what. The peer is the faster one; it tells nobody, so it settles at once."""


def _ratios(values: Values) -> Values:
    return {
        name: round(values[above] / values[below], 3)
        for name, (above, below) in RATIOS.items()
        if above in values and values.get(below)
    }


def _to_statements(every: Everything, values: Values) -> Values:
    """The same beside the peer that makes its transaction in single statements."""
    said = {}
    for slots in ("hot", "uniform"):
        peer = name_of(PEERS[1], slots)
        if peer in every.runs and f"{slots}_answered" in values:
            ratio = values[f"{slots}_answered"] / every.rate(peer)
            said[f"answered_{slots}_ratio_statements"] = round(ratio, 3)
    return said


def _unfit(every: Everything) -> list[str]:
    """Why nothing may be concluded from it."""
    said = list(every.wrong)
    share = peer_of_pgbench(every)
    if share is not None and share < PEER_LEAST:
        said.append(f"the peer is no match: it makes {share:.0%} of what pgbench makes")
    of_talon = [run for name, runs in every.runs.items() if name.startswith(TALON) for run in runs]
    if any(run.caught_up_seconds is None for run in of_talon):
        said.append("projection and ledger did not catch up in time")
    return said
