"""How is it run? `make waiting`, or `python -m bench.waiting --short` to see that it works.

On a stack of its own with a front desk and what that needs, from nothing to nothing (KEEP=1 leaves
it up). The last line is `RESULT {json}`; it ends with 1 where the full run misses a bar.
"""

import argparse
import sys

import msgspec
import uvloop

from bench.stage import played
from bench.waiting.found import missed
from bench.waiting.morning import FULL, SHORT, Sizes, measure
from deploy.local import state
from deploy.local.stack import Stack, named
from talon.mistakes import MistakeError
from talon.progress import console

PARTS = "postgres,kafka,booking"


def main() -> int:
    """One morning; the exit code is the verdict."""
    words = argparse.ArgumentParser(prog="python -m bench.waiting", description=__doc__)
    words.add_argument("--stack", default="bench")
    words.add_argument("--short", action="store_true", help="a small morning, nothing to quote")
    words.add_argument("--people", type=int, default=FULL.people, help="how many come early")
    options = words.parse_args()
    stack, sizes = named(options.stack), SHORT if options.short else _of(options.people)
    return played("bench waiting", stack, lambda: _verdict(stack, sizes), only=PARTS)


def _of(people: int) -> Sizes:
    """The full morning with so many people, of whom as large a share comes late."""
    late = FULL.late * people // FULL.people
    return msgspec.structs.replace(FULL, people=people, late=late)


def _verdict(stack: Stack, sizes: Sizes) -> int:
    out = console()
    result = uvloop.run(measure(stack, sizes, out, _roots(stack)))
    wrong = missed(result)
    for bar in wrong:
        out.print(f"  not so: {bar}", soft_wrap=True)
    print(f"RESULT {msgspec.json.encode(result).decode()}", flush=True)
    return 1 if wrong and sizes == FULL else 0


def _roots(stack: Stack) -> dict[str, int]:
    """The processes of its parts."""
    live = state.read_live(stack.home)
    if live is None:
        raise MistakeError(f"stack {stack.name} is not up")
    return {part.name: part.process.pid for part in live.parts if part.process}


if __name__ == "__main__":
    sys.exit(main())
