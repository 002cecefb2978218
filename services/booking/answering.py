"""What comes in from `notify.events`, and what happens then? Somebody has answered a reminder.

An answer is the link in the reminder, pressed: checked as a link is, used once as a link is. But a
link's page shows what it will do and an answer does not, so it is of the very visit that was
reminded of, in the version of the booking that is known here, or of nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from services.booking import metrics
from services.booking.pending import as_pending
from services.booking.rules.coming import reminded_of
from services.booking.rules.life import Booking
from services.booking.rules.linked import (
    cancellation_by,
    has_others,
    hash_of,
    is_theirs,
    pairs_of,
)
from services.booking.store import Connection
from services.booking.store import bookings as booking_store
from services.booking.store import coming as coming_store
from services.booking.store import links as link_store
from services.booking.store import relations as relation_store
from shared.batch import Announcements, Batch, Head, Item
from shared.events import InSequence
from shared.links.rules import Keys, Link, link_of
from shared.messages import ReminderAnswered

Became = Literal["coming", "cancel", "used", "gone"]

BY_ANSWER = hash_of(b"an answer to a reminder")
"""Stands for the key of a request: an answer again is the same use of its link."""


class Answering:
    """Does what answers ask for, in the batch's own transaction."""

    def __init__(self, keys: Keys | None, now: Callable[[], datetime], reply_to: int) -> None:
        self.sequence = InSequence(takes_again=True)
        self._keys = keys
        self._now = now
        self._reply_to = reply_to
        self._became: list[Became] = []

    def wrong(self) -> str | None:
        """In words, where an answer is waited for that ought to have come before others."""
        missing = self.sequence.missing
        return f"answers are missing: {missing}" if missing else None

    async def handle(
        self, connection: Connection, heads: dict[int, Head], items: Sequence[Item]
    ) -> Announcements:
        """Each in its turn: who writes that they come, and then that they do not, does not."""
        taken = self.sequence.take(heads, items)
        self._became = [await self._answer(connection, item.message) for item in taken]
        return {}

    async def set_aside(
        self, connection: Connection, heads: dict[int, Head], item: Item
    ) -> Announcements:
        """The one answer that cannot be taken uses up its number all the same."""
        self.sequence.pass_over(heads, item)
        return {}

    async def has_due(self, connection: Connection, partitions: Sequence[int]) -> bool:
        """Nothing is done here unless an answer came."""
        return False

    def count(self, batch: Batch) -> None:
        """What became of them, once it is committed."""
        became, self._became = self._became, []
        for one in became:
            metrics.answers[one].inc()
            if one == "coming":
                metrics.visit_steps["patient", "coming"].inc()

    async def _answer(self, connection: Connection, answer: ReminderAnswered) -> Became:
        now = self._now()
        link = None if self._keys is None else link_of(answer.token, self._keys, now)
        if link is None or link.object_id != answer.booking_id:
            return "gone"
        booking = await booking_store.as_it_is(connection, link.object_id)
        if booking is None or not await _is_meant(connection, link, booking):
            return "gone"
        places = reminded_of(booking.places, link.until)
        if not places:
            return "gone"
        match link.purpose:
            case "confirm_visit":
                await coming_store.say_coming(connection, booking.id, places)
                return "coming"
            case "cancel_booking":
                return await self._cancel(connection, link, booking, now)
            case _:
                return "gone"

    async def _cancel(
        self, connection: Connection, link: Link, booking: Booking, now: datetime
    ) -> Became:
        """The wish is written down, and asked until it is answered; only of this version."""
        command = cancellation_by(
            link, booking, now, reply_to=self._reply_to, version=booking.version
        )
        wish = as_pending(command, booking.home)
        used = await link_store.use_for(connection, link, BY_ANSWER, wish)
        return "cancel" if used else "used"


async def _is_meant(connection: Connection, link: Link, booking: Booking) -> bool:
    """Whether the link still leads to it: as at the door (`services/booking/api/links.py`)."""
    if not is_theirs(link, booking) or booking.status != "booked":
        return False
    pairs = pairs_of(booking)
    standing = await relation_store.standing(connection, pairs) if pairs else {}
    return not has_others(booking, standing)
