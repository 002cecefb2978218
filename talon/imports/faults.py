"""Which lines of a source cannot be taken, and why?"""

from collections import Counter
from pathlib import Path
from typing import BinaryIO

import msgspec

WHOLE_FILE = 0
"""The line number of what is wrong with a file as a whole."""

REASON_CHARACTERS_MAX = 300
"""What is wrong with a long line is told shortly."""


class LineError(Exception):
    """A line that cannot be taken; `code` is the same for all lines with the same trouble."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason[:REASON_CHARACTERS_MAX]


class SourceError(Exception):
    """A source of which nothing can be taken; the message says why."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One bad line, as it is written to the report.

    `slot` is the slot it speaks of, where that can be read. `hides_slot`: it may speak of a slot
    that nobody can name, so nobody knows either which slots are gone from the source.
    """

    file: str
    line: int
    code: str
    reason: str
    slot: str = ""
    hides_slot: bool = False

    @property
    def where(self) -> str:
        """The place as an editor takes it."""
        return self.file if self.line == WHOLE_FILE else f"{self.file}:{self.line}"


class Faults:
    """All of them counted, the first of each kind kept for people, each written to the report."""

    def __init__(self, shown_max: int, report: Path | None = None) -> None:
        self.by_code: Counter[str] = Counter()
        self.first: dict[str, list[Fault]] = {}
        self.hidden_slots = 0
        self._shown_max = shown_max
        self._file: BinaryIO | None = report.open("wb") if report else None

    @property
    def total(self) -> int:
        """How many there are."""
        return self.by_code.total()

    def note(self, fault: Fault) -> None:
        """One more."""
        self.by_code[fault.code] += 1
        self.hidden_slots += fault.hides_slot
        if self.by_code[fault.code] <= self._shown_max:
            self.first.setdefault(fault.code, []).append(fault)
        if self._file:
            self._file.write(msgspec.json.encode(fault) + b"\n")

    def close(self) -> None:
        """Nothing more comes."""
        if self._file:
            self._file.close()


def from_validation(error: msgspec.ValidationError) -> LineError:
    """What a decoder complains of, under the code that people know it by."""
    said = str(error)
    if "missing required field" in said:
        return LineError("missing_field", said)
    return LineError("bad_capacity" if "capacity" in said else "wrong_value", said)
