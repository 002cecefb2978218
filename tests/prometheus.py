"""How does a test ask Prometheus, and how does it get one that is in a hurry?

The hurried one reads the very rules of the stack; only the times in them are seconds.
"""

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.local.parts import prometheus
from deploy.local.stack import Stack

ASK_SECONDS_MAX = 5.0
LOOK_SECONDS = 0.25
START_SECONDS_MAX = 20.0

HURRIED = {
    r"for: \w+": "for: 1s",
    r"\[15m\]": "[15s]",
    r"\[\d+[mh]\]": "[6s]",
    r"(scrape_interval|evaluation_interval): \w+": r"\1: 1s",
    r"scrape_timeout: \w+": "scrape_timeout: 1s",
}
"""What is minutes and hours in the stack's files, and seconds here."""


class Prometheus:
    """One Prometheus, asked over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def text(self, path: str) -> str:
        """A page as a browser would get it."""
        with urllib.request.urlopen(self.url + path, timeout=ASK_SECONDS_MAX) as said:
            return str(said.read().decode())

    def query(self, query: str) -> list[dict[str, Any]]:
        """What a query gives now."""
        asked = urllib.parse.urlencode({"query": query})
        found: list[dict[str, Any]] = json.loads(self.text(f"/api/v1/query?{asked}"))["data"][
            "result"
        ]
        return found

    def targets(self) -> int:
        """How many it asks for their counts."""
        return len(json.loads(self.text("/api/v1/targets"))["data"]["activeTargets"])

    def firing(self) -> set[str]:
        """Alerts that somebody would have been told of."""
        return {said["metric"]["alertname"] for said in self.query('ALERTS{alertstate="firing"}')}

    def until(self, alert: str, *, fires: bool = True, seconds: float = 30.0) -> None:
        """Wait until it fires, or does not any more."""
        deadline = time.monotonic() + seconds
        while (alert in self.firing()) is not fires:
            assert time.monotonic() < deadline, f"{alert}; firing are {self.firing()}"
            time.sleep(LOOK_SECONDS)


@contextmanager
def hurried(stack: Stack, counts: Mapping[str, int], folder: Path) -> Iterator[Prometheus]:
    """A Prometheus of one's own beside the stack, by whose rules minutes are seconds."""
    prometheus.configure(folder, prometheus.targets(stack, counts))
    for path in (folder / "prometheus.yml", *(folder / "rules").iterdir()):
        text = path.read_text("utf-8")
        for slow, quick in HURRIED.items():
            text = re.sub(slow, quick, text)
        path.write_text(text, "utf-8")
    port = _free_port()
    process = subprocess.Popen(
        [
            shutil.which("prometheus") or "prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ]
    )
    try:
        made = Prometheus(f"http://127.0.0.1:{port}")
        _until_it_has_asked(made)
        yield made
    finally:
        process.terminate()
        process.wait()


def _until_it_has_asked(made: Prometheus) -> None:
    """Everybody, twice: what is counted before the first time is no increase to Prometheus."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        try:
            asked_twice = made.query("count_over_time(up[15s]) > 1")
            if asked_twice and len(asked_twice) == made.targets():
                return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(LOOK_SECONDS)
    raise AssertionError("Prometheus does not answer")


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])
