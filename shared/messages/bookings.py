"""What does the front desk tell of a booking, to those who tell people?"""

from typing import Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from shared.messages.words import (
    BookedBy,
    CancelReason,
    Instant,
    Message,
    Modality,
    RemindBefore,
    Version,
)


class BookedPlace(msgspec.Struct, frozen=True, kw_only=True):
    """One seat of a booking as a patient would be told of it. `hears`: whose seat it is hears of it
    by themselves, though somebody else is told. `remind`: how long before it one is reminded, where
    its service says so.
    """

    id: UUID
    slot_id: UUID
    starts_at: Instant
    ends_at: Instant
    clinic_id: UUID
    clinic_name: str
    clinic_address: str
    time_zone: str
    patient_id: UUID
    modality: Modality = "physical"
    hears: bool | UnsetType = UNSET
    remind: tuple[RemindBefore, ...] | UnsetType = UNSET


Part = Literal["own", "rest"]


class BookingTold(Message, frozen=True, kw_only=True):
    """The head of what is told about a booking to those who tell people.

    `owner_id` is who is told. `part`: they are not told all of it, since others are in it as well:
    `own` is their place in another's booking, `rest` what of their own booking is theirs to see.
    """

    booking_id: UUID
    version: Version
    owner_id: UUID
    part: Part | UnsetType = UNSET


class BookingConfirmed(BookingTold, frozen=True, kw_only=True):
    """A booking is made; `by` whom, where it was not its owner."""

    places: tuple[BookedPlace, ...]
    by: BookedBy | UnsetType = UNSET


class BookingRescheduled(BookingTold, frozen=True, kw_only=True):
    """A booking has other places; `freed` are those it had before; `late`: some given up late."""

    places: tuple[BookedPlace, ...]
    freed: tuple[BookedPlace, ...]
    late: bool = False


class BookingRevoked(BookingTold, frozen=True, kw_only=True):
    """A booking is cancelled; `freed` are the places it had; `late`: later than was asked for."""

    reason: CancelReason
    freed: tuple[BookedPlace, ...]
    late: bool = False


class BookingMissed(BookingTold, frozen=True, kw_only=True):
    """The clinic says that nobody came to a booking; `freed` are the places it had."""

    freed: tuple[BookedPlace, ...]


class BookingReinstated(BookingTold, frozen=True, kw_only=True):
    """The clinic takes back that nobody came: the booking has its places, and its doses."""

    places: tuple[BookedPlace, ...]


BookingEvent = (
    BookingConfirmed | BookingRescheduled | BookingRevoked | BookingMissed | BookingReinstated
)
