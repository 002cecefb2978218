"""Does Talon go on soon after each fault, and answer during one, without growing?"""

from collections.abc import Iterator, Sequence

import msgspec

from talon.rush.journal import Line
from tests.faults.schedule import DESKS, REFEREES
from tests.faults.strikes import Struck
from tests.faults.watch import Sample

REFEREE_SECONDS_MAX = 10.0
KAFKA_SECONDS_MAX = 15.0
ALL_SECONDS_MAX = 30.0
POSTGRES_SECONDS_MAX = 15.0
ANSWER_SECONDS_MAX = 2.5
ANSWERED_SHARE_MIN = 0.99
ANSWERS_MIN = 20
"""From fewer no share is told."""
GROWTH_BYTES_MAX = 64 * 1024 * 1024
BOOKS = ("book", "confirm")


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One thing measured against what is allowed."""

    name: str
    found: float
    allowed: float
    unit: str
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """True when it is within what is allowed."""
        return self.found >= self.allowed if self.at_least else self.found <= self.allowed


def measure(
    lines: Sequence[Line], log: Sequence[Struck], samples: Sequence[Sample], ended: float
) -> list[Bar]:
    """Every bar that this campaign's faults call for."""
    return [
        *_progress(lines, log, ended),
        *_answers(lines, log),
        *_growth(samples, log),
    ]


def _progress(lines: Sequence[Line], log: Sequence[Struck], ended: float) -> Iterator[Bar]:
    started: dict[str, float] = {}
    booked: list[tuple[float, float]] = []
    for line in lines:
        start = started.setdefault(line.wish, line.at - line.seconds)
        if line.verdict == "ok" and line.act in BOOKS:
            booked.append((start, line.at))
    for struck in log:
        bar = _bar_of(struck)
        if bar is None:
            continue
        name, since, allowed = bar
        first = min((at for start, at in booked if start >= since), default=ended)
        yield Bar(
            name=f"first new booking after {name}",
            found=round(first - since, 2),
            allowed=allowed,
            unit="s",
        )


def _bar_of(struck: Struck) -> tuple[str, float, float] | None:
    """Since when a new booking is waited for, and how long at most."""
    fault = struck.fault
    at, back = struck.at, struck.until
    match fault.kind, fault.target:
        case "kill", target if target in (*REFEREES, *DESKS):
            return f"kill of {target}", at, REFEREE_SECONDS_MAX
        case "kill", "kafka":
            return "kill of kafka", max(struck.well_at, at), KAFKA_SECONDS_MAX
        case (("kill" | "stop-at-once"), "postgres"):
            return "end of postgres", max(struck.well_at, at), POSTGRES_SECONDS_MAX
        case "kill-all", _:
            return "kill of everything", at, ALL_SECONDS_MAX
        case "away", target:
            return f"{target}'s return", back, KAFKA_SECONDS_MAX
        case _:
            return None


def _answers(lines: Sequence[Line], log: Sequence[Struck]) -> Iterator[Bar]:
    for struck in log:
        if struck.fault.kind != "away":
            continue
        asked = [
            line
            for line in lines
            if line.how != "poll" and struck.at <= line.at - line.seconds <= struck.until
        ]
        soon = [line for line in asked if line.status and line.seconds <= ANSWER_SECONDS_MAX]
        if len(asked) >= ANSWERS_MIN:
            yield Bar(
                name=f"of {len(asked)} answers while {struck.fault.target} is away, within 2.5 s",
                found=round(len(soon) / len(asked), 4),
                allowed=ANSWERED_SHARE_MIN,
                unit="of 1",
                at_least=True,
            )


def _growth(samples: Sequence[Sample], log: Sequence[Struck]) -> Iterator[Bar]:
    """Memory from an outage's beginning to its end, of the process that grew most."""
    for struck in log:
        if struck.fault.kind != "away":
            continue
        within = [s for s in samples if struck.at <= s.at <= struck.until]
        grown, busy = 0.0, 0.0
        for pid in {sample.pid for sample in within}:
            mine = [sample for sample in within if sample.pid == pid]
            grown = max(grown, mine[-1].rss_bytes - mine[0].rss_bytes)
            seconds = mine[-1].at - mine[0].at
            if seconds > 1:
                busy = max(busy, (mine[-1].cpu_seconds - mine[0].cpu_seconds) / seconds)
        if within:
            what = struck.fault.target
            yield Bar(
                name=f"most memory gained while {what} is away",
                found=round(grown / 1024 / 1024, 1),
                allowed=GROWTH_BYTES_MAX / 1024 / 1024,
                unit="MiB",
            )
            yield Bar(
                name=f"most processor taken while {what} is away",
                found=round(busy, 2),
                allowed=0.8,
                unit="of a core",
            )
