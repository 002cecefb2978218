"""Does Talon go on soon after each fault, and answer during one, without growing?"""

from collections.abc import Iterator, Sequence

import msgspec

from talon.rush.journal import Line
from tests.faults.lateness import Lateness
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
    is_judged: bool = True
    """False where the client was so late itself then that its clock judges nobody."""

    @property
    def is_red(self) -> bool:
        """True where it is judged, and not met."""
        return self.is_judged and not self.is_met

    @property
    def is_met(self) -> bool:
        """True when it is within what is allowed."""
        return self.found >= self.allowed if self.at_least else self.found <= self.allowed

    def __str__(self) -> str:
        """One line of a report."""
        sign = "at least" if self.at_least else "at most"
        found = f"{self.found:,} {self.unit}".rstrip()
        verdict = "  <-- NOT MET" if self.is_red else ""
        if not self.is_judged:
            verdict = "  (the client itself was late then: not judged)"
        return f"{self.name}: {found} ({sign} {self.allowed:,}){verdict}"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the bars are measured by."""

    lines: Sequence[Line]
    log: Sequence[Struck]
    samples: Sequence[Sample]
    lateness: Lateness
    ended: float


def measure(seen: Seen) -> list[Bar]:
    """Every bar that this campaign's faults call for."""
    return [*_progress(seen), *_answers(seen), *_growth(seen)]


def _progress(seen: Seen) -> Iterator[Bar]:
    started: dict[str, float] = {}
    booked: list[tuple[float, float]] = []
    for line in seen.lines:
        start = started.setdefault(line.wish, line.at - line.seconds)
        if line.verdict == "ok" and line.act in BOOKS:
            booked.append((start, line.at))
    for struck in seen.log:
        bar = _bar_of(struck)
        if bar is None:
            continue
        name, since, allowed = bar
        first = min((at for start, at in booked if start >= since), default=seen.ended)
        yield Bar(
            name=f"first new booking after {name}",
            found=round(first - since, 2),
            allowed=allowed,
            unit="s",
            is_judged=seen.lateness.may_judge(since, first),
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


def _answers(seen: Seen) -> Iterator[Bar]:
    """Of those that the client was in time for; how many others there were is told."""
    for struck in seen.log:
        if struck.fault.kind != "away":
            continue
        asked = [
            line
            for line in seen.lines
            if line.how != "poll" and struck.at <= line.at - line.seconds <= struck.until
        ]
        timed = [a for a in asked if seen.lateness.may_judge(a.at - a.seconds, a.at)]
        soon = [line for line in timed if line.status and line.seconds <= ANSWER_SECONDS_MAX]
        if len(timed) >= ANSWERS_MIN:
            late = len(asked) - len(timed)
            said = f" ({late} more while the client itself was late)" if late else ""
            yield Bar(
                name=f"of {len(timed)} answers while {struck.fault.target} is away{said},"
                " within 2.5 s",
                found=round(len(soon) / len(timed), 4),
                allowed=ANSWERED_SHARE_MIN,
                unit="of 1",
                at_least=True,
            )


def _growth(seen: Seen) -> Iterator[Bar]:
    """Memory from an outage's beginning to its end, of the process that grew most."""
    for struck in seen.log:
        if struck.fault.kind != "away":
            continue
        within = [s for s in seen.samples if struck.at <= s.at <= struck.until]
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
