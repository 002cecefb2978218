"""Where is a bench played? On a stack of its own, from nothing to nothing."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping

import deploy.local.__main__ as local
from deploy.local.settings import CHECKOUT
from deploy.local.stack import Stack
from talon.mistakes import MistakeError

MISTAKEN = 2
STOPPED = 130


def played(
    name: str, stack: Stack, bench: Callable[[], int], *, only: str = "", up: bool = True
) -> int:
    """The bench's own verdict, on a stack that comes up for it (`only` these parts) and goes again.

    Not `up`: the bench brings up itself what it needs. 2 with a sentence where it could not be
    played, 130 where somebody stopped it. KEEP=1 leaves the stack up.
    """
    # A shell that starts it in the background has it ignore Ctrl-C, on which every ending relies.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        _ask(stack, "reset")
        if up:
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


async def ask(stack: Stack, *words: str, environ: Mapping[str, str] | None = None) -> None:
    """A verb of `deploy.local` in a process of its own, with settings of its own if need be."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local", *words, f"--stack={stack.name}"),
        cwd=CHECKOUT,
        env=dict(os.environ if environ is None else environ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        # Whoever stops the bench does not stop it: a stack half way up is nobody's.
        start_new_session=True,
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise MistakeError(f"{words[0]} ended with {process.returncode}: {last}")


def _ask(stack: Stack, *words: str) -> None:
    code = local.main([*words, "--stack", stack.name])
    if code != 0:
        raise MistakeError(f"the stack did not do what it was asked: {words[0]} ended with {code}")
