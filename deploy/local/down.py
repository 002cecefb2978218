"""How does a stack stop so that no process and, if so wished, no data remain?"""

import shutil
import signal
import time

from deploy.local import processes, state
from deploy.local.leftovers import sweep
from deploy.local.parts import cluster
from deploy.local.progress import Follower, say
from deploy.local.stack import Stack

STOP_SECONDS_MAX = 90.0
"""More than all parts' own limits together; after that nothing is asked any more."""
LOOK_SECONDS = 0.1


def down(stack: Stack) -> int:
    """Stop everything gracefully; what does not go is killed. The data stay."""
    live = state.read_live(stack.home)
    if live is None:
        sweep(stack)
        print(f"stack {stack.name} is down")
        return 0
    follower = Follower(stack.logs / "supervisor.log")
    processes.send(live.supervisor, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS_MAX
    while not processes.wait_gone(live.supervisor, LOOK_SECONDS):
        follower.show()
        if time.monotonic() > deadline:
            say("supervisor", f"still runs after {STOP_SECONDS_MAX:.0f} s: killed")
            processes.send(live.supervisor, signal.SIGKILL)
    follower.show()
    sweep(stack)
    print(f"stack {stack.name} is down")
    return 0


def reset(stack: Stack) -> int:
    """Stop this stack and delete all it has: bookings, topics, mail, keys, passwords, logs."""
    down(stack)
    cluster.remove(stack)
    if stack.home.exists():
        shutil.rmtree(stack.home)
    print(f"stack {stack.name} has no data any more")
    return 0
