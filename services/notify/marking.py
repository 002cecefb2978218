"""How is noted what became of messages, by whoever sent them? However long that takes."""

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from services.notify import metrics
from services.notify.rules import Mark
from services.notify.store import Ledger, Receipts
from shared.database import is_outage

log = logging.getLogger(__name__)

OUTAGE_SECONDS = 0.1


class Marking:
    """Notes what is known, and looks for receipts that were quicker."""

    def __init__(self, provider: str, ledger: Ledger, receipts: Receipts) -> None:
        self._provider = provider
        self._ledger = ledger
        self._receipts = receipts

    async def note(self, claimer: UUID, marks: Sequence[tuple[int, Mark]]) -> None:
        """Return once it is noted, however long the database is away: nobody else knows it."""
        noted = not marks
        while not noted:
            try:
                for channel in await self._ledger.mark(claimer, marks):
                    metrics.fallen_over[channel].inc()
                noted = True
            except Exception as error:
                self._only_outages(error)
                await asyncio.sleep(OUTAGE_SECONDS)
        for _, mark in marks:
            if mark.state != "waiting":
                metrics.settled[mark.state].inc()
        await self._apply_receipts([mark.reference for _, mark in marks if mark.reference])

    async def _apply_receipts(self, references: Sequence[str]) -> None:
        """A receipt may have been quicker than the mark: it waits for it, and is looked for now."""
        if references:
            try:
                named = [(self._provider, each) for each in references]
                metrics.count_settled(await self._receipts.apply(named))
            except Exception as error:
                # It is kept, and found by whoever sweeps.
                self._only_outages(error)

    def _only_outages(self, error: Exception) -> None:
        if not is_outage(error):
            raise error
        said = {"error": repr(error), "provider": self._provider}
        log.warning("waits out an outage", extra=said)
