"""Where does a process spend its time? py-spy looks a hundred times a second."""

import asyncio
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

import msgspec

from talon.mistakes import MistakeError

PROGRAM = Path(sys.executable).with_name("py-spy")
LOOKS_PER_SECOND = 100
FRAME = re.compile(r"^(.*) \((.*?)(?::\d+)?\)$")
FUNCTIONS_MAX = 20

PARTS = (
    ("aiohttp", ("aiohttp/", "multidict/", "yarl/")),
    ("Kafka's client", ("aiokafka/", "kafka/")),
    ("PostgreSQL's client", ("asyncpg/",)),
    ("who may do what", ("jwt/", "cryptography/", "shared/auth.py", "shared/policy/")),
    ("metrics", ("prometheus_client/",)),
    ("Talon's own code", ("services/", "shared/")),
)
"""By whose code was running; the first that fits. What is left is asyncio's and Python's own."""

REST = "asyncio and Python"


class NotSeenError(MistakeError):
    """py-spy may not look into other processes here, as in most containers."""


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of the time that one process was busy."""

    looks: int
    parts: dict[str, float]
    functions: dict[str, float]
    """The functions that ran themselves, without what they called."""


async def look(pid: int, *, seconds: float) -> Where:
    """Watch while it works."""
    if not PROGRAM.exists():
        raise MistakeError("py-spy is not installed; run: make setup")
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        process = await asyncio.create_subprocess_exec(
            *(str(PROGRAM), "record", "--pid", str(pid), "--nonblocking", "--format", "raw"),
            *("--rate", str(LOOKS_PER_SECOND), "--duration", f"{seconds:.0f}"),
            *("--output", str(raw)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        if process.returncode != 0:
            raise NotSeenError(f"py-spy could not look: {said.decode().strip()}")
        return seen(raw.read_text(encoding="utf-8"))


def seen(raw: str) -> Where:
    functions: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    for line in raw.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        name, file = _frame(frames[-1])
        functions[f"{name} ({file})"] += int(count)
        parts[_part(frames)] += int(count)
    looks = max(1, functions.total())
    return Where(
        looks=looks,
        parts={name: round(n / looks, 3) for name, n in parts.most_common()},
        functions={name: round(n / looks, 3) for name, n in functions.most_common(FUNCTIONS_MAX)},
    )


def _frame(frame: str) -> tuple[str, str]:
    found = FRAME.match(frame)
    return (found[1], found[2]) if found is not None else (frame, "")


def _part(frames: list[str]) -> str:
    """Whose code it is: the innermost frame's, or of whoever called Python's own."""
    for frame in reversed(frames):
        file = _frame(frame)[1]
        for part, folders in PARTS:
            if file.startswith(folders):
                return part
        if file.startswith("asyncio/") or "uvloop" in file:
            return REST
    return REST
