"""On what does a campaign take place? A stack of its own, with a proxy before all it needs."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deploy.local import state
from deploy.local.processes import Process
from deploy.local.settings import CHECKOUT, DISTANCE_SETTING
from deploy.local.stack import Stack, named
from shared import faultpoints
from tests.faults.disks import Disks
from tests.faults.proxy import Proxy, ends_a_mail, is_commit

STACK = "faults"
PORTS = {
    DISTANCE_SETTING: "500",
    "TALON_POSTGRES_VIA_PORT": "15433",
    "TALON_KAFKA_VIA_PORT": "19094",
    "TALON_KAFKA_BEHIND_PORT": "19095",
    "TALON_SMTP_VIA_PORT": "11026",
}
SOONEST = {"TALON_OFFER_SECONDS": "30"}
"""What is held for the refused is waited for before it is judged, so it is not held for longer."""

PARTS = "postgres,kafka,sink,slots,booking,notify,edge"
SCALE = "slots=2,booking=2,notify=2"


@dataclass(frozen=True)
class Ground:
    """The stack, and what stands before its parts."""

    stack: Stack
    environ: dict[str, str]
    postgres: Proxy
    kafka: Proxy
    smtp: Proxy
    disks: Disks

    @property
    def proxies(self) -> tuple[Proxy, ...]:
        """All of them."""
        return (self.postgres, self.kafka, self.smtp)

    @property
    def environ_of_services(self) -> dict[str, str]:
        """What a process of a service that joins by itself is told besides."""
        return {faultpoints.SETTING: self.environ[faultpoints.SETTING]}

    @property
    def points(self) -> Path:
        """The folder in which fault points are armed."""
        return Path(self.environ[faultpoints.SETTING])

    def process(self, part: str) -> Process | None:
        """Who is this part just now; nobody while it is between two lives."""
        live = state.read_live(self.stack.home)
        parts = live.parts if live is not None else []
        return next((found.process for found in parts if found.name == part), None)

    def is_reborn(self, part: str, since: float) -> bool:
        """True when the part is ready in a life that began after that moment."""
        live = state.read_live(self.stack.home)
        found = next((p for p in live.parts if p.name == part), None) if live else None
        if found is None or found.state != "ready" or not found.since:
            return False
        return datetime.fromisoformat(found.since).timestamp() >= since

    def unready(self, parts: Iterable[str]) -> list[str]:
        """Which of these the supervisor has not seen well."""
        live = state.read_live(self.stack.home)
        found = {p.name: p.state for p in live.parts} if live is not None else {}
        return [name for name in parts if found.get(name) != "ready"]

    async def verb(self, module: str, *words: str) -> None:
        """Run a verb of the stack or of the command line; it has to work."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", module, *words, "--stack", self.stack.name),
            cwd=CHECKOUT,
            env=self.environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"{module} {' '.join(words)}:\n{said.decode(errors='replace')}")


@asynccontextmanager
async def a_ground(name: str = STACK, **settings: str) -> AsyncIterator[Ground]:
    """From nothing to a stack with two processes of each service, and back to nothing."""
    environ = PORTS | SOONEST | dict(os.environ) | {"STACK": name} | settings
    stack = named(name, environ)
    environ[faultpoints.SETTING] = str(stack.home / "points")
    ground = _ground(stack, environ)
    ground.disks.unmount()
    await ground.verb("deploy.local", "reset")
    ground.disks.mount()
    for service in ("slots", "booking", "notify"):
        (ground.points / service).mkdir(parents=True)
    try:
        for proxy in ground.proxies:
            await proxy.open()
        await ground.verb("deploy.local", "up", "--scale", SCALE, "--only", PARTS)
        yield ground
    finally:
        await ground.verb("deploy.local", "down")
        for proxy in ground.proxies:
            await proxy.end()
        if not os.environ.get("KEEP"):
            ground.disks.unmount()
            await ground.verb("deploy.local", "reset")
            shutil.rmtree(stack.home, ignore_errors=True)


def _ground(stack: Stack, environ: dict[str, str]) -> Ground:
    settings = stack.settings
    host = settings.text("TALON_HOST")

    def port(name: str) -> int:
        return settings.port(name).number

    return Ground(
        stack=stack,
        environ=environ,
        disks=Disks(stack),
        postgres=Proxy(
            "postgres",
            host=host,
            port=port("TALON_POSTGRES_VIA_PORT"),
            behind=port("TALON_POSTGRES_PORT"),
            asks=is_commit,
        ),
        kafka=Proxy(
            "kafka",
            host=host,
            port=port("TALON_KAFKA_VIA_PORT"),
            behind=port("TALON_KAFKA_BEHIND_PORT"),
        ),
        smtp=Proxy(
            "smtp",
            host=host,
            port=port("TALON_SMTP_VIA_PORT"),
            behind=port("TALON_SMTP_PORT"),
            asks=ends_a_mail,
        ),
    )
