"""How much may announcements cost on a channel that is paid by the message? So many a day.

Only what is announced to many is counted: nobody's own visit is ever too dear. Who cannot be told
by this channel any more today is told by their next.
"""

from typing import Protocol

from services.notify.channels import Dispatch, Line, Provider
from services.notify.channels.around import Around, AroundLine
from services.notify.rules import NEVER, Channel, NotHandedOver, Outcome, Refused
from services.notify.rules.messages import Announced
from services.notify.rules.trouble import GUARD
from shared.database import is_outage

STAGE = "the day's budget of announcements"


class Spends(Protocol):
    """Counts what announcements cost."""

    async def afford(self, channel: Channel, most: int) -> bool:
        """One more today, if there were fewer than so many; False where nothing is left."""


class Budgeted(Around):
    """A provider, and the day's budget before it."""

    def __init__(
        self, provider: Provider, spending: Spends, announcements_per_day_max: int
    ) -> None:
        super().__init__(provider)
        self._spending = spending
        self._most = announcements_per_day_max

    def line(self) -> Line:
        """One more line."""
        return BudgetedLine(self._provider.line(), self.channel, self._spending, self._most)


class BudgetedLine(AroundLine):
    """A line that asks what is left before it announces anything."""

    def __init__(self, line: Line, channel: Channel, spending: Spends, most: int) -> None:
        super().__init__(line)
        self._channel: Channel = channel
        self._spending = spending
        self._most = most

    async def send(self, dispatch: Dispatch) -> Outcome:
        """Counted before it is handed over, at each attempt: what was asked for may be charged."""
        if self._most and isinstance(dispatch.event, Announced):
            try:
                affordable = await self._spending.afford(self._channel, self._most)
            except Exception as error:
                if not is_outage(error):
                    raise
                return NotHandedOver(GUARD)
            if not affordable:
                return Refused(NEVER, STAGE)
        return await self._line.send(dispatch)
