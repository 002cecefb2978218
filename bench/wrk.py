"""How many pages a second does a native client get? wrk, run for some seconds, and what it says."""

import asyncio
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from talon.mistakes import MistakeError

PER_SECOND = re.compile(r"Requests/sec:\s+([\d.]+)")
P99 = re.compile(r"99%\s+([\d.]+)(us|ms|s)")
OTHERS = re.compile(r"Non-2xx or 3xx responses: (\d+)")
BROKEN = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")
MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}

SCRIPT = """
local pages = {%s}
local pause_max = %d
local n = 0
if pause_max > 0 then
  delay = function() return math.random(0, pause_max) end
end
request = function()
  n = n %% #pages + 1
  return wrk.format("GET", pages[n])
end
"""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One run of wrk."""

    per_second: float
    p99_ms: float
    failed: int
    """Answers that were neither 2xx nor 3xx, and connections that broke."""


async def read(
    origin: str,
    paths: Sequence[str],
    *,
    seconds: float,
    threads: int = 1,
    connections: int = 64,
    pause_ms_max: int = 0,
) -> Said:
    """Ask for the paths in turn, over so many connections, as fast as answers come.

    With a pause each connection waits half of it on average before it asks for the next.
    """
    if shutil.which("wrk") is None:
        raise MistakeError("wrk is not installed; run: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "pages.lua"
        pages = ", ".join(f'"{path}"' for path in paths)
        script.write_text(SCRIPT % (pages, pause_ms_max), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            "wrk",
            *("-t", str(threads), "-c", str(connections), "-d", f"{seconds:.0f}s"),
            *("--latency", "-s", str(script), origin),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
    if process.returncode != 0:
        raise MistakeError(f"wrk ended with {process.returncode}")
    return _parsed(said.decode())


def _parsed(said: str) -> Said:
    per_second, p99, others = PER_SECOND.search(said), P99.search(said), OTHERS.search(said)
    if per_second is None or p99 is None:
        raise MistakeError(f"wrk said something else than expected:\n{said}")
    broken = BROKEN.search(said)
    failed = sum(int(count) for count in broken.groups()) if broken is not None else 0
    return Said(
        per_second=float(per_second[1]),
        p99_ms=float(p99[1]) * MILLISECONDS[p99[2]],
        failed=failed + (int(others[1]) if others is not None else 0),
    )
