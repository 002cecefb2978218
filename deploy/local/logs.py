"""What did the parts write, and how is it kept from filling the disk?"""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

LOG_BYTES_MAX = 64 * 1024 * 1024
TAIL_BYTES_MAX = 256 * 1024
FOLLOW_PAUSE_SECONDS = 0.3


def show(folder: Path, part: str | None, *, lines: int, follow: bool) -> int:
    """Print the last lines of one part's log, or of each; go on until Ctrl-C if asked to."""
    paths = sorted(folder.glob("*.log"))
    if part is not None:
        paths = [path for path in paths if path.stem == part]
    if not paths:
        print(f"no log of {part or 'any part'} in {folder}")
        return 1
    ends = {path: path.stat().st_size for path in paths}
    for path in paths:
        for line in tail(path, lines):
            print(f"{path.stem:<10} | {line}")
    while follow:
        time.sleep(FOLLOW_PAUSE_SECONDS)
        for path in paths:
            for line in _added(path, ends):
                print(f"{path.stem:<10} | {line}", flush=True)
    return 0


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a log, however large it is."""
    if not path.exists():
        return []
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - TAIL_BYTES_MAX))
        return log.read().decode(errors="replace").splitlines()[-lines:]


def trim(folder: Path) -> None:
    """Set a log that grew too large aside as *.log.1 and let it begin anew."""
    for path in folder.glob("*.log"):
        if path.stat().st_size > LOG_BYTES_MAX:
            # Its writer keeps the file open and appends, so the file is emptied, not replaced.
            shutil.copyfile(path, path.with_name(f"{path.name}.1"))
            os.truncate(path, 0)


def _added(path: Path, ends: dict[Path, int]) -> Iterator[str]:
    size = path.stat().st_size
    begin = ends[path] if size >= ends[path] else 0
    with path.open("rb") as log:
        log.seek(begin)
        text = log.read()
    # A line still being written waits for its end.
    whole = text[: text.rfind(b"\n") + 1]
    ends[path] = begin + len(whole)
    yield from whole.decode(errors="replace").splitlines()
