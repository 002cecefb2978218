"""What comes in from `booking.events`, and what happens then? It is written down, once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, get_args

from msgspec import UNSET

from services.notify import metrics, store
from services.notify.rules import Message, messages_for
from services.notify.rules.announcements import announced_to
from services.notify.rules.calls import due_to_a_list
from services.notify.rules.preferences import Kind
from services.notify.rules.reminders import Habits, due_of, visits_of
from services.notify.store import NOTHING, Connection, LiveEvent, Planned
from shared.batch import Announcements, Batch, Head, Item
from shared.events import InSequence, is_again, outgoing, sequence_of
from shared.links.rules import Keys, token_of
from shared.messages import (
    AnnouncementEvent,
    AnnouncementMade,
    AnnouncementStopped,
    AnnouncementWorded,
    BookingConfirmed,
    BookingEvent,
    BookingRescheduled,
    BookingTold,
    PersonErased,
    ReminderAnswered,
)
from shared.topics import NOTIFY_EVENTS
from shared.vault import Vault

APART = (PersonErased, *get_args(AnnouncementEvent))
"""Of these there is nothing to see on an open page, and no visit to be reminded of."""


class Inbox:
    """Writes down what is to be told, in the batch's own transaction."""

    def __init__(
        self,
        vault: Vault,
        habits: Habits,
        keys: Keys | None = None,
        by_consent: Sequence[Kind] = (),
    ) -> None:
        """With `keys`, what people reply is told as the links that they might have pressed.

        `by_consent`: what only those are told who agreed to it.
        """
        self._keys = keys
        self._by_consent = by_consent
        self.sequence = InSequence(takes_again=True)
        self._vault = vault
        self._habits = habits
        self._written = NOTHING
        self._erased = 0
        self._has_replies = False

    async def handle(
        self, connection: Any, heads: dict[int, Head], items: Sequence[Item]
    ) -> Announcements:
        """Each event becomes messages that wait to be sent, and is kept for open pages."""
        taken = await _not_too_late(connection, self.sequence.take(heads, items))
        told = [item for item in taken if not isinstance(item.message, APART)]
        apart = [i.message for i in taken if isinstance(i.message, APART)]
        if told:
            numbered = [_live(item) for item in told if not is_again(item.record)]
            await store.keep_live(connection, numbered)
        messages = [message for item in told for message in messages_for(item.message)]
        messages += await _announced(connection, apart)
        self._written = NOTHING
        if messages:
            self._written = await store.write_down(
                connection, messages, by_consent=self._by_consent
            )
        due = [(one.event.id, one.owner_id) for one in messages if due_to_a_list(one.event)]
        if due:
            await store.put_on_list(connection, due)
        await self._plan(connection, [item.message for item in told])
        erased = [event.person_id for event in apart if isinstance(event, PersonErased)]
        if erased:
            await store.forget(connection, self._vault, erased)
            await store.forget_reminders(connection, erased)
            await store.forget_replies(connection, erased)
        self._erased = len(erased)
        return await self._tell_replies(connection, heads) if self._has_replies else {}

    async def _tell_replies(self, connection: Connection, heads: dict[int, Head]) -> Announcements:
        """What people answered is told at the homes of their bookings, numbered like all there."""
        self._has_replies = False
        announcements: Announcements = {}
        assert self._keys is not None
        for wish in await store.take_untold_replies(connection, list(heads)):
            booking_id, token = wish.link.object_id, token_of(wish.link, self._keys)
            event = ReminderAnswered(
                id=wish.id, cause=wish.cause, at=wish.at, booking_id=booking_id, token=token
            )
            record = outgoing(NOTIFY_EVENTS, heads[wish.home], event, booking_id.bytes)
            announcements.setdefault(wish.home, []).append(record)
        return announcements

    async def _plan(self, connection: Connection, events: Sequence[Any]) -> None:
        """Everybody is reminded of what they were told last of each booking."""
        bookings = [event for event in events if isinstance(event, BookingEvent)]
        last = {(event.booking_id, event.owner_id): event for event in bookings}.values()
        changed = [event for event in last if not _is_new(event)]
        if changed:
            await store.drop_reminders(connection, changed)
        planned = [one for event in last for one in planned_for(event, self._habits)]
        if planned:
            await store.plan_reminders(connection, planned)

    async def set_aside(self, connection: Any, heads: dict[int, Head], item: Item) -> Announcements:
        """The one event that cannot be written down uses up its number all the same."""
        self.sequence.pass_over(heads, item)
        return {}

    async def has_due(self, connection: Any, partitions: Sequence[int]) -> bool:
        """True when somebody's reply is to be told; waiting messages are the sender's."""
        if self._keys is None:
            return False
        self._has_replies = await store.has_untold_replies(connection, partitions)
        return self._has_replies

    def count(self, batch: Batch) -> bool:
        """Count what was written down, once it is committed; True where some of it is to be sent.

        Of most who book nobody knows an address: senders need not look for what is not there.
        """
        written, self._written = self._written, NOTHING
        metrics.WRITTEN.inc(written.new)
        metrics.settled["no_address"].inc(written.unreached)
        metrics.settled["declined"].inc(written.declined)
        erased, self._erased = self._erased, 0
        metrics.forgotten["erased"].inc(erased)
        metrics.BATCH_EVENTS.observe(len(batch.items))
        metrics.BATCH_SECONDS.observe(batch.seconds)
        metrics.MISSING_EVENTS.set(len(self.sequence.missing))
        return written.new > written.unreached + written.declined


