"""What do journeys and pages run on? The whole stack `test`, with a small city in it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.local.settings import CHECKOUT
from deploy.local.stack import Stack, named

VERB_SECONDS_MAX = 180
STACK = "test"
TEXTS_TOKEN = "of a provider that is none"
DESKS = ("booking", "booking-1")
"""Every front desk there is: what one does not take, the edge hands to the other."""


class Town:
    """The stack, and the command line that people use on it."""

    def __init__(self) -> None:
        self.stack: Stack = named(STACK)
        # Each command is spoken of, so that a test can look for what must not be said.
        # An audit waits until what was held for the refused has run out: here as soon as may be.
        told = {"TALON_LOG_ONE_IN": "1", "TALON_OFFER_SECONDS": "30"}
        # Nobody here hands text messages over; what people would write back is brought by tests.
        replies = {"TALON_SMS_REPLIES": "true", "TALON_SMS_FROM": "+79160000000"}
        replies |= {"TALON_TWILIO_TOKEN": TEXTS_TOKEN, "TALON_TWILIO_CALLBACK": self.texts_come_to}
        self._environ = os.environ | {"STACK": STACK} | told | replies

    @property
    def texts_come_to(self) -> str:
        """Where a provider of text messages brings what people write back."""
        return f"{self.stack.edge}/api/v1/receipts/twilio"

    def stack_verb(self, *words: str) -> str:
        """Run one verb of the stack; it has to work."""
        return self._run("deploy.local", *words)

    def talon(self, *words: str) -> str:
        """Run one verb of the command line; it has to work."""
        return self._run("talon", *words)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a verb of the command line and let it run."""
        # Who is started in the background ignores Ctrl-C, and so would its children.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        return subprocess.Popen(
            [sys.executable, "-m", "talon", *words],
            cwd=CHECKOUT,
            env=self._environ,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def part(self, name: str) -> dict[str, Any]:
        """What `status --json` says of one part."""
        said = json.loads(self.stack_verb("status", "--json"))
        found: dict[str, Any] = next(part for part in said["parts"] if part["name"] == name)
        return found

    def parts(self) -> set[str]:
        """The names of all that runs."""
        said = json.loads(self.stack_verb("status", "--json"))
        return {part["name"] for part in said["parts"] if part["state"] == "ready"}

    @contextmanager
    def frozen(self, *parts: str) -> Iterator[None]:
        """These parts stand still, with every process of theirs, while the block runs."""
        pids = [pid for part in parts for pid in family(self.part(part)["pid"])]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def _run(self, module: str, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", module, *words],
            cwd=CHECKOUT,
            env=self._environ,
            text=True,
            capture_output=True,
            timeout=VERB_SECONDS_MAX,
            check=False,
        )
        assert done.returncode == 0, f"{module} {' '.join(words)}:\n{done.stdout}{done.stderr}"
        return done.stdout


def family(pid: int) -> list[int]:
    """A process and its children: PostgreSQL is one for each connection, nginx has workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [pid, *map(int, children)]


@contextmanager
def a_town() -> Iterator[Town]:
    """Up with two referees and two front desks, ten clinics and 600 patients; then gone."""
    made = Town()
    made.stack_verb("reset")
    made.stack_verb("up", "--scale", "slots=2,booking=2")
    try:
        made.talon("city", "--clinics", "10", "--patients", "600")
        yield made
    finally:
        made.stack_verb("reset")
