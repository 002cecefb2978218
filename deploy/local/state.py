"""What does the supervisor say about itself, for those outside who ask?"""

import os
from pathlib import Path
from typing import Literal

import msgspec

from deploy.local import processes
from deploy.local.processes import Process

PartCondition = Literal[
    "waiting", "starting", "ready", "unready", "restarting", "failed", "stopped"
]
StackCondition = Literal["down", "starting", "ready", "degraded", "stopping"]


class PartState(msgspec.Struct, kw_only=True):
    """One part as it is now. `restarts` counts since the stack came up."""

    name: str
    state: PartCondition = "waiting"
    process: Process | None = None
    ports: dict[str, int]
    restarts: int = 0
    since: str = ""
    """When the present process was started, RFC 3339."""
    ready_seconds: float | None = None
    """How long the present process took to become ready."""
    note: str = ""


class Scaled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the last wish for another number of processes."""

    wish_id: str = ""
    trouble: str = ""
    """Why nothing was changed; empty where it was."""


class StackState(msgspec.Struct, kw_only=True):
    """The whole stack as it is now."""

    stack: str
    state: StackCondition
    supervisor: Process
    since: str
    ready_seconds: float | None = None
    parts: list[PartState]
    scaled: Scaled = Scaled()


def path_in(home: Path) -> Path:
    """The file in which the supervisor tells its state."""
    return home / "state.json"


def save(state: StackState, home: Path) -> None:
    """Replace the file at once: a reader sees the old or the new, never half."""
    path = path_in(home)
    part = path.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(state))
    os.replace(part, path)


def read(home: Path) -> StackState | None:
    """The last words, whether their writer still lives or not."""
    try:
        return msgspec.json.decode(path_in(home).read_bytes(), type=StackState)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def read_live(home: Path) -> StackState | None:
    """The state of a stack that is up; None when nobody supervises it."""
    state = read(home)
    if state is None or not processes.is_alive(state.supervisor):
        return None
    return state


def forget(home: Path) -> None:
    """Nothing is said any more about a stack that is down."""
    path_in(home).unlink(missing_ok=True)
