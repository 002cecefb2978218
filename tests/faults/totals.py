"""What have several campaigns come to together, and is it as much as a proof needs?"""

from collections import Counter
from collections.abc import Iterator

from tests.faults.bars import Bar
from tests.faults.outcome import Outcome
from tests.faults.schedule import SEEDS

SECONDS_MAX = 20 * 60.0
KILLS_MIN = {"slots": 10, "booking": 5, "notify": 5, "kafka": 5, "postgres": 5}
"""By service: so often one of its processes was ended by a signal, fault points not counted."""
OUTAGES_MIN = 3
OUTAGE_SECONDS_MIN = {"kafka": 60.0, "postgres": 30.0}
LOST_COMMITS_MIN = 50
ASKED_MIN = 50_000


class Totals:
    """Counts over all campaigns of one run."""

    def __init__(self) -> None:
        self.campaigns = 0
        self.asked = 0
        self.requests = 0
        self.booked = 0
        self.lost_commits = 0
        self.kills: Counter[str] = Counter()
        self.outages: dict[str, list[float]] = {"kafka": [], "postgres": []}
        self.broken: Counter[str] = Counter()
        self.is_timed = True

    def add(self, outcome: Outcome) -> None:
        """One campaign more."""
        self.campaigns += 1
        self.asked += outcome.asked
        self.requests += outcome.requests
        self.booked += outcome.booked
        self.lost_commits += outcome.hits["postgres"]
        self.is_timed = self.is_timed and outcome.is_timed
        for struck in outcome.log:
            self.kills.update(struck.killed)
            if struck.fault.kind == "away":
                self.outages[struck.fault.target].append(struck.until - struck.at)
        for finding in outcome.findings:
            self.broken[finding.promise.name] += len(finding.broken)

    def bars(self, seconds: float) -> list[Bar]:
        """What the seeds of the default profile have to reach together."""
        bars = [
            *self._enough(),
            _at_least("answers lost after COMMIT", self.lost_commits, LOST_COMMITS_MIN),
            _at_least("different bookings, holds and confirmations asked", self.asked, ASKED_MIN),
        ]
        if self.is_timed:
            took = round(seconds, 1)
            bars.append(Bar(name="all in all", found=took, allowed=SECONDS_MAX, unit="s"))
        return bars

    def lines(self, seconds: float, *, is_judged: bool) -> Iterator[str]:
        """What is said at the end of a run of several seeds."""
        yield (
            f"{self.campaigns} campaigns: {self.asked:,} bookings, holds and confirmations asked"
            f" in {self.requests:,} requests, {self.booked:,} booked, {seconds:.0f} s"
        )
        yield "  kills: " + ", ".join(f"{n} {part}" for part, n in sorted(self.kills.items()))
        for part, lengths in self.outages.items():
            said = ", ".join(f"{length:.0f} s" for length in lengths)
            yield f"  {part} away {len(lengths)} times: {said or 'never'}"
        broken = ", ".join(f"{name} {n}" for name, n in self.broken.items() if n)
        yield f"  promises broken: {broken or 'none'} (of {len(self.broken)} promises)"
        if not is_judged:
            yield f"  not judged together: that takes {SEEDS} whole seeds of the default profile"
            return
        if not self.is_timed:
            yield "  the machine was too busy for its time to judge anybody"
        for bar in self.bars(seconds):
            yield f"  {bar}"

    def _enough(self) -> Iterator[Bar]:
        killed: Counter[str] = Counter()
        for part, times in self.kills.items():
            killed[part.partition("-")[0]] += times
        for service, allowed in KILLS_MIN.items():
            yield _at_least(f"kills of {service}", killed[service], allowed)
        for part, lengths in self.outages.items():
            yield _at_least(f"outages of {part}", len(lengths), OUTAGES_MIN)
            longest = round(max(lengths, default=0.0), 1)
            at_least = OUTAGE_SECONDS_MIN[part]
            yield _at_least(f"longest outage of {part}", longest, at_least, unit="s")


def _at_least(name: str, found: float, allowed: float, *, unit: str = "") -> Bar:
    return Bar(name=name, found=found, allowed=allowed, unit=unit, at_least=True)
