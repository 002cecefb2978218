"""Holds the system to what its clients were told: nothing lost, oversold, made up or told twice."""

import argparse
import asyncio
from collections import Counter

from rich.console import Console
from rich.table import Table

from deploy.local.stack import Stack
from talon.audit.facts import Facts, gather
from talon.audit.rules import KINDS, Broken, check
from talon.audit.witness import Testimony, testify
from talon.progress import console
from talon.rush import journal

QUIET_SECONDS = 90.0
LISTED_MAX = 10


def add_options(words: argparse.ArgumentParser) -> None:
    """How long it may take until all is quiet."""
    words.add_argument("--quiet-seconds", type=float, default=QUIET_SECONDS)


def run(stack: Stack, options: argparse.Namespace) -> int:
    """0 clean, 1 a promise was broken."""
    lines = [line for path in journal.journals_in(stack.home) for line in journal.read(path)]
    testimony = testify(lines)
    facts = asyncio.run(gather(stack, options.quiet_seconds))
    broken = check(testimony, facts)
    _show(console(), testimony, facts, broken)
    return 1 if broken else 0


def _show(out: Console, testimony: Testimony, facts: Facts, broken: list[Broken]) -> None:
    kinds = Counter(found.kind for found in broken)
    table = Table(title="audit", show_header=False)
    promises = testimony.promises.values()
    table.add_row("bookings promised", f"{len(testimony.promises):,}")
    table.add_row("of them moved", f"{sum(1 for p in promises if p.moves):,}")
    table.add_row("of them cancelled", f"{sum(1 for p in promises if p.cancelled):,}")
    table.add_row("definite refusals", f"{testimony.refusals:,}")
    table.add_row("owners without a definite answer", f"{len(testimony.unsure_owners):,}")
    table.add_row("slots counted anew", f"{len(facts.slots):,}")
    table.add_row("mails at the sink", f"{len(facts.mails):,}")
    table.add_row("messages unknown", f"{len(facts.unknown):,}")
    for kind in KINDS:
        table.add_row(kind, str(kinds[kind]))
    out.print(table)
    for booking_id, event in facts.unknown[:LISTED_MAX]:
        out.print(f"  unknown: {event} of {booking_id}")
    for found in broken[:LISTED_MAX]:
        out.print(f"  {found.kind} in {found.where}: {found.about}: {found.what}")
    out.print("audit: clean" if not broken else f"audit: {len(broken)} broken promises")
