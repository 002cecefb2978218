"""When do visits open, and what happens to them though nobody does anything?

Each process looks every few seconds; who looks at the same does nothing twice: a place becomes one
visit, and of a visit that is locked another process keeps off.
"""

import asyncio
import logging
from datetime import datetime

from services.booking import metrics
from services.booking.config import Config
from services.booking.pending import SILENCE_SECONDS_MAX
from services.booking.rules.televisits import Limits, Steps, Visit, by_itself
from services.booking.store import Televisits
from services.booking.store.database import OUTAGES
from services.booking.store.televisits import Kept
from shared.pulse import Pulse

log = logging.getLogger(__name__)


def limits_of(config: Config) -> Limits:
    """How long for what of a visit, as it is set."""
    return Limits(
        before=config.visit_before_seconds,
        after=config.visit_after_seconds,
        patient=config.visit_patient_seconds,
        practitioner=config.visit_practitioner_seconds,
        silent=config.visit_silent_seconds,
        admitted=config.visit_admitted_seconds_max,
    )


class Attendant:
    """Opens visits in time, and lets happen what happens by rule."""

    def __init__(self, visits: Televisits) -> None:
        self._visits = visits
        self._opened_at: datetime | None = None
        self.pulse = Pulse(SILENCE_SECONDS_MAX)

    async def run(self, *, sweep_seconds: float, visits_max: int) -> None:
        """Look for ever; an outage is waited out."""
        while True:
            swept = 0
            self.pulse.beat()
            try:
                swept = await self.sweep(visits_max)
            except OUTAGES as error:
                log.warning("visits wait", extra={"error": repr(error)})
            if swept < visits_max:
                await asyncio.sleep(sweep_seconds)

    async def sweep(self, visits_max: int) -> int:
        """Open what is to be open and take the steps that are due; returns how many these were."""
        self._opened_at = await self._visits.open(self._opened_at)
        steps = await self._visits.sweep(self._happens, visits_max)
        for step in steps:
            metrics.visit_steps["rule", step].inc()
        return len(steps)

    def _happens(self, kept: Kept) -> tuple[Steps, Visit]:
        return by_itself(kept.visit, kept.at, self._visits.limits, is_booked=kept.is_booked)
