"""How is it run? `make bench`, or `python -m bench.rush --quick` to see that it works.

On a stack of its own, from nothing to nothing (KEEP=1 leaves it up). The last line is
`RESULT {json}`, also where it was stopped; all numbers are in bench/results/. It ends with 1 where
the audit finds something, a chapter fails, the peer is no match for pgbench, or a bar is missed;
only the full run is held to the bars.
"""

import argparse
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import uvloop
from rich.console import Console

from bench.rush import chapters
from bench.rush.chapters import Book
from bench.rush.conclude import conclude
from bench.rush.found import Everything
from bench.rush.sizes import FULL, QUICK, SHORT, Sizes
from bench.rush.told import tell
from bench.stage import played
from deploy.local.settings import CHECKOUT
from deploy.local.stack import Stack, named
from talon.mistakes import MistakeError
from talon.progress import console

RESULTS = CHECKOUT / "bench" / "results"


ROOM = {"TALON_EDGE_ADDRESS_WISHES_PER_SECOND_MAX": "20000"}
"""Everybody here comes from one address, which the edge's limit of one is not meant for."""


def main() -> int:
    """Everything; the exit code is the verdict."""
    words = argparse.ArgumentParser(prog="python -m bench.rush", description=__doc__)
    words.add_argument("--stack", default="bench")
    words.add_argument(
        "--only", default="", help=f"these chapters of: {', '.join(chapters.ALL)}", metavar="a,b"
    )
    sizes_of = words.add_mutually_exclusive_group()
    for sizes, help_of_it in (
        (FULL, "what is quoted; the usual"),
        (SHORT, "all of it in a quarter of an hour on a quiet machine"),
        (QUICK, "all of it in minutes, nothing to quote"),
    ):
        sizes_of.add_argument(
            f"--{sizes.name}", dest="sizes", action="store_const", const=sizes, help=help_of_it
        )
    words.set_defaults(sizes=FULL)
    options = words.parse_args()
    try:
        chosen = chapters.chosen(options.only)
    except MistakeError as reason:
        words.error(str(reason))
    for name, value in ROOM.items():
        os.environ.setdefault(name, value)
    stack, sizes, out = named(options.stack), options.sizes, console()
    every = Everything(profile=sizes.name, patients=sizes.patients, chapters=list(chosen))
    return played(
        "bench",
        stack,
        lambda: _verdict(_measured(stack, sizes, every, out), sizes, out),
        up=any(name not in chapters.APART for name in chosen),
    )


def _measured(stack: Stack, sizes: Sizes, every: Everything, out: Console) -> Everything:
    began = datetime.now(UTC)
    try:
        uvloop.run(Book(stack, sizes, every, out).play())
    except KeyboardInterrupt:
        every.failed["all that was to come"] = "stopped"
    every.began = began.isoformat(timespec="seconds")
    every.machine = f"{os.cpu_count()} x {_processor()}, Python {platform.python_version()}"
    conclude(every)
    RESULTS.mkdir(exist_ok=True)
    whole = len(every.chapters) == len(chapters.ALL)
    path = RESULTS / f"rush-{sizes.name}{'' if whole else '.part'}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(every), indent=1))
    return every


def _verdict(every: Everything, sizes: Sizes, out: Console) -> int:
    tell(every, out)
    print(f"RESULT {msgspec.json.encode(every.result).decode()}", flush=True)
    missed = every.missed and sizes is FULL
    return 1 if every.unfit or every.failed or missed else 0


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
