"""Where does the time of a campaign go?"""

import time


class Stages:
    """A stop watch that is pressed at the end of each stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._since = time.monotonic()

    def done(self, stage: str) -> None:
        """All since the last press was this stage."""
        now = time.monotonic()
        self.spent[stage] = self.spent.get(stage, 0.0) + now - self._since
        self._since = now

    def told(self) -> str:
        """In words, in the order in which they came."""
        return ", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in self.spent.items())
