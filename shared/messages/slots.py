"""What does the referee tell? In the past tense; it cannot be refused."""

from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from shared.messages.words import (
    AsksFor,
    CancelReason,
    Claim,
    Dose,
    Instant,
    Message,
    Modality,
    Refusal,
    Resource,
    Version,
)


class SlotCount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A slot's absolute counts as of `version`; the highest version is the truth.

    capacity + extra = free + held + booked: `capacity` is how many places there are, `extra` how
    many more people a person lets in. What is 0 is left out, since most of a slot's numbers are.
    """

    slot_id: UUID
    version: Version
    capacity: int
    held: int
    booked: int
    open: bool
    extra: int = 0
    closes_minutes_before: int = 0
    cancel_until_minutes_before: int = 0


class TakenPlace(msgspec.Struct, frozen=True, kw_only=True):
    """One seat taken, with all a reader needs to show it: when and where, in which time zone.

    Who gives it back later than `cancel_until` does so late; None: not before it begins.
    """

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
    cancel_until: Instant | None = None
    modality: Modality = "physical"
    practitioner_id: UUID | None = None
    follows: UUID | UnsetType = UNSET
    based_on: UUID | UnsetType = UNSET


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
    modality: Modality = "physical"
    practitioner_id: UUID | None = None
    resource: Resource = "service"
    asks_for: AsksFor = "nothing"
    starts_at: Instant
    ends_at: Instant
    count: SlotCount


class SlotChanged(Message, frozen=True, kw_only=True):
    """A slot was shut, reopened, or has other numbers; `by` whom, where `extra` is another."""

    count: SlotCount
    cancel_bookings: bool
    by: UUID | None = None


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
    """Places are booked, all of them. `counts` has each slot once, after the whole booking.

    `by`: who at a clinic booked them for their owner, where it was not their owner.
    """

    owner_id: UUID
    campaign_id: UUID | None
    places: tuple[TakenPlace, ...]
    counts: tuple[SlotCount, ...]
    by: UUID | UnsetType = UNSET


class BookingMoved(BookingMessage, frozen=True, kw_only=True):
    """A booking has other places now; `places` are all it has. `late`: some were given up late.

    `missed`: it is over, and those whose places it has no more did not come.
    """

    places: tuple[TakenPlace, ...]
    counts: tuple[SlotCount, ...]
    late: bool = False
    missed: bool = False


class BookingCancelled(BookingMessage, frozen=True, kw_only=True):
    """A booking's places were given back; `late`: by the patient, later than asked of them.

    `missed`: it is over, and nobody came; whoever it was for may book the same again.
    """

    reason: CancelReason
    counts: tuple[SlotCount, ...]
    late: bool = False
    missed: bool = False


class BookingRestored(BookingMessage, frozen=True, kw_only=True):
    """A booking was not missed after all; `places` are those it had, with their claims."""

    places: tuple[TakenPlace, ...]
    counts: tuple[SlotCount, ...]


class PlacesLeft(Message, frozen=True, kw_only=True):
    """So many places of a service are free, as of `at`: a hint, which nobody decides by."""

    service: str
    free: int


class Alternative(msgspec.Struct, frozen=True, kw_only=True):
    """A slot near the one that said no, with so many free places when this was told."""

    slot_id: UUID
    clinic_id: UUID
    starts_at: Instant
    ends_at: Instant
    free: int


class Refused(Message, frozen=True, kw_only=True):
    """A command changed nothing, and why. Recorded and replied, never broadcast.

    `slot_id`: the slot that said no, where one did; `until`: till when it would have said yes.
    `alternatives` are told, not recorded: who asks again later is shown what is near then.
    """

    reason: Refusal
    slot_id: UUID | None = None
    alternatives: tuple[Alternative, ...] = ()
    until: Instant | None = None


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
    | BookingRestored
)
SlotReply = SlotEvent | Refused
