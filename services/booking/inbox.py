"""What comes in from `slots.events`, and what happens then? Kept once, told once, in one batch."""

import logging
import time
from collections.abc import Sequence
from typing import get_args

from services.booking.memory import Kept
from services.booking.rules.life import Change, LifeEvent, change_of, fold
from services.booking.rules.parts import pairs_in, parts_of
from services.booking.rules.telling import AS_ANY_OTHER, Reminders, needs_known, tell
from services.booking.store import Connection
from services.booking.store import announcements as announcement_store
from services.booking.store import bookings as booking_store
from services.booking.store import people as people_store
from services.booking.store import relations as relation_store
from services.booking.store import services as service_store
from services.booking.store import slots as slot_store
from services.booking.store import televisits as visit_store
from shared.batch import Announcements, Head, Item
from shared.events import InSequence, outgoing
from shared.logs import Lines
from shared.messages import (
    BookingCancelled,
    BookingEvent,
    BookingMoved,
    BookingRestored,
    PersonErased,
    SlotChanged,
    SlotEvent,
    SlotOpened,
    answer_id,
)
from shared.topics import BOOKING_EVENTS

log = logging.getLogger(__name__)

LIFE = get_args(LifeEvent)
SLOTS = (SlotOpened, SlotChanged)
OVERTAKING = (BookingMoved, BookingCancelled, BookingRestored)

UNTOLD_SECONDS = 1.0
"""How often at most it is looked for what no event brings while events come without a pause."""


REMINDERS_SECONDS = 1.0
"""For so long what services say of reminders is taken to be so."""


class Inbox:
    """Applies a batch of events in the batch's own transaction."""

    def __init__(self, kept: Kept, lines: Lines | None = None) -> None:
        self.sequence = InSequence()
        self._kept = kept
        self._lines = lines or Lines()
        self._looked_at = time.monotonic()
        self._reminders: Reminders = AS_ANY_OTHER
        self._reminders_at = float("-inf")

    def wrong(self) -> str | None:
        """In words, where an event is waited for that ought to have come before others."""
        missing = self.sequence.missing
        return f"events are missing: {missing}" if missing else None

    async def handle(
        self, connection: Connection, heads: dict[int, Head], items: Sequence[Item]
    ) -> Announcements:
        """Keep what is new, and say what is to be told of it."""
        taken = self.sequence.take(heads, items)
        events: list[SlotEvent] = [item.message for item in taken]
        needed = needs_known(events)
        known = await booking_store.known(connection, needed) if needed else {}
        told = tell(events, known, await self._how_long_before(connection))
        pairs = pairs_in(told)
        standing = await relation_store.standing(connection, pairs) if pairs else {}
        await self._keep(connection, events)
        announcements: Announcements = {}
        for item, tale in zip(taken, told, strict=True):
            if tale is not None:
                for part in parts_of(tale, standing) if pairs else (tale,):
                    announcements.setdefault(item.partition, []).append(
                        outgoing(BOOKING_EVENTS, heads[item.partition], part, part.booking_id.bytes)
                    )
                self._say(item.message, tale)
        await self._tell_what_no_event_brings(connection, heads, announcements)
        return announcements

    async def _how_long_before(self, connection: Connection) -> Reminders:
        """On the batch's own connection: it holds locks, and waits for no other."""
        now = time.monotonic()
        if now - self._reminders_at >= REMINDERS_SECONDS:
            self._reminders = await service_store.reminders(connection)
            self._reminders_at = now
        return self._reminders

    def _say(self, event: SlotEvent, tale: BookingEvent) -> None:
        """From the command, by the event, to what people are told."""
        if self._lines.wants(tale.booking_id, 0.0):
            about = {"command": event.cause, "booking": tale.booking_id, "event": tale.id}
            log.info("tells", extra=about | {"tells": type(tale).__name__})

    async def _tell_what_no_event_brings(
        self, connection: Connection, heads: dict[int, Head], announcements: Announcements
    ) -> None:
        """Who was erased is told of at their home, and a visit's steps at that of its booking,

        numbered like all else that is told there.
        """
        now = time.monotonic()
        if now - self._looked_at < UNTOLD_SECONDS:
            return
        self._looked_at = now
        for step in await visit_store.take_untold(connection, list(heads)):
            announcements.setdefault(step.home, []).append(
                outgoing(BOOKING_EVENTS, heads[step.home], step.event, step.event.booking_id.bytes)
            )
        for untold in await people_store.take_untold(connection, list(heads)):
            name = f"{PersonErased.__name__} {untold.person_id}"
            event = PersonErased(
                id=answer_id(untold.erasure_id, name),
                cause=untold.erasure_id,
                at=untold.at,
                person_id=untold.person_id,
            )
            announcements.setdefault(untold.home, []).append(
                outgoing(BOOKING_EVENTS, heads[untold.home], event, untold.person_id.bytes)
            )
        for said in await announcement_store.take_untold(connection, list(heads)):
            announcements.setdefault(said.home, []).append(
                outgoing(BOOKING_EVENTS, heads[said.home], said.event, said.key.bytes)
            )

    async def set_aside(
        self, connection: Connection, heads: dict[int, Head], item: Item
    ) -> Announcements:
        """The one event that cannot be applied uses up its number all the same."""
        self.sequence.pass_over(heads, item)
        return {}

    async def has_due(self, connection: Connection, partitions: Sequence[int]) -> bool:
        """True when something is to be told that no event brings; then it is, in this turn."""
        if not (
            await people_store.has_untold(connection, partitions)
            or await announcement_store.has_untold(connection, partitions)
        ):
            return False
        self._looked_at = float("-inf")
        return True

    async def _keep(self, connection: Connection, events: Sequence[SlotEvent]) -> None:
        lives = [event for event in events if isinstance(event, LIFE)]
        has = self._kept.has
        unkept = {event.booking_id for event in lives if not has(event.booking_id, event.version)}
        if unkept:
            fresh = [event for event in lives if event.booking_id in unkept]
            changes = fold(change_of(event) for event in fresh)
            causes = sorted({event.cause for event in fresh})
            await booking_store.apply(connection, changes, causes, {})
        overtaken = _overtakable(lives)
        if overtaken:
            await booking_store.catch_up(connection, overtaken)
        slots = [event for event in events if isinstance(event, SLOTS)]
        if slots:
            await slot_store.project(connection, slots)


def _overtakable(events: Sequence[LifeEvent]) -> list[Change]:
    """What a reply may have overtaken: the last change of each booking that had places before."""
    changes = [change_of(event) for event in events if isinstance(event, OVERTAKING)]
    return list({change.id: change for change in changes}.values())
