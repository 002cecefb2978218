"""How are bookings asked for as fast as answers come? By wrk, each request another person's."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from talon.mistakes import MistakeError

SCRIPT = Path(__file__).with_name("bookings.lua")
TIMEOUT_SECONDS = 10
SUMMARY = "SUMMARY "


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: by whom, which slots, under which campaigns; files for wrk to read."""

    people: Path
    slots: Path
    campaigns: Path
    run: str
    """Part of every Idempotency-Key; without it nothing is booked, the tokens are only shown."""

    doses: int = 1
    """So many of a campaign's each booking takes of a person."""


class Pressure(msgspec.Struct, frozen=True, kw_only=True):
    """How hard is asked. Each connection pauses half of `pause_ms_max` on average."""

    connections: int
    seconds: float
    pause_ms_max: int = 0


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One run of wrk. `failed` answers are 400 and above; `broken` are connections without one."""

    answered: int
    seconds: float
    failed: int
    broken: int
    p50_ms: float
    p99_ms: float
    max_ms: float


def write_lines(path: Path, lines: Sequence[object]) -> Path:
    """A file of lines, for its owner alone: tokens are among them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    return path


async def book(url: str, wishes: Wishes, pressure: Pressure) -> Said:
    """Ask at this address; wrk's one thread is its event loop."""
    if shutil.which("wrk") is None:
        raise MistakeError("wrk is not installed; run: apt-get install wrk")
    process = await asyncio.create_subprocess_exec(
        *("wrk", "-t", "1", "-c", str(pressure.connections), "-d", f"{pressure.seconds:.0f}s"),
        *("--timeout", f"{TIMEOUT_SECONDS}s", "-s", str(SCRIPT), url, "--"),
        *(str(path) for path in (wishes.people, wishes.slots, wishes.campaigns)),
        *(wishes.run, str(pressure.pause_ms_max), str(wishes.doses)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    text = out.decode()
    if process.returncode != 0 or SUMMARY not in text:
        raise MistakeError(f"wrk ended with {process.returncode} and said:\n{text}")
    return msgspec.json.decode(text.partition(SUMMARY)[2], type=Said)
