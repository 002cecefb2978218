"""Checks everything that was found against the journal of what was answered."""

import argparse

import uvloop
from rich.console import Console

from deploy.local.stack import Stack
from talon.audit import accesses, load, quiet, report
from talon.audit.rules import check_all
from talon.audit.witness import Witness, testify
from talon.city import home
from talon.city.home import City
from talon.mistakes import MistakeError
from talon.progress import console
from talon.rush import journal

QUIET_SECONDS = 120.0


def add_options(words: argparse.ArgumentParser) -> None:
    """How long it waits until all is at rest."""
    words.add_argument("--quiet-seconds", type=float, default=QUIET_SECONDS)


def run(stack: Stack, options: argparse.Namespace) -> int:
    """0 when every promise is kept, 1 when one is broken."""
    city = home.load(stack)
    return uvloop.run(_audit(stack, city, options.quiet_seconds, console()))


async def _audit(stack: Stack, city: City, quiet_seconds: float, out: Console) -> int:
    witness = _witness(stack)
    async with load.auditor(stack) as connection:
        with out.status("waits until all is at rest") as status:
            unrest = await quiet.wait(
                connection,
                seconds=quiet_seconds,
                tell=lambda said: status.update(f"waits for {said or 'a second look'}"),
            )
        world = await load.world(connection, stack, city)
        noted = await accesses.look(connection, stack)
    findings = [*check_all(witness, world), accesses.finding(noted)]
    report.show(out, witness, world, findings)
    for whole in noted:
        out.print(accesses.said(whole), highlight=False)
    out.print(report.verdict(findings, unrest))
    return 1 if unrest or any(finding.broken for finding in findings) else 0


def _witness(stack: Stack) -> Witness:
    paths = journal.journals_in(stack.home)
    if not paths:
        raise MistakeError(
            f"stack {stack.name} has no journal; run: python -m talon rush --stack {stack.name}"
        )
    return testify(line for path in paths for line in journal.read(path))
