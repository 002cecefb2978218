"""When did a part last show that it lives? What waits does so too; what hangs does not."""

import time


class Pulse:
    """One part's sign of life. Before the first one it is given as long as between two."""

    def __init__(self, seconds_max: float) -> None:
        self._seconds_max = seconds_max
        self._beat_at = time.monotonic()

    def beat(self) -> None:
        """It lives now."""
        self._beat_at = time.monotonic()

    def wrong(self) -> str | None:
        """In words, where it has been silent for too long."""
        silent = time.monotonic() - self._beat_at
        return None if silent < self._seconds_max else f"no sign of life for {silent:.0f} s"
