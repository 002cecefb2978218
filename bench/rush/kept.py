"""How many bookings a second can be kept, so that nobody falls further behind?"""

import msgspec

from bench.rush.measure import Run

GROWTH_MAX = 0.02
"""Of the rate: so much the lag may seem to grow by chance."""

STEP = 0.12
NEAR = 0.06
"""The highest rate that is kept and the lowest that is not are so near when the search ends."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One pace that was tried."""

    wanted: float
    run: Run

    @property
    def kept(self) -> bool:
        """Everybody was answered, and the lag did not grow."""
        answered = self.run.undecided + self.run.failed + self.run.broken == 0
        return answered and self.run.lag_growth <= GROWTH_MAX * self.run.per_second


class Search:
    """Ever nearer to the highest rate that is kept."""

    def __init__(self, first: float) -> None:
        self.wanted = first
        self.kept: Step | None = None
        self._too_much = float("inf")

    @property
    def done(self) -> bool:
        """Whether the next step would tell little more."""
        return self.kept is not None and self._too_much < self.kept.wanted * (1 + NEAR)

    def learn(self, step: Step) -> None:
        """Faster or slower next time."""
        if step.kept and (self.kept is None or step.wanted > self.kept.wanted):
            self.kept = step
        elif not step.kept:
            self._too_much = min(self._too_much, step.wanted)
        if self.kept is None:
            self.wanted = step.wanted * (1 - STEP)
        elif self._too_much == float("inf"):
            self.wanted = step.wanted * (1 + STEP)
        else:
            self.wanted = (self.kept.wanted + self._too_much) / 2
