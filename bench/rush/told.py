"""How is a whole bench told, to whoever reads it?"""

from statistics import median

from rich.console import Console
from rich.table import Table

from bench.rush.bars import BARS
from bench.rush.conclude import peer_of_pgbench
from bench.rush.found import Everything, Spread

WORTH_A_COLUMN_US = 5.0


def tell(every: Everything, out: Console) -> None:
    """The tables."""
    out.rule("what was found", align="left")
    if every.runs:
        out.print(_rates(every))
        out.print(_spent(every))
    for service, where in every.where.items():
        top = ", ".join(f"{name} {share:.1%}" for name, share in list(where.functions.items())[:8])
        out.print(f"  {service}, {where.looks} looks: {top}", soft_wrap=True)
    share = peer_of_pgbench(every)
    if share is not None:
        out.print(f"  the peer makes {share:.0%} of what pgbench makes")
    out.print(_bars(every))
    for chapter, why in every.failed.items():
        out.print(f"  {chapter} failed: {why}", soft_wrap=True)
    for words in every.unfit:
        out.print(f"  not so: {words}", soft_wrap=True)


def _bars(every: Everything) -> Table:
    """Those of the chapters that were to be played."""
    table = Table("bar", "wanted", "measured", "")
    for bar in BARS:
        if bar.chapter in every.chapters:
            measured = every.result.get(bar.key)
            said = "" if bar.reached(measured) else "missed"
            table.add_row(bar.key, bar.wanted, "" if measured is None else f"{measured:,}", said)
    return table


def _rates(every: Everything) -> Table:
    table = Table("bookings a second", "median", "from", "to", "p50 ms", "p99 ms", "caught up s")
    for name, runs in every.runs.items():
        spread = every.spread(name)
        late = [run.caught_up_seconds for run in runs if run.caught_up_seconds is not None]
        table.add_row(
            name,
            *_shown(spread),
            f"{median(run.p50_ms for run in runs):.1f}",
            f"{median(run.p99_ms for run in runs):.1f}",
            f"{max(late):.1f}" if late else "",
        )
    for name in every.pgbench:
        table.add_row(name, *_shown(every.spread(name)), "", "", "")
    return table


def _shown(spread: Spread) -> tuple[str, str, str]:
    return f"{spread.median:,.0f}", f"{spread.least:,.0f}", f"{spread.most:,.0f}"


def _spent(every: Everything) -> Table:
    """CPU by process: medians of the rounds."""
    most: dict[str, float] = {}
    for run in (run for runs in every.runs.values() for run in runs):
        for part, us in run.cpu_us.items():
            most[part] = max(us, most.get(part, 0.0))
    names = sorted(part for part, us in most.items() if us >= WORTH_A_COLUMN_US)
    table = Table("CPU us a booking", "all", *names)
    for name, runs in every.runs.items():
        _add(table, name, names, [run.cpu_us for run in runs])
        settled = [run.cpu_us_settled for run in runs if run.cpu_us_settled]
        if settled:
            _add(table, f"{name}, caught up", names, settled)
    return table


def _add(table: Table, name: str, names: list[str], spent: list[dict[str, float]]) -> None:
    parts = {part: median(one.get(part, 0.0) for one in spent) for part in names}
    table.add_row(
        name,
        f"{median(sum(one.values()) for one in spent):.0f}",
        *(f"{parts[part]:.0f}" if parts[part] >= 0.5 else "" for part in names),
    )
