"""What does a person see while the rush goes on, and what at its end?"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table

from talon.quantiles import quantile
from talon.reads.tally import ReadsSummary
from talon.rush.score import Score, Summary

FRAME_SECONDS = 0.5
LINE_SECONDS = 3.0
"""Without a terminal a line now and then is enough."""

REASONS_SHOWN = 5
LATEST = 2_000
"""Over how many answers the live p50 and p99 are taken."""


@asynccontextmanager
async def watching(out: Console, score: Score) -> AsyncIterator[None]:
    """Show how it goes while the block runs."""
    watch = _draw if out.is_terminal else _tell
    watcher = asyncio.create_task(watch(out, score))
    try:
        yield
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)


async def _draw(out: Console, score: Score) -> None:
    with Live(_table(score), console=out, auto_refresh=False, transient=True) as live:
        while True:
            await asyncio.sleep(FRAME_SECONDS)
            live.update(_table(score), refresh=True)


async def _tell(out: Console, score: Score) -> None:
    while True:
        await asyncio.sleep(LINE_SECONDS)
        facts = _facts(score)
        line = " | ".join(f"{name} {value}" for name, value in facts.items())
        out.print(f"  {line}", soft_wrap=True)


def _table(score: Score) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2))
    for name, value in _facts(score).items():
        table.add_row(name, value)
    return table


def _facts(score: Score) -> dict[str, str]:
    latest = sorted(score.post_seconds[-LATEST:])
    p50, p99 = (quantile(latest, share) * 1000 for share in (0.50, 0.99))
    facts = {
        "after": f"{time.monotonic() - score.began:.0f} s",
        "came": f"{score.arrivals:,}",
        "bookings/s": f"{score.bookings_per_second():.0f}",
        "booked": f"{score.bookings:,}",
        "p50/p99": f"{p50:.0f}/{p99:.0f} ms",
        "places left": f"{score.places_left:,}",
        "refused": _counted(score.refused),
    }
    if score.unsure:
        facts["unsure"] = _counted(score.unsure)
    return facts


def _counted(counts: Counter[str]) -> str:
    shown = [f"{name} {count:,}" for name, count in counts.most_common(REASONS_SHOWN)]
    return ", ".join(shown) or "0"


def summary_table(summary: Summary) -> Table:
    """The rush in numbers, a fact a line."""
    table = Table(title="The rush", title_justify="left", show_header=False)
    rows = {
        "people who came": f"{summary.arrivals:,} in {summary.seconds:.0f} s",
        "bookings": f"{summary.bookings:,}, {summary.bookings_per_second:.0f} a second",
        "POST /bookings, p50 / p99 / max": (
            f"{summary.p50_ms:.0f} / {summary.p99_ms:.0f} / {summary.max_ms:.0f} ms"
        ),
        "longest time without a booking": f"{summary.gap_seconds:.1f} s",
        "granted": _said(summary.done),
        "refused": _said(summary.refused),
        "asked again or looked up": _said(summary.unsure),
        "places left": f"{summary.places_left:,} of {summary.places:,}",
        "answers written down": f"{summary.answers:,}, and {summary.looks:,} looks elsewhere",
        "the client itself was late by at most": f"{summary.lag_ms:.0f} ms",
    }
    if summary.pages.reads:
        rows |= _pages(summary.pages)
    if summary.missed:
        rows["people the client could not let in"] = f"{summary.missed:,}"
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _pages(pages: ReadsSummary) -> dict[str, str]:
    rows = {
        "pages read": f"{pages.reads:,}, {pages.per_second_max:,} in the busiest second",
        "answered with": _said(pages.statuses),
        "page, p50 / p99": f"{pages.p50_ms:.0f} / {pages.p99_ms:.0f} ms",
        "how old a page was, p99 / at most": (
            f"{pages.age_p99_seconds:.2f} / {pages.age_max_seconds:.2f} s"
        ),
    }
    if pages.unread:
        rows["pages the client did not get round to"] = f"{pages.unread:,}"
    return rows


def _said(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "0"
