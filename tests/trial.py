"""How does a test get a stack that nobody else has? A name, a home and ports of its own."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from deploy.local.settings import CHECKOUT
from deploy.local.stack import Stack, named

VERB_SECONDS_MAX = 120


@contextmanager
def a_trial() -> Iterator["Trial"]:
    """From nothing; at the end nothing of it is left."""
    made = Trial(f"trial-{os.getpid()}", _free_distance())
    yield made
    asked = made.ask("reset")
    assert asked.returncode == 0, asked.stdout + asked.stderr
    assert not made.stack.home.exists()


class Trial:
    """A stack with a name, a home and ports that nobody else uses."""

    def __init__(self, name: str, distance: int) -> None:
        self.environ = os.environ | {"STACK": name, "TALON_PORT_DISTANCE": str(distance)}
        self.stack: Stack = named(name, self.environ)

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one verb to its end."""
        return subprocess.run(
            [sys.executable, "-m", "deploy.local", *words],
            cwd=CHECKOUT,
            env=self.environ,
            text=True,
            capture_output=True,
            timeout=VERB_SECONDS_MAX,
            check=False,
        )

    def up(self, only: str) -> None:
        """Bring these parts up; it has to work."""
        asked = self.ask("up", f"--only={only}")
        assert asked.returncode == 0, asked.stdout + asked.stderr

    def status(self) -> dict[str, Any]:
        """What `status --json` says."""
        said: dict[str, Any] = json.loads(self.ask("status", "--json").stdout)
        return said

    def part(self, name: str) -> dict[str, Any]:
        """What `status --json` says of one part."""
        return next(part for part in self.status()["parts"] if part["name"] == name)

    def pids(self) -> list[int]:
        """Every process that the stack names."""
        said = self.status()
        return [said["supervisor"], *(part["pid"] for part in said["parts"])]


def _free_distance() -> int:
    """Far from the named stacks, and from whoever else runs these tests on this machine."""
    for distance in range(1000, 4000, 20):
        if all(
            _is_free(port + distance) for port in (15432, 19092, 19093, 11025, 8080, 9100, 9104)
        ):
            return distance
    raise AssertionError("no free ports for a trial stack")


def _is_free(port: int) -> bool:
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return door.connect_ex(("127.0.0.1", port)) != 0
