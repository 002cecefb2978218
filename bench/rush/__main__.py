"""How is it run? `make bench`, or `python -m bench.rush --quick` to see that it works.

On a stack of its own, from nothing to nothing (KEEP=1 leaves it up). The last line is
`RESULT {json}`; all numbers are in bench/results/. It ends with 1 where the audit finds something,
the peer is no match for pgbench, or a bar is missed; only the full run is held to the bars.
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

from bench.rush.found import Everything, conclude
from bench.rush.rounds import bench
from bench.rush.sizes import FULL, QUICK, SHORT, Sizes
from bench.rush.told import tell
from bench.stage import played
from deploy.local.settings import CHECKOUT
from deploy.local.stack import Stack, named
from talon.progress import console

RESULTS = CHECKOUT / "bench" / "results"


def main() -> int:
    """Everything; the exit code is the verdict."""
    words = argparse.ArgumentParser(prog="python -m bench.rush", description=__doc__)
    words.add_argument("--stack", default="bench")
    sizes_of = words.add_mutually_exclusive_group()
    sizes_of.add_argument(
        "--quick",
        dest="sizes",
        action="store_const",
        const=QUICK,
        help="one round, nothing to quote",
    )
    sizes_of.add_argument(
        "--short", dest="sizes", action="store_const", const=SHORT, help="three rounds of 8 s"
    )
    words.set_defaults(sizes=FULL)
    options = words.parse_args()
    stack, sizes, out = named(options.stack), options.sizes, console()
    return played("bench", stack, lambda: _verdict(_measured(stack, sizes, out), sizes, out))


def _measured(stack: Stack, sizes: Sizes, out: Console) -> Everything:
    began = datetime.now(UTC)
    every = uvloop.run(bench(stack, sizes, out))
    every.began = began.isoformat(timespec="seconds")
    every.machine = f"{os.cpu_count()} x {_processor()}, Python {platform.python_version()}"
    conclude(every)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"rush-{sizes.name}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(every), indent=1))
    return every


def _verdict(every: Everything, sizes: Sizes, out: Console) -> int:
    assert every.result is not None
    tell(every, out)
    for words in (*every.unfit, *every.missed):
        out.print(f"  not so: {words}", soft_wrap=True)
    print(f"RESULT {msgspec.json.encode(every.result).decode()}", flush=True)
    return 1 if every.unfit or (every.missed and sizes is FULL) else 0


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
