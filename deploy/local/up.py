"""How does a stack come up and stay up after the terminal has been closed?"""

import fcntl
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from deploy.local import processes, state
from deploy.local.parts import HopelessError, Part
from deploy.local.progress import Follower
from deploy.local.settings import CHECKOUT
from deploy.local.stack import Stack
from deploy.local.state import StackState

LOOK_PAUSE_SECONDS = 0.1
STOP_SECONDS_MAX = 90.0


def up(stack: Stack, parts: Sequence[Part], arguments: Sequence[str]) -> int:
    """Start a supervisor that outlives us, and show its progress until all is ready."""
    with _one_at_a_time(stack):
        live = state.read_live(stack.home)
        if live is not None and live.state == "stopping":
            processes.wait_gone(live.supervisor, STOP_SECONDS_MAX)
            live = state.read_live(stack.home)
        if live is None:
            return _launch(stack, arguments)
        return _leave(stack, live, parts)


@contextmanager
def _one_at_a_time(stack: Stack) -> Iterator[None]:
    """Who asks while another is starting the stack waits, and then finds it up."""
    stack.home.mkdir(parents=True, exist_ok=True)
    with (stack.home / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _leave(stack: Stack, live: StackState, parts: Sequence[Part]) -> int:
    running = [part.name for part in live.parts]
    if running != [part.name for part in parts]:
        raise HopelessError(
            f"it is up with {', '.join(running)}; to change that, first run:"
            f" make down STACK={stack.name}"
        )
    print(f"stack {stack.name} is already up (process {live.supervisor.pid}): nothing to do")
    return 0


def _launch(stack: Stack, arguments: Sequence[str]) -> int:
    stack.logs.mkdir(parents=True, exist_ok=True)
    log = stack.logs / "supervisor.log"
    print(f"stack {stack.name} is starting; everything it has is in {stack.home}", flush=True)
    follower = Follower(log)
    with log.open("ab") as output:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "run", *arguments],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        while supervisor.poll() is None:
            follower.show()
            if _is_ready(stack, supervisor.pid):
                return _explain(stack)
            time.sleep(LOOK_PAUSE_SECONDS)
    except KeyboardInterrupt:
        supervisor.terminate()
        supervisor.wait()
        follower.show()
        return 130
    follower.show()
    return supervisor.returncode or 1


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _is_ready(stack: Stack, pid: int) -> bool:
    live = state.read_live(stack.home)
    return live is not None and live.supervisor.pid == pid and live.state in ("ready", "degraded")


def _explain(stack: Stack) -> int:
    print(f"see it with: make status STACK={stack.name}; end it with: make down STACK={stack.name}")
    return 0
