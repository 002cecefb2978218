"""Where is a bench played? On a stack of its own, from nothing to nothing."""

import os
import signal
import sys
from collections.abc import Callable

import deploy.local.__main__ as local
from deploy.local.stack import Stack
from talon.mistakes import MistakeError

MISTAKEN = 2
STOPPED = 130


def played(name: str, stack: Stack, bench: Callable[[], int], *, only: str = "") -> int:
    """The bench's own verdict, on a stack that comes up for it (`only` these parts) and goes again.

    2 with a sentence where it could not be played, 130 where somebody stopped it. KEEP=1 leaves the
    stack up.
    """
    # A shell that starts it in the background has it ignore Ctrl-C, on which every ending relies.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        _ask(stack, "reset")
        _ask(stack, "up", *(("--only", only) if only else ()))
        return bench()
    except MistakeError as reason:
        print(f"{name}: {reason}", file=sys.stderr)
        return MISTAKEN
    except KeyboardInterrupt:
        print(f"{name}: stopped", file=sys.stderr)
        return STOPPED
    finally:
        if not os.environ.get("KEEP"):
            local.main(["reset", "--stack", stack.name])


def _ask(stack: Stack, *words: str) -> None:
    code = local.main([*words, "--stack", stack.name])
    if code != 0:
        raise MistakeError(f"the stack did not do what it was asked: {words[0]} ended with {code}")
