"""How is a person told what happens, on a terminal and in a log file?"""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

LINE_WIDTH = 110
"""Where there is no terminal, lines are not folded at 80 characters."""


def console() -> Console:
    """Standard output: colours on a terminal, plain lines elsewhere."""
    found = Console(highlight=False, soft_wrap=False)
    if not found.is_terminal:
        return Console(highlight=False, width=LINE_WIDTH)
    return found


class Steps:
    """Several things under way at once, each with its bar; without a terminal, a line when done."""

    def __init__(self, out: Console, progress: Progress) -> None:
        self._out = out
        self._progress = progress

    @contextmanager
    def step(self, what: str, total: int) -> Iterator["Step"]:
        """One of them."""
        yield Step(self._out, self._progress, what, total)


class Step:
    """One thing under way."""

    def __init__(self, out: Console, progress: Progress, what: str, total: int) -> None:
        self._out = out
        self._progress = progress
        self._what = what
        self._left = total
        self._id = progress.add_task(what, total=total)

    def count(self) -> None:
        """One more is done."""
        self._progress.advance(self._id)
        self._left -= 1
        if self._left == 0 and not self._out.is_terminal:
            self._out.print(f"  {self._what}: done")


@contextmanager
def steps(out: Console) -> Iterator[Steps]:
    """Bars while the block runs."""
    progress = Progress(
        TextColumn("  {task.description:<14}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=out,
        disable=not out.is_terminal,
    )
    with progress:
        yield Steps(out, progress)
