"""Is a port free, and if not, who holds it?"""

import errno
import os
import pwd
import socket
from collections.abc import Iterator
from pathlib import Path

from deploy.local.processes import command_of
from deploy.local.settings import Port, Settings

_LISTENING = "0A"
_COMMAND_LENGTH_MAX = 100


def complaint(port: Port, settings: Settings) -> str | None:
    """Nothing if the port is free, else who holds it and which setting leads elsewhere."""
    if _is_free(settings.text("TALON_HOST"), port.number):
        return None
    return (
        f"port {port.number} is held by {_holder(port.number)}; stop that, or set"
        f" {port.setting} (now {settings.text(port.setting)}{_distance(settings)})"
        " in deploy/settings.env or in the environment"
    )


def _is_free(host: str, number: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as door:
        # As servers do: connections that only linger after their end do not count.
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, number))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def _distance(settings: Settings) -> str:
    return f" + {settings.distance} for stack {settings.stack}" if settings.distance else ""


def _holder(number: int) -> str:
    account = "an unknown process"
    for inode, uid in _listeners(number):
        pid = _owner_of(f"socket:[{inode}]")
        if pid is not None:
            return f"process {pid} ({command_of(pid)[:_COMMAND_LENGTH_MAX]})"
        account = f"a process of {_name_of(uid)} that only root may look into"
    return account


def _listeners(number: int) -> Iterator[tuple[str, int]]:
    """The inode and the owner of every socket that listens on the port, on any address."""
    for table in ("tcp", "tcp6"):
        path = Path("/proc/net") / table
        if not path.exists():
            continue
        for line in path.read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            local, state, uid, inode = fields[1], fields[3], fields[7], fields[9]
            if state == _LISTENING and int(local.rpartition(":")[2], 16) == number:
                yield inode, int(uid)


def _owner_of(link: str) -> int | None:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and _has_open(folder / "fd", link):
            return int(folder.name)
    return None


def _has_open(descriptors: Path, link: str) -> bool:
    try:
        return any(_target(entry) == link for entry in descriptors.iterdir())
    except OSError:
        # Another account's process, or one that has just ended.
        return False


def _target(entry: Path) -> str:
    try:
        return os.readlink(entry)
    except OSError:
        return ""


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
