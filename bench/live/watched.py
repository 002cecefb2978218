"""What does a process take, as the kernel counts it?"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM = 11, 12
"""Places in /proc/PID/stat, counted after the command's name."""


class Work:
    """Some work of a process, in words once it is done."""

    def __init__(self) -> None:
        self.seconds = self.cpu_seconds = 0.0

    def __str__(self) -> str:
        return f"{self.cpu_seconds:.2f} s of CPU, {self.cpu_seconds / self.seconds:.0%} of a core"


class Watched:
    """A running process."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")

    @property
    def rss_mb(self) -> float:
        """Resident memory."""
        said = (self._folder / "status").read_text(encoding="utf-8").splitlines()
        line = next(line for line in said if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1000

    @property
    def cpu_seconds(self) -> float:
        """Time on a core, its own and the kernel's for it."""
        said = (self._folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(said[_USER]) + int(said[_SYSTEM])) / TICKS_PER_SECOND

    @contextmanager
    def working(self) -> Iterator[Work]:
        """Measure while the block runs."""
        work, began, before = Work(), time.monotonic(), self.cpu_seconds
        yield work
        work.seconds = time.monotonic() - began
        work.cpu_seconds = self.cpu_seconds - before
