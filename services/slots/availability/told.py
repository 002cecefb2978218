"""What of an event does memory need? The counts, and what is said of clinics and new slots.

Most of an event is about people's seats and is passed over unread, which makes reading it three
times as quick. An event that nobody here knows is an error and not nothing: it may change counts.
"""

from typing import Union

import msgspec

from shared.messages import (
    BookingCancelled,
    BookingMoved,
    BookingRestored,
    ClinicChanged,
    ClinicOpened,
    HoldExpired,
    HoldReleased,
    HoldRenewed,
    Message,
    PlaceExpired,
    PlacesBooked,
    PlacesHeld,
    SlotChanged,
    SlotCount,
    SlotOpened,
)


class Counts(msgspec.Struct, frozen=True):
    """What is told of several slots."""

    counts: tuple[SlotCount, ...]


class OneCount(msgspec.Struct, frozen=True):
    """What is told of one slot."""

    count: SlotCount


class NoCount(msgspec.Struct, frozen=True):
    """Nothing is told of any slot."""


Told = Counts | OneCount | NoCount | ClinicOpened | ClinicChanged | SlotOpened


def _only(kind: type[Message], what: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The event by its name, with so much of it."""
    name = kind.__name__
    return msgspec.defstruct(name, (), bases=(what,), tag=name, frozen=True)


KINDS: tuple[type[msgspec.Struct], ...] = (
    ClinicOpened,
    ClinicChanged,
    SlotOpened,
    _only(SlotChanged, OneCount),
    _only(PlacesHeld, Counts),
    _only(HoldRenewed, NoCount),
    _only(HoldReleased, Counts),
    _only(PlaceExpired, OneCount),
    _only(HoldExpired, NoCount),
    _only(PlacesBooked, Counts),
    _only(BookingMoved, Counts),
    _only(BookingCancelled, Counts),
    _only(BookingRestored, Counts),
)
"""Every event there is; a test holds them beside `SlotEvent`."""

_decode = msgspec.json.Decoder(Union[KINDS]).decode  # noqa: UP007 - they stand in a table


def read(value: bytes) -> Told:
    """What an event tells; raises `msgspec.MsgspecError` where it cannot be understood."""
    told: Told = _decode(value)
    return told
