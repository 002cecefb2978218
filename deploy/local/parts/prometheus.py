"""How does Prometheus start: what it asks, what it keeps, and what it makes of it?"""

import asyncio
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path

import msgspec

from deploy.local.parts import MAIL_NICENESS, NotReadyError, Part, files
from deploy.local.settings import CHECKOUT
from deploy.local.stack import SERVICES, Stack

SOURCES = CHECKOUT / "deploy" / "prometheus"
PROBE_SECONDS_MAX = 2.0


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One process that is asked for its counts, in the words of Prometheus' file discovery."""

    targets: tuple[str]
    labels: dict[str, str]


def part(stack: Stack, counts: Mapping[str, int]) -> Part:
    """Prometheus on data of its own, asking so many processes of each service."""
    folder = stack.home / "prometheus"
    port = stack.settings.port("TALON_PROMETHEUS_PORT")

    async def prepare() -> None:
        configure(folder, targets(stack, counts))

    async def rescaled(_pid: int) -> None:
        # It looks at this file by itself, again and again.
        _ask_these(folder, targets(stack, counts))

    return Part(
        name="prometheus",
        ports={"http": port},
        command=_command(stack, folder, port.number),
        # One core for it: it watches a morning on which the others need theirs.
        environment={"PATH": os.environ["PATH"], "GOMAXPROCS": "1"},
        folder=str(stack.home),
        niceness=MAIL_NICENESS,
        prepare=prepare,
        rescaled=rescaled,
        probe=lambda: asyncio.to_thread(_ask, f"{stack.prometheus}/-/ready"),
    )


def configure(folder: Path, asked: list[Target]) -> None:
    """Everything Prometheus reads, in the folder that also holds everything it writes."""
    shutil.rmtree(folder / "rules", ignore_errors=True)
    for path in (SOURCES / "prometheus.yml", *(SOURCES / "rules").glob("*.yml")):
        files.write(folder / path.relative_to(SOURCES), path.read_text(encoding="utf-8"))
    _ask_these(folder, asked)


def _ask_these(folder: Path, asked: list[Target]) -> None:
    files.write(folder / "targets" / "stack.json", msgspec.json.encode(asked).decode())


def targets(stack: Stack, counts: Mapping[str, int]) -> list[Target]:
    """Every process that counts: the services', the edge, the supervisor and Prometheus itself."""
    asked = [_target("edge", stack.edge_ops), _target("supervisor", stack.supervisor)]
    asked.append(_target("prometheus", stack.prometheus))
    for service in SERVICES:
        for instance in range(counts.get(service, 1)):
            asked.append(_target(service, stack.ops(service, instance), instance))
    return asked


def _target(job: str, url: str, instance: int = 0) -> Target:
    name = f"{job}-{instance}" if instance else job
    return Target(targets=(url.removeprefix("http://"),), labels={"job": job, "instance": name})


def _command(stack: Stack, folder: Path, port: int) -> tuple[str, ...]:
    number = stack.settings.number
    return (
        shutil.which("prometheus") or "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--storage.tsdb.retention.time={number('TALON_PROMETHEUS_KEPT_DAYS')}d",
        f"--storage.tsdb.retention.size={number('TALON_PROMETHEUS_KEPT_MB')}MB",
        f"--web.listen-address={stack.settings.text('TALON_HOST')}:{port}",
        f"--web.console.templates={SOURCES}/consoles",
        "--log.level=warn",
    )


def _ask(url: str) -> None:
    """Raises `NotReadyError` until it answers queries."""
    try:
        with urllib.request.urlopen(url, timeout=PROBE_SECONDS_MAX):
            return
    except (urllib.error.URLError, HTTPException) as reason:
        raise NotReadyError("it does not answer yet") from reason
