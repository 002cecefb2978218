"""What was asked and answered, word for word? The witness against whom the system is checked.

One line per answer, written before anything is counted. A wish is named by its Idempotency-Key; all
lines with that name are about the same wish.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

import msgspec

Act = Literal["book", "hold", "confirm", "release", "cancel", "move"]
How = Literal["ask", "again", "poll"]
Verdict = Literal["ok", "refused", "away", "pending", "unknown"]
"""ok and refused are definite; away: nothing was handed over; the rest may have been done."""


class Seat(msgspec.Struct, frozen=True):
    """One seat: asked for when it has no id, given when it has one."""

    slot_id: UUID
    patient_id: UUID | None = None
    dose: int | None = None
    id: UUID | None = None


class Offer(msgspec.Struct, frozen=True):
    """What is held for whoever was refused: a slot instead of the one that was full."""

    slot_id: UUID
    hold_id: UUID


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One answer, or the silence in its place."""

    at: float
    """When it came, in seconds since 1970 by the client's clock."""
    wish: str
    act: Act
    how: How
    owner: UUID
    verdict: Verdict
    status: int = 0
    code: str = ""
    seconds: float = 0.0
    about: UUID | None = None
    """The booking or hold that the wish is about, where it is about an older one."""
    asked: tuple[Seat, ...] = ()
    campaign: UUID | None = None
    booking: UUID | None = None
    state: str = ""
    version: int = 0
    given: tuple[Seat, ...] = ()
    expires_at: datetime | None = None
    offered: tuple[Offer, ...] = ()


class Journal:
    """The file. A line is in the kernel's hands when `write` returns, whoever is killed then."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._encode = msgspec.json.Encoder().encode

    def write(self, line: Line) -> None:
        """Append one line in one write."""
        os.write(self._file, self._encode(line) + b"\n")

    def close(self) -> None:
        """Nothing is buffered; the file is merely let go."""
        os.close(self._file)


def folder_in(home: Path) -> Path:
    """Where a stack keeps the journals of all rushes it has seen, one file each."""
    return home / "journal"


def journals_in(home: Path) -> list[Path]:
    """Their files, oldest first."""
    return sorted(folder_in(home).glob("rush-*.ndjson"))


def new_journal(home: Path) -> Path:
    """The file of the next rush."""
    return folder_in(home) / f"rush-{len(journals_in(home)) + 1:03}.ndjson"


def read(path: Path) -> Iterator[Line]:
    """All its lines in order; one that was cut off by a kill is the last, and is left out."""
    decode = msgspec.json.Decoder(Line).decode
    with path.open("rb") as file:
        for text in file:
            if text.endswith(b"\n"):
                yield decode(text)
