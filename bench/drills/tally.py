"""What happened in each second of a drill?"""

import time
from collections import Counter, defaultdict

import msgspec

from talon.doors import Answer
from talon.quantiles import quantile
from talon.rush.journal import Line

SHED = (429, 503)


class Second(msgspec.Struct, frozen=True, kw_only=True):
    """One second of it. Times are in milliseconds; `queue_ms` is the referee's, None if it decided
    nothing; `serving` and `waiting`, the line's head and length, where the room was not asked.
    """

    arrived: int
    admitted: int
    booked: int
    left: int
    refused: dict[str, int]
    p50_ms: float | None
    p99_ms: float | None
    queue_ms: float | None
    serving: int | None
    waiting: int | None


class Tally:
    """Counts, by the second."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.totals: Counter[str] = Counter()
        self.slowest_shed_ms = 0.0
        self._counts: dict[int, Counter[str]] = defaultdict(Counter)
        self._refused: dict[int, Counter[str]] = defaultdict(Counter)
        self._took: dict[int, list[float]] = defaultdict(list)
        self._queue: dict[int, float] = {}
        self._serving: dict[int, int] = {}
        self._waiting: dict[int, int] = {}
        self._granted: set[str] = set()

    @property
    def second(self) -> int:
        """The one that it is now."""
        return int(time.monotonic() - self.began)

    def count(self, what: str) -> None:
        """One more of this now."""
        self.totals[what] += 1
        self._counts[self.second][what] += 1

    def heard(self, answer: Answer) -> None:
        """An answer of the waiting room: how long who was turned away by it had to wait."""
        if answer.status in SHED:
            self.slowest_shed_ms = max(self.slowest_shed_ms, answer.seconds * 1000)

    def note(self, line: Line) -> None:
        """An answer to a booking."""
        if line.how == "ask" and line.status:
            self._took[self.second].append(line.seconds * 1000)
        if line.verdict == "ok" and line.wish not in self._granted:
            self._granted.add(line.wish)
            self.count("booked")
        elif line.verdict != "ok":
            code = line.code or line.verdict
            self.totals[f"refused: {code}"] += 1
            self._refused[self.second][code] += 1

    def queued(self, milliseconds: float) -> None:
        """How long commands wait for the referee, now."""
        self._queue[self.second] = milliseconds

    def stood(self, *, people: int, serving: int) -> None:
        """How far the line has come, now."""
        self._serving[self.second] = serving
        self._waiting[self.second] = max(0, people - serving)

    def took(self) -> list[float]:
        """How long every booking's first answer took, in milliseconds, in order."""
        return sorted(ms for taken in self._took.values() for ms in taken)

    def seconds(self) -> list[Second]:
        """All of them, from the first."""
        return [self._second(nth) for nth in range(self.second + 1)]

    def _second(self, nth: int) -> Second:
        took = sorted(self._took.get(nth, ()))
        counts = self._counts.get(nth, Counter())
        return Second(
            arrived=counts["arrived"],
            admitted=counts["admitted"],
            booked=counts["booked"],
            left=counts["left"],
            refused=dict(self._refused.get(nth, {})),
            p50_ms=round(quantile(took, 0.5), 1) if took else None,
            p99_ms=round(quantile(took, 0.99), 1) if took else None,
            queue_ms=self._queue.get(nth),
            serving=self._serving.get(nth),
            waiting=self._waiting.get(nth),
        )
