"""What crosses a service boundary? Commands ask, events tell; nothing else crosses.

Only ids cross, never a name, a phone or a reason for care. Fields are only ever added, with a
default; a breaking change is a new class. Class name = wire tag = log field = metric label.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID, uuid5

import msgspec
from msgspec import Meta

PLACES_MAX = 8
"""The most places one booking may have: a family, a dose pair, a doctor with an interpreter."""

CAPACITY_MAX = 10_000
"""The most people one slot may take; anything above is a typing mistake."""

ONE_LINE = r"^[^\x00-\x1f\x7f]*(?![\s\S])"
"""No control characters. Not `$`, which also matches before a line break at the very end."""

Instant = Annotated[datetime, Meta(tz=True)]
Text = Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]
OptionalText = Annotated[str, Meta(max_length=200, pattern=ONE_LINE)]
ClinicAddress = Annotated[str, Meta(max_length=300, pattern=ONE_LINE)]
Capacity = Annotated[int, Meta(ge=0, le=CAPACITY_MAX)]
Dose = Annotated[int, Meta(ge=1, le=4)]
TtlSeconds = Annotated[int, Meta(ge=30, le=900)]
Claim = Annotated[bytes, Meta(min_length=16, max_length=16)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Version = Annotated[int, Meta(ge=1, le=2**53)]

Refusal = Literal[
    "full",
    "closed",
    "not_open",
    "started",
    "claim_taken",
    "expired",
    "unknown",
    "exists",
    "hold_gone",
    "in_use",
    "key_reused",
    "failed",
]
"""Why a command was refused. `docs/messages.md` says what each means to a person."""

CancelReason = Literal["patient", "clinic"]


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The head every message wears. `cause` is the id of the message it answers."""

    id: UUID
    cause: UUID
    at: Instant


# ---- commands: imperative, one owner, may be refused ----------------------------------------


class Command(Message, frozen=True, kw_only=True):
    """The head of every wish sent to the referee.

    `body_hash`: 16 bytes over what was asked; leaves out `deadline`, `not_before`, `reply_to`,
    so that the same wish asked again later is the same wish.
    `deadline`: decided later than this, by PostgreSQL's clock, it is refused as `expired`.
    `not_before`: decided earlier than this, it is refused as `not_open`.
    `reply_to`: partition of `slots.replies` whose reader waits for the answer.
    """

    body_hash: Annotated[bytes, Meta(min_length=16, max_length=16)]
    deadline: Instant
    reply_to: Annotated[int, Meta(ge=0, le=1023)]
    not_before: Instant | None = None


class OpenClinic(Command, frozen=True, kw_only=True):
    """Make a clinic known."""

    clinic_id: UUID
    name: Text
    time_zone: Text
    address: ClinicAddress = ""
    district: OptionalText = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class ChangeClinic(Command, frozen=True, kw_only=True):
    """Change what is said of a clinic; None leaves a thing as it is. Its time zone stays."""

    clinic_id: UUID
    name: Text | None = None
    address: ClinicAddress | None = None
    district: OptionalText | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class OpenSlot(Command, frozen=True, kw_only=True):
    """Make a slot known, with its capacity. `product` and `dose` are told on, not judged."""

    slot_id: UUID
    clinic_id: UUID
    service: Text
    product: OptionalText = ""
    dose: Dose | None = None
    starts_at: Instant
    ends_at: Instant
    capacity: Capacity


class ChangeSlot(Command, frozen=True, kw_only=True):
    """Change a slot's capacity, or shut or reopen it; None leaves a thing as it is.

    `cancel_bookings`: with `open=False`, the front desk then cancels what is booked there.
    """

    slot_id: UUID
    capacity: Capacity | None = None
    open: bool | None = None
    cancel_bookings: bool = False


class PlaceWish(msgspec.Struct, frozen=True, kw_only=True):
    """One wanted seat. `patient_id` and `dose` are carried through unread by the referee.

    `claim` may be carried by one live place only: "one per person" without knowing persons.
    """

    slot_id: UUID
    claim: Claim | None = None
    patient_id: UUID | None = None
    dose: Dose | None = None


