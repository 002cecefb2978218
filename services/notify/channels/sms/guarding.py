"""Who is kept from making us pay for messages that nobody reads? Whoever is over a limit.

A refusal here is certain: the message has failed by this channel and falls over to the next.
"""

import logging
from typing import Protocol
from uuid import UUID

from services.notify import metrics
from services.notify.channels import Dispatch, Line, Provider
from services.notify.channels.around import Around, AroundLine
from services.notify.rules import NEVER, Accepted, NotHandedOver, Outcome, Refused, Unanswered
from services.notify.rules.pumping import Why, is_due
from services.notify.rules.reminders import VisitReminder
from services.notify.rules.replies import reminder_asked
from services.notify.rules.trouble import GUARD
from shared.database import is_outage

log = logging.getLogger(__name__)

STAGE = "the guard against pumping"


class Counts(Protocol):
    """Counts what goes where."""

    async def ask(
        self, key: UUID, phone: str, *, due: bool, reminder: VisitReminder | None = None
    ) -> Why | None:
        """Count one message to this number; or which limit it would be over, and nothing is.

        The `reminder` that it is may be answered from there from now on.
        """

    async def give_back(self, key: UUID) -> None:
        """It was certainly not taken."""


class Guarded(Around):
    """A provider of text messages, and the guard before it."""

    def __init__(self, provider: Provider, counts: Counts) -> None:
        super().__init__(provider)
        self._counts = counts

    def line(self) -> "GuardedLine":
        """One more line."""
        return GuardedLine(self._provider.line(), self._counts)


class GuardedLine(AroundLine):
    """A line that asks the guard first."""

    def __init__(self, line: Line, counts: Counts) -> None:
        super().__init__(line)
        self._counts = counts

    async def send(self, dispatch: Dispatch) -> Outcome:
        """Counted before it is handed over; given back when it certainly was not taken."""
        try:
            why = await self._counts.ask(
                dispatch.key,
                dispatch.recipient,
                due=is_due(dispatch.event),
                reminder=reminder_asked(dispatch.event),
            )
        except Exception as error:
            if not is_outage(error):
                raise
            return NotHandedOver(GUARD)
        if why is not None:
            metrics.guarded[why].inc()
            return Refused(NEVER, f"{STAGE}: {why}")
        outcome = await self._line.send(dispatch)
        if not isinstance(outcome, Accepted | Unanswered):
            await self._give_back(dispatch.key)
        return outcome

    async def _give_back(self, key: UUID) -> None:
        try:
            await self._counts.give_back(key)
        except Exception as error:
            # It counts as sent for a while; that is over by itself.
            if not is_outage(error):
                raise
            log.warning("a count was not given back", extra={"error": repr(error)})
