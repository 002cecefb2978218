"""Who is booked in a slot that closes, and who cancels that?

Closing only shuts a slot. Where its bookings are to be cancelled, one command for each is written
down as pending and so is asked until it is answered, at the home of its booking; which goes on
until nobody is booked there, however often this process dies. Two processes write the same ids.
"""

import asyncio
import hashlib
import logging
from uuid import UUID, uuid5

from services.booking import metrics
from services.booking.pending import SILENCE_SECONDS_MAX, as_pending
from services.booking.store import PendingWish, Wishes
from services.booking.store.database import OUTAGES
from services.booking.store.pending import ToRevoke
from shared.clock import DatabaseClock
from shared.messages import CancelBooking
from shared.pulse import Pulse

log = logging.getLogger(__name__)


DEADLINE_SECONDS = 10 * 365 * 86_400.0
"""A closed slot stays closed: its bookings are to be cancelled however late that is decided."""


class Closures:
    """Sees to it that nobody stays booked in a slot that is closed for good."""

    def __init__(self, wishes: Wishes, clock: DatabaseClock, reply_to: int) -> None:
        self._wishes = wishes
        self._clock = clock
        self._reply_to = reply_to
        self.pulse = Pulse(SILENCE_SECONDS_MAX)

    async def run(self, *, closure_seconds: float, closure_max: int) -> None:
        """Look for ever; an outage is waited out."""
        while True:
            found = 0
            self.pulse.beat()
            try:
                found = await self.revoke(closure_max)
            except OUTAGES as error:
                log.warning("closing slots wait", extra={"error": repr(error)})
            if found < closure_max:
                await asyncio.sleep(closure_seconds)

    async def revoke(self, closure_max: int) -> int:
        """Write down what is to be cancelled; returns how many bookings."""
        found = await self._wishes.to_revoke(closure_max)
        if found:
            await self._wishes.ask_soon([self._cancellation(booking) for booking in found])
            metrics.BOOKINGS_REVOKED.inc(len(found))
            log.info("cancels bookings in closing slots", extra={"bookings": len(found)})
        return len(found)

    def _cancellation(self, booking: ToRevoke) -> PendingWish:
        command = CancelBooking(
            id=revocation_id(booking.closing_id, booking.booking_id),
            cause=booking.closing_id,
            at=self._clock.now(),
            body_hash=hashlib.blake2b(booking.booking_id.bytes, digest_size=16).digest(),
            deadline=self._clock.after(DEADLINE_SECONDS),
            reply_to=self._reply_to,
            booking_id=booking.booking_id,
            reason="clinic",
        )
        return as_pending(command, booking.home)


def revocation_id(closing_id: UUID, booking_id: UUID) -> UUID:
    """One closing cancels one booking once, whoever says so."""
    return uuid5(closing_id, str(booking_id))
