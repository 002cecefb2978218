"""How many are told, how does the provider misbehave, how often is the messenger killed?"""

from typing import NamedTuple


class Size(NamedTuple):
    """One campaign; the shares are of all attempts, and the rest is taken and told so."""

    events: int
    kill_seconds: float
    seconds_max: float
    refused: float = 0.20
    """Before it is taken, and perhaps taken another time."""
    hangs: float = 0.10
    """Taken, and no word of it for longer than anybody waits."""
    resets: float = 0.10
    """Taken, and the connection is gone."""
    slow_down: float = 0.05


FULL = Size(events=5_000, kill_seconds=7.0, seconds_max=1_200.0)
SHORT = Size(events=150, kill_seconds=3.0, seconds_max=300.0)

PROFILES = {"full": FULL, "short": SHORT}
