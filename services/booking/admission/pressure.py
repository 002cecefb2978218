"""How do those inside fare? What this front desk sees of it, second by second."""

from services.booking.rules.line import Pressure

SEEN_MAX = 4_096
"""How many answers of one second are looked at."""

NEARLY_ALL = 0.99


class Gauge:
    """Listens to answers while somebody wants to know."""

    def __init__(self) -> None:
        self._seconds: list[float] = []
        self._turned_away = 0

    def answered(self, seconds: float) -> None:
        """Somebody waited so long for an answer."""
        if len(self._seconds) < SEEN_MAX:
            self._seconds.append(seconds)

    def turned_away(self) -> None:
        """Somebody found no seat to wait in."""
        self._turned_away += 1

    def read(self, *, seats_taken: int, seats_max: int) -> Pressure:
        """What was seen since it was last read."""
        seconds, turned_away = sorted(self._seconds), self._turned_away
        self._seconds, self._turned_away = [], 0
        slow = seconds[min(len(seconds) - 1, int(len(seconds) * NEARLY_ALL))] if seconds else 0.0
        return Pressure(
            answer_seconds=slow, seats_share=seats_taken / seats_max, turned_away=turned_away
        )