Wishes = Annotated[tuple[PlaceWish, ...], Meta(min_length=1, max_length=PLACES_MAX)]


class HoldPlaces(Command, frozen=True, kw_only=True):
    """Keep places for a while, all or nothing. The hold's id is this command's id."""

    owner_id: UUID
    places: Wishes
    ttl_seconds: TtlSeconds


class RenewHold(Command, frozen=True, kw_only=True):
    """Keep a hold's places longer, if all are still alive."""

    booking_id: UUID
    ttl_seconds: TtlSeconds


class ReleaseHold(Command, frozen=True, kw_only=True):
    """Give a hold's places back."""

    booking_id: UUID


class ConfirmHold(Command, frozen=True, kw_only=True):
    """Turn a hold into a booking of the same id; brings the claims a hold does not have."""

    booking_id: UUID
    owner_id: UUID
    campaign_id: UUID | None = None
    places: Wishes


class BookPlaces(Command, frozen=True, kw_only=True):
    """Book places, all or nothing. The booking's id is this command's id."""

    owner_id: UUID
    campaign_id: UUID | None = None
    places: Wishes


class MovePlaces(Command, frozen=True, kw_only=True):
    """Swap a booking's places for others, atomically: never without a place in between."""

    booking_id: UUID
    places: Wishes


class CancelBooking(Command, frozen=True, kw_only=True):
    """Give a booking's places back."""

    booking_id: UUID
    reason: CancelReason


SlotCommand = (
    OpenClinic
    | ChangeClinic
    | OpenSlot
    | ChangeSlot
    | HoldPlaces
    | RenewHold
    | ReleaseHold
    | ConfirmHold
    | BookPlaces
    | MovePlaces
    | CancelBooking
)


# ---- what the referee tells: past tense, cannot be refused -----------------------------------


class SlotCount(msgspec.Struct, frozen=True, kw_only=True):
    """A slot's absolute counts as of `version`; the highest version is the truth."""

    slot_id: UUID
    version: Version
    capacity: int
    held: int
    booked: int
    open: bool


class TakenPlace(msgspec.Struct, frozen=True, kw_only=True):
    """One seat taken, with all a reader needs to show it: when and where, in which time zone."""

    id: UUID
    slot_id: UUID
    service: str
    starts_at: Instant
    ends_at: Instant
    clinic_id: UUID
    clinic_name: str
    clinic_address: str
    time_zone: str
    claim: Claim | None = None
    patient_id: UUID | None = None
    dose: Dose | None = None


class ClinicOpened(Message, frozen=True, kw_only=True):
    """A clinic is known."""

    clinic_id: UUID
    name: str
    time_zone: str
    address: str
    district: str
    latitude: float | None
    longitude: float | None


class ClinicChanged(Message, frozen=True, kw_only=True):
    """Something else is said of a clinic now: all that is said of it, as in `ClinicOpened`."""

    clinic_id: UUID
    name: str
    time_zone: str
    address: str
    district: str
    latitude: float | None
    longitude: float | None


class SlotOpened(Message, frozen=True, kw_only=True):
    """A slot is known and may be booked."""

    slot_id: UUID
    clinic_id: UUID
    service: str
    product: str = ""
    dose: Dose | None = None
    starts_at: Instant
    ends_at: Instant
    count: SlotCount


class SlotChanged(Message, frozen=True, kw_only=True):
    """A slot was shut, reopened, or has another capacity."""

    count: SlotCount
    cancel_bookings: bool


class BookingMessage(Message, frozen=True, kw_only=True):
    """The head of all that is told about one booking or hold; `version` grows by one each time.

    `home` is the partition that decides everything about it.
    """

    booking_id: UUID
    home: int
    version: Version


class PlacesHeld(BookingMessage, frozen=True, kw_only=True):
    """Places are kept until `expires_at`."""

    owner_id: UUID
    expires_at: Instant
    places: tuple[TakenPlace, ...]
    counts: tuple[SlotCount, ...]


class HoldRenewed(BookingMessage, frozen=True, kw_only=True):
    """A hold's places are kept longer."""

    expires_at: Instant


