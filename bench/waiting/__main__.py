"""How is it run? `make waiting`, or `python -m bench.waiting --short` to see that it works.

On a stack of its own with a front desk and what that needs, from nothing to nothing (KEEP=1 leaves
it up). The last line is `RESULT {json}`; it ends with 1 where the full run misses a bar.
"""

import argparse
import os
import signal
import sys

import msgspec
import uvloop

import deploy.local.__main__ as local
from bench.waiting.found import missed
from bench.waiting.morning import FULL, SHORT, measure
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
    options = words.parse_args()
    stack, out = named(options.stack), console()
    # A shell that starts it in the background has it ignore Ctrl-C, on which every ending relies.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for words_of in (["reset"], ["up", "--only", PARTS]):
            if local.main([*words_of, "--stack", stack.name]) != 0:
                raise MistakeError(f"the stack did not do what it was asked: {words_of[0]}")
        sizes = SHORT if options.short else FULL
        result = uvloop.run(measure(stack, sizes, out, _roots(stack)))
    except MistakeError as reason:
        print(f"bench waiting: {reason}", file=sys.stderr)
        return 2
    finally:
        if not os.environ.get("KEEP"):
            local.main(["reset", "--stack", stack.name])
    wrong = missed(result)
    for bar in wrong:
        out.print(f"  not so: {bar}", soft_wrap=True)
    print(f"RESULT {msgspec.json.encode(result).decode()}", flush=True)
    return 1 if wrong and sizes is FULL else 0


def _roots(stack: Stack) -> dict[str, int]:
    """The processes of its parts."""
    live = state.read_live(stack.home)
    if live is None:
        raise MistakeError(f"stack {stack.name} is not up")
    return {part.name: part.process.pid for part in live.parts if part.process}


if __name__ == "__main__":
    sys.exit(main())
