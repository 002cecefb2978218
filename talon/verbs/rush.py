"""Plays a morning: people come when they come, and every answer they get is written down."""

import argparse
import asyncio

import msgspec
import uvloop
from rich.console import Console
from rich.live import Live
from rich.table import Table

from deploy.local.stack import Stack
from talon.city import home
from talon.doors import open_doors
from talon.progress import console
from talon.rush import journal
from talon.rush.asking import Asker
from talon.rush.choice import Chooser
from talon.rush.journal import Journal
from talon.rush.play import play
from talon.rush.score import Score, quantile, summarize
from talon.rush.visitor import Town

RATE = 200.0
"""People per second; each makes one to five requests."""

SECONDS = 30.0
SHOWN_SECONDS_TERMINAL = 0.5
SHOWN_SECONDS_PLAIN = 5.0


def add_options(words: argparse.ArgumentParser) -> None:
    """How many come, and for how long."""
    words.add_argument("--rate", type=float, default=RATE, help="people per second")
    words.add_argument("--seconds", type=float, default=SECONDS)


def run(stack: Stack, options: argparse.Namespace) -> int:
    """0 when everyone was let in; what they were answered is the audit's business."""
    uvloop.run(_rush(stack, options.rate, options.seconds))
    return 0


async def _rush(stack: Stack, rate: float, seconds: float) -> None:
    city, out = home.load(stack), console()
    path = journal.new_journal(stack.home)
    score, writer = Score(city.plan.places), Journal(path)
    async with open_doors(stack) as doors:
        town = Town(
            doors=doors,
            asker=Asker(doors, writer, score.note),
            chooser=Chooser(city.plan),
            campaign_id=city.plan.campaign.id,
            score=score,
        )
        showing = asyncio.create_task(_show(out, score))
        try:
            await play(city, town, name=path.stem, rate=rate, seconds=seconds)
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
            writer.close()
    summary = summarize(score, seconds=seconds, rate=rate)
    path.with_suffix(".json").write_bytes(msgspec.json.encode(summary))
    table = Table(title="rush", show_header=False)
    for name, value in msgspec.structs.asdict(summary).items():
        table.add_row(name.replace("_", " "), str(value))
    out.print(table)


async def _show(out: Console, score: Score) -> None:
    """How it goes, live on a terminal, a line now and then elsewhere."""
    if not out.is_terminal:
        while True:
            await asyncio.sleep(SHOWN_SECONDS_PLAIN)
            out.print(f"  {_line(score)}")
    with Live(console=out, auto_refresh=False) as live:
        while True:
            await asyncio.sleep(SHOWN_SECONDS_TERMINAL)
            live.update(_line(score), refresh=True)


def _line(score: Score) -> str:
    posts = sorted(score.post_seconds)
    refused = ", ".join(f"{code} {count:,}" for code, count in score.refused.most_common(3))
    return (
        f"{score.bookings_per_second():.0f} bookings/s, {score.bookings:,} booked, "
        f"p50 {quantile(posts, 0.5) * 1000:.0f} ms, p99 {quantile(posts, 0.99) * 1000:.0f} ms, "
        f"{score.places_left:,} places left; refused: {refused or 'nobody'}"
    )
