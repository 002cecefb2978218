"""How does it go? Counted from the journal's lines, one by one, as they are written."""

import time
from collections import Counter, deque
from collections.abc import Iterable
from uuid import UUID

import msgspec

from talon.quantiles import quantile
from talon.reads.tally import ReadsSummary
from talon.rush.arrivals import Morning
from talon.rush.journal import Line

WINDOW_SECONDS = 3.0
POSTS = ("book", "confirm")
"""The acts that are a POST /bookings."""


class Score:
    """All counts of one rush."""

    def __init__(self, places: int, earlier: Iterable[Line] = ()) -> None:
        self.places = places
        self.began = time.monotonic()
        self.arrivals = 0
        self.missed = 0
        self.looks = 0
        """Pages that were read to find another slot."""
        self.lag_seconds = 0.0
        self.gap_seconds = 0.0
        """The longest time without a booking: an outage as the people at the doors saw it."""
        self._booked_at = self.began
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.unsure: Counter[str] = Counter()
        self.answers = 0
        self.post_seconds: list[float] = []
        self._taken: dict[UUID, int] = {}
        self._recent: deque[float] = deque()
        self._granted: set[str] = set()
        for line in earlier:
            if line.verdict == "ok":
                self._seat(line)

    def note(self, line: Line) -> None:
        """Count one line. A wish that is granted twice under one key is one."""
        self.answers += 1
        if line.act in POSTS and line.how == "ask" and line.status:
            self.post_seconds.append(line.seconds)
        match line.verdict:
            case "ok":
                if line.wish not in self._granted:
                    self._granted.add(line.wish)
                    self._grant(line)
            case "refused":
                self.refused[_reason(line)] += 1
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
            now = time.monotonic()
            self._recent.append(now)
            self.gap_seconds = max(self.gap_seconds, now - self._booked_at)
            self._booked_at = now
        self._seat(line)

    def _seat(self, line: Line) -> None:
        """Who has how many seats now, as far as the answers say."""
        key = line.booking or line.about
        if key is None:
            return
        if line.act in ("cancel", "release"):
            self._taken.pop(key, None)
        else:
            self._taken[key] = len(line.given) or self._taken.get(key, 0)


def _reason(line: Line) -> str:
    """The code; what only turned out later is named by the reason that the booking then shows."""
    code = line.code or str(line.status)
    return f"{code} (later)" if line.how == "poll" else code


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a rush in numbers."""

    seconds: float
    rate: float
    rise: float
    arrivals: int
    missed: int
    answers: int
    looks: int
    pages: ReadsSummary
    bookings: int
    bookings_per_second: float
    done: dict[str, int]
    refused: dict[str, int]
    unsure: dict[str, int]
    p50_ms: float
    p99_ms: float
    max_ms: float
    lag_ms: float
    gap_seconds: float
    places: int
    places_left: int


def summarize(score: Score, morning: Morning, pages: ReadsSummary) -> Summary:
    """The numbers at the end; bookings per second over the time in which people came."""
    posts = sorted(score.post_seconds)
    return Summary(
        seconds=morning.seconds,
        rate=morning.peak,
        rise=morning.rise,
        arrivals=score.arrivals,
        missed=score.missed,
        answers=score.answers,
        looks=score.looks,
        pages=pages,
        bookings=score.bookings,
        bookings_per_second=round(score.bookings / morning.seconds, 1),
        done=dict(score.done.most_common()),
        refused=dict(score.refused.most_common()),
        unsure=dict(score.unsure.most_common()),
        p50_ms=_milliseconds(quantile(posts, 0.50)),
        p99_ms=_milliseconds(quantile(posts, 0.99)),
        max_ms=_milliseconds(posts[-1] if posts else 0.0),
        lag_ms=_milliseconds(score.lag_seconds),
        gap_seconds=round(score.gap_seconds, 2),
        places=score.places,
        places_left=score.places_left,
    )


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
