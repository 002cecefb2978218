"""In which folder does a stack's PostgreSQL cluster lie, and is what lies there its own?

PostgreSQL refuses to run as root, and the account it runs as instead cannot enter a checkout in a
folder that is closed to others. So root's clusters lie in /var/lib/talon, one folder for each home,
and the home keeps a note of which. Everyone else's lie in the home itself.
"""

import hashlib
import os
import pwd
import shutil
from pathlib import Path

import msgspec

from deploy.local.parts import HopelessError
from deploy.local.progress import say
from deploy.local.stack import Stack

OUTSIDE = Path("/var/lib/talon")
ROOTS_STAND_IN = "postgres"
"""The account that Debian's package makes."""


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """Where a cluster lies and whose it is."""

    folder: Path
    user: str | None
    """The account to run as; None for the one we have."""

    @property
    def data(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.folder / "data"

    def give(self, path: Path) -> None:
        """Let PostgreSQL, and nobody else, have this file or folder."""
        path.chmod(0o700 if path.is_dir() else 0o600)
        if self.user is not None:
            account = pwd.getpwnam(self.user)
            os.chown(path, account.pw_uid, account.pw_gid)


def of(stack: Stack) -> Cluster:
    """Where the stack's cluster lies, or will."""
    if os.geteuid() != 0:
        return Cluster(folder=stack.home / "postgres", user=None)
    digest = hashlib.sha256(str(stack.home).encode()).hexdigest()[:12]
    return Cluster(folder=OUTSIDE / f"{digest}-{stack.name}", user=ROOTS_STAND_IN)


def claim(stack: Stack) -> Cluster:
    """Make the folder ours, or say why what lies there cannot be used."""
    cluster = of(stack)
    if cluster.user is not None:
        _check_note(stack, cluster.folder)
    if not cluster.folder.exists():
        cluster.folder.parent.mkdir(parents=True, exist_ok=True)
        cluster.folder.mkdir(mode=0o700)
        cluster.give(cluster.folder)
    return cluster


def remove(stack: Stack) -> None:
    """Delete the cluster with all its data."""
    folder = of(stack).folder
    if folder.exists():
        shutil.rmtree(folder)


def _check_note(stack: Stack, folder: Path) -> None:
    note = stack.home / "postgres.at"
    if not note.exists():
        if folder.exists():
            # The home that knew these data's passwords is gone; nobody can ever read them again.
            say("postgres", f"removes {folder}, left by an earlier {stack.home}")
            shutil.rmtree(folder)
        note.write_text(f"{folder}\n", encoding="utf-8")
    elif (noted := note.read_text(encoding="utf-8").strip()) != str(folder):
        raise HopelessError(
            f"this checkout was moved or copied: its PostgreSQL data lie in {noted};"
            f" move it back, or start afresh with: make reset STACK={stack.name}"
        )
