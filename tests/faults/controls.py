"""Does a campaign go red when a guard is missing? Each is taken out of a copy of this checkout."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from deploy.local.settings import CHECKOUT
from deploy.local.stack import HOMES

COPIES = HOMES / "without"
QUERIES = "shared/sql/queries.sql"
REFEREE = "services/slots/sql/referee.sql"


class Patch(msgspec.Struct, frozen=True):
    """One text in one file, and what stands there instead."""

    path: str
    old: str
    new: str


class Control(msgspec.Struct, frozen=True):
    """A guard, and what takes it out."""

    guard: str
    patches: tuple[Patch, ...]
    late: bool = False
    """Taken out once the city is there: without it not even that would come to be."""


CONTROLS = (
    Control(
        "fence",
        (
            Patch(
                QUERIES,
                " WHERE topic = $1 AND owner = $2\n ORDER BY partition\n   FOR UPDATE;",
                " WHERE topic = $1 AND $2::uuid IS NOT NULL\n ORDER BY partition;",
            ),
            Patch(
                QUERIES,
                "WHERE s.topic = $1 AND s.owner = $2 AND s.partition = n.partition",
                "WHERE s.topic = $1 AND $2::uuid IS NOT NULL AND s.partition = n.partition",
            ),
        ),
        late=True,
    ),
    Control(
        "slot-locks",
        (
            Patch(REFEREE, "\n   FOR NO KEY UPDATE OF s;", ";"),
            # The second guard, should the lock ever be missing.
            Patch(REFEREE, "s.id = n.id AND s.version = n.version_before", "s.id = n.id"),
        ),
    ),
    Control(
        "outbox-order",
        (
            # Each row goes when it pleases, as if each were sent by somebody else.
            Patch(
                "shared/outbox.py",
                "                self._window.append(row)\n                await self._send(row)\n",
                "                self._window.append(row)\n"
                "                asyncio.get_running_loop().call_later(\n"
                "                    (row.seq % 5) * 0.01,\n"
                "                    lambda row=row: asyncio.ensure_future(self._send(row)),\n"
                "                )\n",
            ),
        ),
        late=True,
    ),
    Control(
        "deduplication",
        (
            Patch(
                REFEREE,
                "WHERE id = ANY ($1::uuid[]);\n\n-- name: slots_of",
                "WHERE id = ANY ($1::uuid[]) AND false;\n\n-- name: slots_of",
            ),
            Patch(
                REFEREE,
                "FROM unnest($3::given_answer[]) AS n",
                "FROM unnest($3::given_answer[]) AS n ON CONFLICT (id) DO UPDATE"
                " SET outcome = excluded.outcome, reply = excluded.reply",
            ),
        ),
    ),
    Control(
        "claims-constraint",
        (
            Patch(
                "services/slots/sql/migrations/0001_places.sql",
                "CREATE UNIQUE INDEX one_live_place_per_claim",
                "CREATE INDEX one_live_place_per_claim",
            ),
        ),
    ),
)
NAMES = tuple(control.guard for control in CONTROLS)


def run(guard: str, arguments: Sequence[str]) -> tuple[int, str]:
    """A campaign without this guard: its exit code, and what it said."""
    control = next(control for control in CONTROLS if control.guard == guard)
    copy = COPIES / guard
    shutil.rmtree(copy, ignore_errors=True)
    try:
        _copy_checkout(copy)
        words = [*arguments, *(("--late", guard) if control.late else ())]
        if not control.late:
            take_out(guard, copy)
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults", *words],
            cwd=copy,
            env=os.environ | {"PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def take_out(guard: str, copy: Path) -> None:
    """Out of this copy; processes that start from now on are without it."""
    if copy.parent.name != COPIES.name:
        raise RuntimeError(f"{copy} is no copy that was made to be without a guard")
    for control in CONTROLS:
        for patch in control.patches if control.guard == guard else ():
            _apply(copy / patch.path, patch)


def _copy_checkout(copy: Path) -> None:
    """All that is the project's, and the broker's jars as they are."""
    for folder in ("deploy", "services", "shared", "talon", "tests", "web"):
        shutil.copytree(
            CHECKOUT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    (copy / ".talon").mkdir()
    (copy / ".talon" / "kafka").symlink_to((HOMES / "kafka").resolve())


def _apply(path: Path, patch: Patch) -> None:
    """A guard that is not where it was is no reason to say that it was missed."""
    text = path.read_text(encoding="utf-8")
    if text.count(patch.old) != 1:
        raise RuntimeError(f"{patch.path} has {text.count(patch.old)} times: {patch.old!r}")
    path.write_text(text.replace(patch.old, patch.new), encoding="utf-8")
