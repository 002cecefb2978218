"""What may the referee be asked for? Imperative, one owner, may be refused."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from shared.messages.words import (
    HOLDS_MAX,
    PLACES_MAX,
    AsksFor,
    CancelReason,
    Capacity,
    Claim,
    ClinicAddress,
    DaysApart,
    Dose,
    Extra,
    Instant,
    Latitude,
    Longitude,
    Message,
    MinutesBefore,
    Modality,
    OptionalText,
    Resource,
    Text,
    TtlSeconds,
    Version,
)

DAY = timedelta(days=1)


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
    """Make a slot known, with its capacity. What it is for and of is told on, not judged; only who
    comes for another than its `dose` is not let in.

    `practitioner_id`: whose time it is; `resource` says so of what is nobody's.
    `closes_minutes_before` its beginning nobody can book it any more; whoever cancels later than
    `cancel_until_minutes_before` it cancels late.
    """

    slot_id: UUID
    clinic_id: UUID
    service: Text
    product: OptionalText = ""
    dose: Dose | None = None
    modality: Modality = "physical"
    practitioner_id: UUID | None = None
    resource: Resource = "service"
    asks_for: AsksFor = "nothing"
    starts_at: Instant
    ends_at: Instant
    capacity: Capacity
    closes_minutes_before: MinutesBefore = 0
    cancel_until_minutes_before: MinutesBefore = 0


class ChangeSlot(Command, frozen=True, kw_only=True):
    """Change a slot's numbers, or shut or reopen it; None leaves a thing as it is.

    `cancel_bookings`: with `open=False`, the front desk then cancels what is booked there.
    `only_empty`: refused as `in_use` where somebody is in it.
    `extra`: so many more people than there are places; only ever with `by`, who says so.
    """

    slot_id: UUID
    capacity: Capacity | None = None
    open: bool | None = None
    cancel_bookings: bool = False
    only_empty: bool = False
    extra: Extra | None = None
    closes_minutes_before: MinutesBefore | None = None
    cancel_until_minutes_before: MinutesBefore | None = None
    by: UUID | None = None


class PlaceWish(msgspec.Struct, frozen=True, kw_only=True):
    """One wanted seat. What comes after `claim` is carried through unread by the referee.

    `follows` is an earlier booking, `based_on` a referral. `shown` is the paper of the person that
    the front desk has seen: the slot that asks for one is not to be had without.
    `claim` may be carried by one live place only: "one per person" without knowing persons.
    `keeps` is a place that the booking has in this slot: who has it stays as they are, with its
    claim, though the slot was shut since.
    """

    slot_id: UUID
    claim: Claim | None = None
    patient_id: UUID | None = None
    dose: Dose | None = None
    follows: UUID | UnsetType = UNSET
    based_on: UUID | UnsetType = UNSET
    shown: AsksFor | UnsetType = UNSET
    keeps: UUID | UnsetType = UNSET


class Apart(msgspec.Struct, frozen=True, kw_only=True):
    """How many days a dose comes after the one before it, as people count them: 20 days and 18
    hours are three weeks.
    """

    min_days: DaysApart
    max_days: DaysApart

    def allows(self, gap: timedelta) -> bool:
        """Is the second dose, so long after the first, neither too soon nor too late?"""
        return DAY * self.min_days - DAY / 2 <= gap < DAY * self.max_days + DAY / 2


Wishes = Annotated[tuple[PlaceWish, ...], Meta(min_length=1, max_length=PLACES_MAX)]


HoldIds = Annotated[tuple[UUID, ...], Meta(max_length=HOLDS_MAX)]


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
    """Turn a hold into a booking of the same id; brings the claims a hold does not have.

    `by`: who at a clinic books it for its owner.
    """

    booking_id: UUID
    owner_id: UUID
    campaign_id: UUID | None = None
    places: Wishes
    by: UUID | UnsetType = UNSET


class BookPlaces(Command, frozen=True, kw_only=True):
    """Book places, all or nothing. The booking's id is this command's id.

    `by`: who at a clinic books them for their owner.
    """

    owner_id: UUID
    campaign_id: UUID | None = None
    places: Wishes
    by: UUID | UnsetType = UNSET


class MovePlaces(Command, frozen=True, kw_only=True):
    """Swap a booking's places for others, atomically: never without a place in between.

    `hold_ids`: holds of the same home that are given up for it. What of them is alive counts as
    free for this wish alone, and is given back with the move, whether the wish takes it or not.
    `apart`: each person's doses have to be so far apart, one after the other.
    `version` is the booking's that is meant: of one with another it is not known what to do.
    `missed`: all of it is over, and those whose places are not kept did not come.
    """

    booking_id: UUID
    places: Wishes
    hold_ids: HoldIds = ()
    apart: Apart | None = None
    version: Version | UnsetType = UNSET
    missed: bool = False


class CancelBooking(Command, frozen=True, kw_only=True):
    """Give a booking's places back. `missed`: nobody came, and all of it is over.

    `version` is the booking's that is meant, where others may change it as well.
    """

    booking_id: UUID
    reason: CancelReason
    missed: bool = False
    version: Version | UnsetType = UNSET


class RestoreBooking(Command, frozen=True, kw_only=True):
    """That it was missed was a mistake: it is booked as it was, and brings its claims again."""

    booking_id: UUID
    places: Wishes


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
    | RestoreBooking
)
