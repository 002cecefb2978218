"""Which lines has a file? One at a time, numbered, each no longer than a limit."""

from collections.abc import Iterator
from pathlib import Path

LINE_BYTES_MAX = 64_000
"""A hundred times the longest line of the specification's own example."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def lines_of(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """The number and bytes of each line, with its ending; None in place of one too long."""
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(LINE_BYTES_MAX):
            number += 1
            if len(raw) < LINE_BYTES_MAX or raw.endswith(b"\n"):
                yield number, raw.removeprefix(BYTE_ORDER_MARK) if number == 1 else raw
                continue
            yield number, None
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(LINE_BYTES_MAX)
