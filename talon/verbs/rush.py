"""Plays the morning when everyone comes at once, and writes down every answer."""

import argparse

import msgspec
import uvloop
from rich.console import Console

from deploy.local.stack import Stack
from talon.city import home
from talon.city.home import City
from talon.doors import open_doors
from talon.mistakes import MistakeError
from talon.progress import console
from talon.reads.crowd import reading
from talon.rush import choice
from talon.rush.arrivals import Morning
from talon.rush.asking import Asker
from talon.rush.choice import Chooser
from talon.rush.journal import Journal, folder_in, journals_in, new_journal, read
from talon.rush.play import play
from talon.rush.score import Score, Summary, summarize
from talon.rush.screen import summary_table, watching
from talon.rush.visitor import Town

RATE = 200.0
"""People a second at the peak: what 2 cores that also run the whole stack answer without falling
behind."""

SECONDS = 30.0


def add_options(words: argparse.ArgumentParser) -> None:
    """How many come, for how long, and how unevenly."""
    words.add_argument("--rate", type=float, default=RATE, help="people a second, at the peak")
    words.add_argument("--seconds", type=float, default=SECONDS)
    words.add_argument("--rise", type=float, default=1.0, help="the peak, in times of the start")
    words.add_argument("--reads", type=int, default=0, help="pages read for each booking")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--skew", type=float, default=choice.SKEW, help="Zipf's exponent")


def run(stack: Stack, options: argparse.Namespace) -> int:
    """Play it; the journal is what the audit goes by."""
    if options.rate <= 0 or options.seconds <= 0 or options.rise < 1 or options.reads < 0:
        raise MistakeError(
            "--rate and --seconds are above 0, --rise is 1 or more, --reads 0 or more"
        )
    out = console()
    city = home.load(stack)
    summary = uvloop.run(_rush(stack, city, options, out))
    folder = folder_in(stack.home)
    (folder / "summary.json").write_bytes(msgspec.json.encode(summary))
    out.print(summary_table(summary))
    return 0


async def _rush(stack: Stack, city: City, options: argparse.Namespace, out: Console) -> Summary:
    path = new_journal(stack.home)
    morning = Morning(peak=options.rate, rise=options.rise, seconds=options.seconds)
    out.print(
        f"rush: {morning.rate(0):.0f} people a second at first, {morning.peak:.0f} at the peak, for"
        f" {morning.seconds:.0f} s, in {path}"
    )
    earlier = [line for older in journals_in(stack.home) for line in read(older)]
    score = Score(city.plan.places, earlier)
    journal = Journal(path)
    try:
        async with (
            open_doors(stack) as doors,
            watching(out, score),
            reading(stack, per_booking=options.reads, bookings=lambda: score.bookings) as readers,
        ):
            town = Town(
                doors=doors,
                asker=Asker(doors, journal, score.note),
                chooser=Chooser(city.plan, options.skew),
                campaign_id=city.plan.campaign.id,
                score=score,
            )
            name = f"{path.stem}-{options.seed}"
            await play(city, town, morning, name=name)
    finally:
        journal.close()
    return summarize(score, morning, readers.summary)
