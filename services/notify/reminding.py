"""How does a reminder whose time has come get into the ledger, and never ahead of what is fresh?

What is due waits in its own table and is handed over while few messages wait to be sent: so a
hundred thousand reminders of one morning stand behind each confirmation, not before it.
"""

import asyncio
import logging
from datetime import datetime

from services.notify import metrics
from services.notify.config import Config
from services.notify.rules import Message
from services.notify.rules.reminders import Habits, due_of, next_due, reminder_of, told_now
from services.notify.store import Planned, Reminders, Step
from shared import database
from shared.pulse import Pulse

log = logging.getLogger(__name__)

BUSY_SECONDS = 0.1
"""How soon it is looked again while there is more to hand over."""

SILENCE_SECONDS_MAX = 30.0


class Reminding:
    """Hands over what is due, a few at a time. Several processes may do so at once."""

    def __init__(self, config: Config, reminders: Reminders) -> None:
        self.pulse = Pulse(config.reminders_poll_seconds + SILENCE_SECONDS_MAX)
        self._poll_seconds = config.reminders_poll_seconds
        self._at_once_max = config.reminders_at_once_max
        self.habits = Habits.parse(config.reminders, config.reminders_quiet)
        self._reminders = reminders

    async def run(self) -> None:
        """For ever; an outage is waited out."""
        while True:
            self.pulse.beat()
            try:
                busy = await self._turn()
            except database.AWAY as error:
                log.warning("nobody can be reminded now", extra={"error": repr(error)})
                busy = False
            await asyncio.sleep(BUSY_SECONDS if busy else self._poll_seconds)

    async def _turn(self) -> bool:
        """True when there may be more to do at once."""
        written = await self._reminders.hand_over(self._step, at_once_max=self._at_once_max)
        due_seconds = await self._reminders.due_seconds()
        metrics.REMINDERS_DUE_SECONDS.set(due_seconds)
        if written is not None:
            metrics.REMINDERS.inc(written.new)
            metrics.WRITTEN.inc(written.new)
            metrics.settled["no_address"].inc(written.unreached)
            metrics.settled["declined"].inc(written.declined)
        return due_seconds > 0

    def _step(self, planned: Planned, now: datetime) -> Step:
        return step_of(planned, now, self.habits)


def step_of(planned: Planned, now: datetime, habits: Habits) -> Step:
    """What is told now, if anything still is, and when the next is due."""
    starts_at = planned.visit.starts_at
    due = due_of(planned.visit, planned.made_at, habits)
    told, after = told_now(due, now), next_due(due, now)
    if told is None or now >= starts_at:
        return Step(None, after)
    event = reminder_of(
        planned.visit,
        told.before,
        booking_id=planned.booking_id,
        owner_id=planned.owner_id,
        version=planned.version,
        part=planned.part,
        now=now,
    )
    message = Message(event=event, owner_id=planned.owner_id, expires_at=after or starts_at)
    return Step(message, after)
