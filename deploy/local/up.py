"""How does a stack come up and stay up after the terminal has been closed?"""

import fcntl
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

from deploy.local import processes, scaling, state
from deploy.local.parts import HopelessError
from deploy.local.plan import PARTS, check, counts_of
from deploy.local.progress import Follower
from deploy.local.settings import CHECKOUT
from deploy.local.stack import Stack
from deploy.local.state import StackState

LOOK_PAUSE_SECONDS = 0.1
STOP_SECONDS_MAX = 90.0


def up(stack: Stack, only: Sequence[str], scale: Mapping[str, int]) -> int:
    """Start a supervisor that outlives us, and show its progress until all is ready.

    Where the stack is up, its services get as many processes as was said.
    """
    check(only, scale)
    with _one_at_a_time(stack):
        live = state.read_live(stack.home)
        if live is not None and live.state == "stopping":
            processes.wait_gone(live.supervisor, STOP_SECONDS_MAX)
            live = state.read_live(stack.home)
        if live is None:
            return _launch(stack, _again(stack, only, scale))
        return _change(stack, live, only, scale)


def _again(stack: Stack, only: Sequence[str], scale: Mapping[str, int]) -> list[str]:
    """The same wish in words, for the supervisor's command line."""
    counts = ",".join(f"{service}={count}" for service, count in scale.items())
    return [f"--stack={stack.name}", f"--only={','.join(only)}", f"--scale={counts}"]


@contextmanager
def _one_at_a_time(stack: Stack) -> Iterator[None]:
    """Who asks while another is starting the stack waits, and then finds it up."""
    stack.home.mkdir(parents=True, exist_ok=True)
    with (stack.home / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _change(stack: Stack, live: StackState, only: Sequence[str], scale: Mapping[str, int]) -> int:
    """Other parts need a new start; another number of processes does not."""
    has = counts_of(part.name for part in live.parts)
    wanted = set(only or PARTS)
    running = {part.name for part in live.parts if part.name in PARTS}
    if running != wanted or not scale.keys() <= has.keys():
        raise HopelessError(
            f"it is up with {', '.join(part.name for part in live.parts)}; to change that, first"
            f" run: make down STACK={stack.name}"
        )
    counts = has | dict(scale)
    if counts == has:
        print(f"stack {stack.name} is already up (process {live.supervisor.pid}): nothing to do")
        return 0
    return _rescale(stack, live, counts)


def _rescale(stack: Stack, live: StackState, counts: Mapping[str, int]) -> int:
    """Tell the supervisor, and show what it does until it is done or gives up."""
    follower = Follower(stack.logs / "supervisor.log")
    wish = scaling.ask_for(counts, stack.home)
    processes.send(live.supervisor, scaling.CHANGE_SIGNAL)
    now: StackState | None = live
    while now is not None and now.scaled.wish_id != wish.id:
        time.sleep(LOOK_PAUSE_SECONDS)
        follower.show()
        now = state.read_live(stack.home)
    if now is None:
        raise HopelessError("it ended meanwhile; see: make logs PART=supervisor")
    if now.scaled.trouble:
        raise HopelessError(now.scaled.trouble)
    said = ", ".join(f"{count} of {service}" for service, count in counts.items())
    print(f"stack {stack.name} has {said}")
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
