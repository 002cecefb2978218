"""How is a disk full under the log or the database, and under nobody else?

Each has a small file system in memory for the campaign. It is full when it is made no larger than
what is in it. Only root may do so; for everybody else the disks stay as they are.
"""

import os
import subprocess
from pathlib import Path

from deploy.local.parts import cluster
from deploy.local.stack import Stack

SIZE = "3g"
"""More than a campaign writes; memory is taken for what is written alone."""

SLACK_BYTES = 64 * 1024
"""So little is left on a full disk."""


class Disks:
    """The file systems of the log and of the database."""

    def __init__(self, stack: Stack) -> None:
        place = cluster.of(stack)
        self._note = stack.home / "postgres.at"
        self._place = place
        self._folders = {"kafka": stack.home / "kafka", "postgres": place.folder}

    @property
    def are_there(self) -> bool:
        """True where disks can be full."""
        return all(folder.is_mount() for folder in self._folders.values())

    def mount(self) -> None:
        """Before the stack is made; nothing where that is not allowed."""
        if os.geteuid() != 0:
            return
        for folder in self._folders.values():
            folder.mkdir(parents=True, exist_ok=True)
            if not _mount("-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "talon-faults", folder):
                self.unmount()
                return
        self._place.give(self._place.folder)
        # As if the stack had claimed the folder itself: an unclaimed one it would clear away.
        self._note.write_text(f"{self._place.folder}\n", encoding="utf-8")

    def unmount(self) -> None:
        """After the stack is down; what was in them is gone."""
        for folder in self._folders.values():
            if folder.is_mount():
                subprocess.run(["umount", folder], check=False, capture_output=True)

    def fill(self, name: str) -> None:
        """Leave hardly any room."""
        used = os.statvfs(self._folders[name])
        taken = (used.f_blocks - used.f_bfree) * used.f_frsize
        _mount("-o", f"remount,size={taken + SLACK_BYTES}", self._folders[name])

    def empty(self, name: str) -> None:
        """There is room again."""
        _mount("-o", f"remount,size={SIZE}", self._folders[name])


def _mount(*words: str | Path) -> bool:
    return subprocess.run(["mount", *words], check=False, capture_output=True).returncode == 0
