"""Which process is that, does it still live, and how is exactly that one told to go?"""

import os
import select
import signal
from pathlib import Path

import msgspec

_STATE = 0
_START_TICKS = 19
"""Places in /proc/<pid>/stat, counted after the command's name in brackets."""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process told apart from any later one that is given the same number."""

    pid: int
    started_ticks: int
    boot: str


def identify(pid: int) -> Process | None:
    """Who has this number now; nobody if it is free or only waits to be buried."""
    try:
        # The name in brackets may itself hold spaces and brackets: count from its last one.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if fields[_STATE] in "ZX":
        return None
    return Process(pid=pid, started_ticks=int(fields[_START_TICKS]), boot=_boot())


def is_alive(process: Process) -> bool:
    """True while this very process runs."""
    return identify(process.pid) == process


def send(process: Process, number: signal.Signals) -> None:
    """Signal this very process; nothing happens when it is gone."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        # The descriptor holds on to whoever has the number now, so looking after opening is safe.
        if is_alive(process):
            signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return
    finally:
        os.close(descriptor)


def wait_gone(process: Process, seconds: float) -> bool:
    """Wait until this very process has ended; False when it still runs after `seconds`."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True
    try:
        if is_alive(process):
            select.select([descriptor], [], [], seconds)
        return not is_alive(process)
    finally:
        os.close(descriptor)


def children_of(pid: int) -> set[int]:
    """The processes that it started and that are its own still."""
    try:
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()))
    except (FileNotFoundError, ProcessLookupError):
        return set()


def command_of(pid: int) -> str:
    """The command line by which people know a process."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return " ".join(word.decode(errors="replace") for word in words if word)


def folder_of(pid: int) -> Path | None:
    """The folder a process works in; None when there is none or it may not be known."""
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:
        return None


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
