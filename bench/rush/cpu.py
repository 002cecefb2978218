"""How much CPU time has each process had, and how much did others on this machine have?"""

import asyncio
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

_PARENT, _USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM = 1, 11, 12, 13, 14
"""Places in /proc/<pid>/stat, counted after the command's name in brackets."""

_FIELDS = 15
_USER_ALL, _NICE_ALL, _SYSTEM_ALL, _IDLE, _WAITING = 0, 1, 2, 3, 4
"""Places among the numbers of the line `cpu` in /proc/stat."""

KERNEL = 2
"""The parent of the kernel's own threads. What they do they do for whoever works."""

LOOK_SECONDS = 2.0
RESTING = 0.04
"""So little of the machine is nothing."""

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """CPU seconds so far."""

    by_name: dict[str, float]
    client: float
    """Those of programs that were started from here and have ended: wrk."""

    waiting: float
    """Those of the stack's parts that are up and not asked."""

    others: float
    """Everybody else's: what the machine had, less ours and the kernel's own."""

    busy: float
    possible: float


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """CPU seconds between two moments, and the shares of the machine that were not for them."""

    by_name: dict[str, float]
    waiting: float
    """The share of the machine that the stack's parts had which were up and not asked."""

    others: float
    idle: float


class _Process(msgspec.Struct, frozen=True):
    parent: int
    own: float
    ended_children: float


def now(roots: Mapping[str, int], beside: Iterable[int] = ()) -> Spent:
    """What these processes, with all that they ever started, have had; and those beside them."""
    found = _everybody()
    families = {name: _family(found, [pid]) for name, pid in roots.items()}
    asked = _family(found, roots.values())
    waiting = _family(found, beside) - asked
    ours = asked | waiting | _family(found, [os.getpid()])
    kernel = {pid for pid, process in found.items() if KERNEL in (pid, process.parent)}
    line = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    ticks = [int(word) for word in line.split()[1:9]]
    return Spent(
        by_name={name: _sum(found, family) for name, family in families.items()},
        client=found[os.getpid()].ended_children,
        waiting=_sum(found, waiting),
        others=(ticks[_USER_ALL] + ticks[_NICE_ALL] + ticks[_SYSTEM_ALL]) / TICKS_PER_SECOND
        - _sum(found, ours | kernel),
        busy=(sum(ticks) - ticks[_IDLE] - ticks[_WAITING]) / TICKS_PER_SECOND,
        possible=sum(ticks) / TICKS_PER_SECOND,
    )


def between(before: Spent, after: Spent) -> Used:
    """Who had how much meanwhile; `client` is wrk."""
    used = {name: after.by_name[name] - seconds for name, seconds in before.by_name.items()}
    used["client"] = after.client - before.client
    possible = max(after.possible - before.possible, 1 / TICKS_PER_SECOND)
    return Used(
        by_name=used,
        waiting=(after.waiting - before.waiting) / possible,
        others=max(0.0, after.others - before.others) / possible,
        idle=1 - (after.busy - before.busy) / possible,
    )


async def until_others_rest(roots: Mapping[str, int], *, seconds: float) -> None:
    """Wait until all but the stack leave the machine alone, or patience ends."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        before = now(roots)
        await asyncio.sleep(LOOK_SECONDS)
        if between(before, now(roots)).others < RESTING:
            return


def _sum(found: Mapping[int, _Process], pids: Iterable[int]) -> float:
    return sum(found[pid].own + found[pid].ended_children for pid in pids)


def _family(found: Mapping[int, _Process], pids: Iterable[int]) -> set[int]:
    """These and all that came of them."""
    children: dict[int, list[int]] = {}
    for pid, process in found.items():
        children.setdefault(process.parent, []).append(pid)
    family, waiting = set(), [pid for pid in pids if pid in found]
    while waiting:
        pid = waiting.pop()
        family.add(pid)
        waiting += children.get(pid, ())
    return family


def _everybody() -> dict[int, _Process]:
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        # The name in brackets may itself hold spaces and brackets: count from its last one.
        fields = [0, *(int(field) for field in text.rpartition(")")[2].split()[1:_FIELDS])]
        found[int(entry.name)] = _Process(
            fields[_PARENT],
            (fields[_USER] + fields[_SYSTEM]) / TICKS_PER_SECOND,
            (fields[_CHILDREN_USER] + fields[_CHILDREN_SYSTEM]) / TICKS_PER_SECOND,
        )
    return found
