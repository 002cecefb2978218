"""What becomes of messages whose sender was lost, and of receipts that nobody waited for?"""

import asyncio
import contextlib
import logging
from uuid import UUID

from services.notify import metrics
from services.notify.channels import Provider
from services.notify.store import Ledger, Lost, Receipts
from shared.database import is_outage

log = logging.getLogger(__name__)

RECEIPTS_KEPT_DAYS = 7
"""How long a receipt is kept whose message nobody here has sent, or not noted yet."""


class GivingUp:
    """Looks for claims that ran out, at once and then every few seconds."""

    def __init__(self, provider: Provider, ledger: Ledger, receipts: Receipts) -> None:
        self._provider = provider
        self._ledger = ledger
        self._receipts = receipts

    async def run(self, stopping: asyncio.Event, *, look_seconds: float) -> None:
        """Until it is to stop; an outage is waited out."""
        while not stopping.is_set():
            lost: list[Lost] = []
            try:
                provider = self._provider
                lost = await self._ledger.give_up_lost(provider.name, keyed=provider.keyed)
                metrics.count_settled(await self._receipts.sweep(days=RECEIPTS_KEPT_DAYS))
            except Exception as error:
                if not is_outage(error):
                    raise
                said = {"error": repr(error), "provider": self._provider.name}
                log.warning("waits out an outage", extra=said)
            for message in lost:
                _say(message)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), look_seconds)


def _say(message: Lost) -> None:
    about: dict[str, int | UUID] = {
        "message_id": message.id,
        "booking": message.booking_id,
        "event": message.event_id,
    }
    if message.state == "waiting":
        log.info("a sender was lost; its message is asked again", extra=about)
        return
    metrics.settled["unknown"].inc()
    log.warning("a sender was lost; nobody knows of its message", extra=about)