class HoldReleased(BookingMessage, frozen=True, kw_only=True):
    """A hold's places were given back."""

    counts: tuple[SlotCount, ...]


class PlaceExpired(Message, frozen=True, kw_only=True):
    """A held place ran out and is free again; told by whoever held the slot's lock."""

    place_id: UUID
    booking_id: UUID
    count: SlotCount


class HoldExpired(BookingMessage, frozen=True, kw_only=True):
    """A hold is gone because its time ran out; told by its home."""


class PlacesBooked(BookingMessage, frozen=True, kw_only=True):
    """Places are booked, all of them. `counts` has each slot once, after the whole booking."""

    owner_id: UUID
    campaign_id: UUID | None
    places: tuple[TakenPlace, ...]
    counts: tuple[SlotCount, ...]


class BookingMoved(BookingMessage, frozen=True, kw_only=True):
    """A booking has other places now; `places` are all it has."""

    places: tuple[TakenPlace, ...]
    counts: tuple[SlotCount, ...]


class BookingCancelled(BookingMessage, frozen=True, kw_only=True):
    """A booking's places were given back."""

    reason: CancelReason
    counts: tuple[SlotCount, ...]


class Alternative(msgspec.Struct, frozen=True, kw_only=True):
    """A slot near the one that said no, with so many free places when this was told."""

    slot_id: UUID
    clinic_id: UUID
    starts_at: Instant
    ends_at: Instant
    free: int


class Refused(Message, frozen=True, kw_only=True):
    """A command changed nothing, and why. Recorded and replied, never broadcast.

    `slot_id`: the slot that said no, where one did. `alternatives` are told, not recorded: who
    asks again later is shown what is near then.
    """

    reason: Refusal
    slot_id: UUID | None = None
    alternatives: tuple[Alternative, ...] = ()


SlotEvent = (
    ClinicOpened
    | ClinicChanged
    | SlotOpened
    | SlotChanged
    | PlacesHeld
    | HoldRenewed
    | HoldReleased
    | PlaceExpired
    | HoldExpired
    | PlacesBooked
    | BookingMoved
    | BookingCancelled
)
SlotReply = SlotEvent | Refused


# ---- what the front desk tells -----------------------------------------------------------------


class BookedPlace(msgspec.Struct, frozen=True, kw_only=True):
    """One seat of a booking as a patient would be told of it."""

    id: UUID
    slot_id: UUID
    starts_at: Instant
    ends_at: Instant
    clinic_id: UUID
    clinic_name: str
    clinic_address: str
    time_zone: str
    patient_id: UUID


class BookingTold(Message, frozen=True, kw_only=True):
    """The head of what is told about a booking to those who tell people."""

    booking_id: UUID
    version: Version
    owner_id: UUID


class BookingConfirmed(BookingTold, frozen=True, kw_only=True):
    """A booking is made."""

    places: tuple[BookedPlace, ...]


class BookingRescheduled(BookingTold, frozen=True, kw_only=True):
    """A booking has other places; `freed` are those it had before."""

    places: tuple[BookedPlace, ...]
    freed: tuple[BookedPlace, ...]


class BookingRevoked(BookingTold, frozen=True, kw_only=True):
    """A booking is cancelled; `freed` are the places it had."""

    reason: CancelReason
    freed: tuple[BookedPlace, ...]


BookingEvent = BookingConfirmed | BookingRescheduled | BookingRevoked


def booking_of(message: Message) -> UUID:
    """The booking or hold that a message is about; one that is to make it bears its id."""
    booking_id: UUID = getattr(message, "booking_id", message.id)
    return booking_id


def answer_id(cause: UUID, event_type: str, ordinal: int = 0) -> UUID:
    """The id of the answer of that type to `cause`: a replay gives the same id."""
    return uuid5(cause, f"{event_type}/{ordinal}")


def place_id(command_id: UUID, ordinal: int) -> UUID:
    """The id of the seat that the command's wish number `ordinal` gets."""
    return uuid5(command_id, f"place/{ordinal}")
