"""Which topics are there, who writes and reads them, and in what form? The one registry."""

from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

from shared.messages import (
    AnnouncementEvent,
    BookingEvent,
    Message,
    PersonErased,
    PlacesLeft,
    ReminderAnswered,
    SlotCommand,
    SlotEvent,
    SlotReply,
    VisitEvent,
)

HOMES = 4
"""Partitions of everything that follows a booking's home. Never changed on a live topic."""

REPLY_SEATS = 16
"""Partitions of `slots.replies`: one for each process that waits for answers."""

RECORD_BYTES_MAX = 1_000_000
"""The largest record any topic takes."""

COMMANDS_PER_RECORD_MAX = 128
"""The most commands that ride in one record."""


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic. `carries` is the union its readers decode; None for dead letters (raw bytes)."""

    name: str
    carries: Any
    form: Literal["msgpack", "json", "raw"]
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    partitions: int
    kept_days: int

    @property
    def kinds(self) -> tuple[type[Message], ...]:
        """The messages that it carries."""
        return get_args(self.carries) or (self.carries,)

    @property
    def dead(self) -> str:
        """Where records of this topic go that nobody can read."""
        return f"{self.name}.dead"


SLOTS_COMMANDS = Topic(
    name="slots.commands",
    carries=SlotCommand,
    form="msgpack",
    written_by=("booking", "slots"),
    read_by=("slots",),
    partitions=HOMES,
    kept_days=7,
)
SLOTS_REPLIES = Topic(
    name="slots.replies",
    carries=SlotReply,
    form="msgpack",
    written_by=("slots",),
    read_by=("booking", "slots"),
    partitions=REPLY_SEATS,
    kept_days=1,
)
SLOTS_EVENTS = Topic(
    name="slots.events",
    carries=SlotEvent,
    form="json",
    written_by=("slots",),
    read_by=("booking", "slots"),
    partitions=HOMES,
    kept_days=90,
)
SLOTS_LEFT = Topic(
    name="slots.left",
    carries=PlacesLeft,
    form="msgpack",
    written_by=("slots",),
    read_by=("booking",),
    partitions=1,
    kept_days=1,
)
BOOKING_EVENTS = Topic(
    name="booking.events",
    carries=BookingEvent | VisitEvent | PersonErased | AnnouncementEvent,
    form="json",
    written_by=("booking",),
    read_by=("notify",),
    partitions=HOMES,
    kept_days=90,
)
NOTIFY_EVENTS = Topic(
    name="notify.events",
    carries=ReminderAnswered,
    form="json",
    written_by=("notify",),
    read_by=("booking",),
    partitions=HOMES,
    kept_days=7,
)


def _dead_letters_of(topic: Topic, written_by: str) -> Topic:
    """Written by whom it stops; who only keeps a copy in memory loads it anew instead."""
    return Topic(
        name=topic.dead,
        carries=None,
        form="raw",
        written_by=(written_by,),
        read_by=(),
        partitions=1,
        kept_days=30,
    )


TOPICS: tuple[Topic, ...] = (
    SLOTS_COMMANDS,
    SLOTS_REPLIES,
    SLOTS_EVENTS,
    SLOTS_LEFT,
    BOOKING_EVENTS,
    NOTIFY_EVENTS,
    _dead_letters_of(SLOTS_COMMANDS, "slots"),
    _dead_letters_of(SLOTS_EVENTS, "booking"),
    _dead_letters_of(BOOKING_EVENTS, "notify"),
    _dead_letters_of(NOTIFY_EVENTS, "booking"),
)
"""Every topic there is. A test holds `docs/messages.md` beside it."""


def home_of(key: UUID) -> int:
    """The partition where a clinic's bookings are decided first."""
    return key.int % HOMES
