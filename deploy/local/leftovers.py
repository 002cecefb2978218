"""What did a supervisor that was killed leave behind, and how does it go?"""

import signal

from deploy.local import processes, state
from deploy.local.progress import say
from deploy.local.stack import Stack

GRACE_SECONDS = 8.0
"""The kernel has told them to go; PostgreSQL takes up to 5 s for it."""
KILL_SECONDS = 5.0


def sweep(stack: Stack) -> None:
    """End the parts of a supervisor that is no more. Nothing happens while it lives."""
    last = state.read(stack.home)
    if last is None or processes.is_alive(last.supervisor):
        return
    for part in last.parts:
        if part.process is None or processes.wait_gone(part.process, GRACE_SECONDS):
            continue
        say(part.name, f"outlived its supervisor: process {part.process.pid} is killed")
        processes.send(part.process, signal.SIGKILL)
        processes.wait_gone(part.process, KILL_SECONDS)
    state.forget(stack.home)
