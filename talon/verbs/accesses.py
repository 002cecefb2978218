"""Checks that nothing of who looked at whose data was changed, moved, taken out or cut off."""

import argparse
from pathlib import Path

import uvloop
from rich.console import Console

from deploy.local.stack import Stack
from talon.audit import accesses, load
from talon.progress import console


def add_options(words: argparse.ArgumentParser) -> None:
    """What is to be done with it."""
    words.add_argument("act", choices=("verify",))
    words.add_argument("--logs", type=Path, help="a folder of the services' logs; the stack's own")


def run(stack: Stack, options: argparse.Namespace) -> int:
    """0 when every access log is whole, 1 when one is not."""
    return uvloop.run(_verify(stack, options.logs, console()))


async def _verify(stack: Stack, logs: Path | None, out: Console) -> int:
    async with load.auditor(stack) as connection:
        found = await accesses.look(connection, stack, logs)
    for whole in found:
        out.print(accesses.said(whole), highlight=False, soft_wrap=True)
        for flaw in whole.flaws:
            out.print(f"  {accesses.named(whole.service, flaw)}", soft_wrap=True)
    return 1 if any(whole.flaws for whole in found) else 0
