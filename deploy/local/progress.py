"""How is a person told what happens, while it happens?"""

from pathlib import Path


def say(subject: str, text: str) -> None:
    """One line about one part of the stack, at once."""
    print(f"  {subject:<10} {text}", flush=True)


class Follower:
    """Shows what another process adds to a log from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = path.stat().st_size if path.exists() else 0

    def show(self) -> None:
        """Print what is new since the last time."""
        if not self._path.exists():
            return
        with self._path.open("rb") as log:
            log.seek(self._position)
            text = log.read()
        self._position += len(text)
        if text:
            print(text.decode(errors="replace"), end="", flush=True)
