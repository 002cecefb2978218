"""What came of one campaign, and is it clean?"""

import msgspec

from tests.faults.bars import Bar
from tests.faults.checks import Finding
from tests.faults.history import History
from tests.faults.stages import Stages
from tests.faults.strikes import Struck

JUDGED_SHARE_MIN = 0.8
"""Where fewer of the bars can be judged, the machine was too busy for any clock."""


class Outcome(msgspec.Struct, kw_only=True):
    """What came of one campaign."""

    seed: int
    log: list[Struck]
    findings: list[Finding]
    bars: list[Bar]
    history: History
    unrest: str
    unanswered: int
    asked: int
    """Different wishes for a booking, a hold, or a hold's booking."""
    requests: int
    """How often they were asked for, under the same key as often as it took."""
    booked: int
    changes: int
    hits: dict[str, int]
    looks: dict[str, int]
    poison: int
    stages: Stages
    lag_seconds: float
    """How late the client itself was at most."""

    @property
    def is_true(self) -> bool:
        """True when every promise is kept, however slow the machine was."""
        said = self.unrest or self.unanswered
        return not said and not any(finding.broken for finding in self.findings)

    @property
    def is_timed(self) -> bool:
        """False on a machine so busy that the client's clock judges few."""
        judged = sum(bar.is_judged for bar in self.bars)
        return judged >= len(self.bars) * JUDGED_SHARE_MIN

    @property
    def is_clean(self) -> bool:
        """True when besides every bar is met that can be judged."""
        return self.is_true and not any(bar.is_red for bar in self.bars)
