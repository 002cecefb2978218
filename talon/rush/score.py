"""How does it go? Counted from the journal's lines, one by one, as they are written."""

import time
from collections import Counter, deque
from uuid import UUID

import msgspec

from talon.rush.journal import Line

WINDOW_SECONDS = 3.0
POSTS = ("book", "confirm")
"""The acts that are a POST /bookings."""


class Score:
    """All counts of one rush."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.began = time.monotonic()
        self.arrivals = 0
        self.missed = 0
        self.reads = 0
        self.lag_seconds = 0.0
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.unsure: Counter[str] = Counter()
        self.answers = 0
        self.post_seconds: list[float] = []
        self._taken: dict[UUID, int] = {}
        self._recent: deque[float] = deque()
        self._granted: set[tuple[str, str]] = set()

    def note(self, line: Line) -> None:
        """Count one line. A wish that is granted twice under one key is one."""
        self.answers += 1
        if line.act in POSTS and line.how == "ask" and line.status:
            self.post_seconds.append(line.seconds)
        match line.verdict:
            case "ok":
                if (line.wish, line.act) not in self._granted:
                    self._granted.add((line.wish, line.act))
                    self._grant(line)
            case "refused":
                self.refused[line.code or str(line.status)] += 1
            case "away" | "pending" | "unknown":
                self.unsure[line.code or line.verdict] += 1

    @property
    def places_left(self) -> int:
        """As far as the answers say; a hold that ran out untold still counts as taken."""
        return self.places - sum(self._taken.values())

    @property
    def bookings(self) -> int:
        """How many were granted, from a hold or at once."""
        return self.done["book"] + self.done["confirm"]

    def bookings_per_second(self) -> float:
        """Over the last few seconds."""
        now = time.monotonic()
        while self._recent and self._recent[0] < now - WINDOW_SECONDS:
            self._recent.popleft()
        return len(self._recent) / min(WINDOW_SECONDS, max(0.5, now - self.began))

    def _grant(self, line: Line) -> None:
        self.done[line.act] += 1
        if line.act in POSTS:
            self._recent.append(time.monotonic())
        key = line.booking or line.about
        if key is None:
            return
        if line.act in ("cancel", "release"):
            self._taken.pop(key, None)
        else:
            self._taken[key] = len(line.given) or self._taken.get(key, 0)


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a rush in numbers."""

    seconds: float
    rate: float
    arrivals: int
    missed: int
    answers: int
    reads: int
    bookings: int
    bookings_per_second: float
    done: dict[str, int]
    refused: dict[str, int]
    unsure: dict[str, int]
    p50_ms: float
    p99_ms: float
    max_ms: float
    lag_ms: float
    places: int
    places_left: int


def summarize(score: Score, *, seconds: float, rate: float) -> Summary:
    """The numbers at the end; bookings per second over the time in which people came."""
    posts = sorted(score.post_seconds)
    return Summary(
        seconds=seconds,
        rate=rate,
        arrivals=score.arrivals,
        missed=score.missed,
        answers=score.answers,
        reads=score.reads,
        bookings=score.bookings,
        bookings_per_second=round(score.bookings / seconds, 1),
        done=dict(score.done.most_common()),
        refused=dict(score.refused.most_common()),
        unsure=dict(score.unsure.most_common()),
        p50_ms=_milliseconds(quantile(posts, 0.50)),
        p99_ms=_milliseconds(quantile(posts, 0.99)),
        max_ms=_milliseconds(posts[-1] if posts else 0.0),
        lag_ms=_milliseconds(score.lag_seconds),
        places=score.places,
        places_left=score.places_left,
    )


def quantile(ordered: list[float], share: float) -> float:
    """The value that this share of the ordered values does not exceed; 0 where there are none."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