async def _not_too_late(connection: Connection, items: Sequence[Item]) -> Sequence[Item]:
    """Without what a person has sent again though its reader was told something later meanwhile."""
    again = [i for i in items if is_again(i.record) and isinstance(i.message, BookingTold)]
    if not again:
        return items
    latest = await store.latest_told(
        connection,
        {item.message.owner_id for item in again},
        {item.message.booking_id for item in again},
    )

    def is_late(item: Item) -> bool:
        told: BookingTold = item.message
        return latest.get((told.booking_id, told.owner_id), 0) > told.version

    late = {id(item) for item in again if is_late(item)}
    return [item for item in items if id(item) not in late]


async def _announced(connection: Connection, events: Sequence[Any]) -> list[Message]:
    """Whom somebody announces something, unless it was stopped; at most homes nobody does."""
    worded = [event for event in events if isinstance(event, AnnouncementWorded)]
    if worded:
        await store.word_announcements(connection, worded)
    stopped = [e.announcement_id for e in events if isinstance(e, AnnouncementStopped)]
    if stopped:
        await store.stop_announcements(connection, stopped)
    made = [event for event in events if isinstance(event, AnnouncementMade)]
    if not made:
        return []
    ids = sorted({event.announcement_id for event in made})
    return announced_to(made, await store.sayings(connection, ids))


def _is_new(event: BookingEvent) -> bool:
    """Nothing was told of it before: what is a part may come of a move."""
    return isinstance(event, BookingConfirmed) and event.part is UNSET


def planned_for(event: BookingEvent, habits: Habits) -> list[tuple[Planned, datetime]]:
    """The visits of which somebody is to be reminded, each with when for the first time.

    A seat of somebody who hears by themselves is theirs to be reminded of: whoever booked it may
    not act for them any more by then.
    """
    if not isinstance(event, BookingConfirmed | BookingRescheduled):
        return []
    planned = []
    visits = visits_of(place for place in event.places if place.hears is not True)
    # One visit of several is a part of what they have: no link in its mail gives up all of it.
    part = event.part if len(visits) == 1 or event.part is not UNSET else "rest"
    for visit in visits:
        due = due_of(visit, event.at, habits)
        if due:
            one = Planned(
                booking_id=event.booking_id,
                owner_id=event.owner_id,
                version=event.version,
                made_at=event.at,
                part=part,
                visit=visit,
            )
            planned.append((one, due[0].at))
    return planned


def _live(item: Item) -> LiveEvent:
    number = sequence_of(item.record)
    return LiveEvent(item.partition, number, item.message.owner_id, item.part.decode())
