"""How many pages were read, how fast, and how old was the oldest answer?"""

import time
from collections import Counter
from datetime import datetime

import msgspec

from talon.quantiles import quantile

FAILED = 0
"""In place of a status where the connection broke."""


class ReadsSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of all reads; times in milliseconds, ages in seconds."""

    reads: int = 0
    per_second_max: int = 0
    """In the busiest second."""
    statuses: dict[str, int] = {}
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    age_p99_seconds: float = 0.0
    age_max_seconds: float = 0.0
    """How long before it arrived an answer was true: arrival minus its Talon-As-Of."""
    unread: int = 0
    """Owed, but the client did not get round to it."""


class Tally:
    """Counts answers as they come."""

    def __init__(self) -> None:
        self._statuses: Counter[int] = Counter()
        self._seconds: list[float] = []
        self._ages: list[float] = []
        self._busy: Counter[int] = Counter()

    def note(self, status: int, seconds: float, as_of: str) -> None:
        """One answer, and as of when it was true where it says so."""
        now = time.time()
        self._statuses[status] += 1
        self._busy[int(now)] += 1
        if status != FAILED:
            self._seconds.append(seconds)
        if as_of:
            self._ages.append(now - datetime.fromisoformat(as_of).timestamp())

    def summarize(self, unread: int) -> ReadsSummary:
        """The numbers at the end."""
        seconds, ages = sorted(self._seconds), sorted(self._ages)
        return ReadsSummary(
            reads=sum(self._statuses.values()),
            per_second_max=max(self._busy.values(), default=0),
            statuses={str(status): count for status, count in self._statuses.most_common()},
            p50_ms=round(quantile(seconds, 0.50) * 1000, 1),
            p99_ms=round(quantile(seconds, 0.99) * 1000, 1),
            age_p99_seconds=round(quantile(ages, 0.99), 2),
            age_max_seconds=round(ages[-1] if ages else 0.0, 2),
            unread=unread,
        )
