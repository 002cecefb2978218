"""Who is measured, where is it asked, and which processes is it made of?"""

import asyncio
import os
import re
import sys
import urllib.request
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from bench.peer_rowlock.app import DSN
from bench.peer_rowlock.place import dsn_of
from bench.rush.audit import Told
from bench.rush.sizes import Tuning
from deploy.local import state
from deploy.local.plan import PROCESSES_MAX
from deploy.local.settings import CHECKOUT, INSTANCE_DISTANCE
from deploy.local.stack import SERVICES, Stack
from deploy.local.state import StackState
from talon.mistakes import MistakeError

ROUTE = "/api/v1/bookings"
COUNTED = re.compile(
    rf'^booking_requests_total{{method="POST",route="{ROUTE}",status="(\d+)"}} ([\d.e+]+)$',
    re.MULTILINE,
)
BEFORE = "TALON_NOTIFY_PORT"
"""Who is measured beside Talon listens above all that this service could have."""

WHOLE = ("postgres", "kafka", *SERVICES)
START_SECONDS_MAX = 60.0
PAUSE_SECONDS = 0.1


class Side(Protocol):
    """Whoever answers bookings."""

    name: str
    url: str
    processes: int

    def roots(self) -> dict[str, int]:
        """Its processes by name, each with all that it starts."""

    async def told(self) -> Told | None:
        """What its doors have said so far; None where only 201 is ever said to who asks well."""


class Talon:
    """The whole stack, asked at the front desk's own port."""

    name = "talon"
    processes = 1

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.url = stack.api("booking") + ROUTE

    def roots(self) -> dict[str, int]:
        """Every part of the stack."""
        return roots_of(self._stack)

    async def told(self) -> Told | None:
        """The front desk's own count of its answers."""
        return await asyncio.to_thread(told_by, self._stack.ops("booking"))


class Alone:
    """A service without a stack of its own; the peer's work is PostgreSQL's too."""

    def __init__(self, name: str, url: str, roots: Mapping[str, int], processes: int) -> None:
        self.name = name
        self.url = url
        self.processes = processes
        self._roots = dict(roots)

    def roots(self) -> dict[str, int]:
        """Itself, and PostgreSQL."""
        return self._roots

    async def told(self) -> Told | None:
        """It never answers 202."""
        return None


def roots_of(stack: Stack, needs: Collection[str] = WHOLE) -> dict[str, int]:
    """The process of each part of a stack that is up."""
    return {part.name: part.process.pid for part in _live(stack, needs).parts if part.process}


def told_by(desk: str) -> Told:
    """What one front desk counts of its own answers."""
    counts = {
        int(status): int(float(n)) for status, n in COUNTED.findall(_text_of(f"{desk}/metrics"))
    }
    return Told(
        booked=counts.get(201, 0),
        undecided=counts.get(202, 0),
        failed=sum(count for status, count in counts.items() if status >= 500),
        refused=counts.get(409, 0),
    )


def peer_name(*, at_once: bool) -> str:
    """What the peer is called, by how it makes its transaction."""
    return "peer" if at_once else "peer by statements"


@asynccontextmanager
async def peer(stack: Stack, tuning: Tuning, *, at_once: bool) -> AsyncIterator[Alone]:
    """The peer, run so."""
    settings = stack.settings
    each = tuning.sessions // tuning.processes
    words = (
        *("-m", "bench.peer_rowlock", "--connections", str(each)),
        *("--processes", str(tuning.processes)),
        *("--jwks", str(stack.jwks), "--issuer", settings.text("TALON_ISSUER")),
        *("--audience", settings.text("TALON_AUDIENCE")),
        *(("--at-once",) if at_once else ()),
    )
    name = peer_name(at_once=at_once)
    async with _served(stack, name, words, processes=tuning.processes) as side:
        yield side


@asynccontextmanager
async def echo(stack: Stack) -> AsyncIterator[Alone]:
    """What aiohttp does at most."""
    async with _served(stack, "echo", ("-m", "bench.echo")) as side:
        yield side


@asynccontextmanager
async def _served(
    stack: Stack, name: str, words: tuple[str, ...], *, processes: int = 1
) -> AsyncIterator[Alone]:
    port = stack.settings.port(BEFORE).number + PROCESSES_MAX * INSTANCE_DISTANCE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *words, "--port", str(port)),
        cwd=CHECKOUT,
        env=os.environ | {DSN: dsn_of(stack)},
    )
    try:
        await _until_open(process, port)
        roots = {name.split()[0]: process.pid}
        postgres = next(p for p in _live(stack).parts if p.name == "postgres").process
        if postgres is not None:
            roots["postgres"] = postgres.pid
        yield Alone(name, f"http://127.0.0.1:{port}{ROUTE}", roots, processes)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
    if process.returncode != 0:
        raise MistakeError(f"the {name} ended before its time, with {process.returncode}")


async def _until_open(process: asyncio.subprocess.Process, port: int) -> None:
    deadline = asyncio.get_running_loop().time() + START_SECONDS_MAX
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError as reason:
            if process.returncode is not None:
                raise MistakeError(
                    f"what is measured beside Talon ended with {process.returncode}"
                ) from reason
            if asyncio.get_running_loop().time() > deadline:
                raise MistakeError(
                    f"what is measured beside Talon did not start in {START_SECONDS_MAX:g} s"
                ) from reason
        await asyncio.sleep(PAUSE_SECONDS)


def _live(stack: Stack, needs: Collection[str] = WHOLE) -> StackState:
    live = state.read_live(stack.home)
    if live is None or not {part.name for part in live.parts} >= set(needs):
        raise MistakeError(f"stack {stack.name} is not up whole")
    return live


def _text_of(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        text: bytes = answer.read()
    return text.decode()
