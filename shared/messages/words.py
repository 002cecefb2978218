"""Of which words are messages made, and what does each of them wear? Ids, times, numbers, never a
person.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from shared.naming import named

PLACES_MAX = 8
"""The most places one booking may have: a family, a dose pair, a doctor with an interpreter."""

HOLDS_MAX = 8
"""The most holds that may be given up for a move."""

CAPACITY_MAX = 10_000
"""The most people one slot may take; anything above is a typing mistake."""

EXTRA_MAX = 100
"""The most people a person may add to a slot beyond its places."""

CUT_OFF_MINUTES_MAX = 7 * 24 * 60
"""The longest before its beginning that a slot may stop taking bookings, or cancelling be late."""

ONE_LINE = r"^[^\x00-\x1f\x7f]*(?![\s\S])"
"""No control characters. Not `$`, which also matches before a line break at the very end."""

Instant = Annotated[datetime, Meta(tz=True)]
Text = Annotated[str, Meta(min_length=1, max_length=200, pattern=ONE_LINE)]
OptionalText = Annotated[str, Meta(max_length=200, pattern=ONE_LINE)]
ClinicAddress = Annotated[str, Meta(max_length=300, pattern=ONE_LINE)]
Capacity = Annotated[int, Meta(ge=0, le=CAPACITY_MAX)]
Extra = Annotated[int, Meta(ge=0, le=EXTRA_MAX)]
MinutesBefore = Annotated[int, Meta(ge=0, le=CUT_OFF_MINUTES_MAX)]
Dose = Annotated[int, Meta(ge=1, le=4)]
DOSE_FIRST = 1
"""For which dose somebody comes who names none."""

DaysApart = Annotated[int, Meta(ge=0, le=3_650)]
RemindBefore = Annotated[str, Meta(pattern=r"^(P[1-9][0-9]{0,2}D|PT[1-9][0-9]{0,2}H)(?![\s\S])")]
"""How long before a visit one is reminded of it: days of the calendar (P7D), or hours (PT2H)."""

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
    "too_late",
    "not_over",
    "claim_taken",
    "other_dose",
    "interval_broken",
    "expired",
    "unknown",
    "exists",
    "hold_gone",
    "too_many_held",
    "renewed_before",
    "in_use",
    "key_reused",
    "failed",
]
"""Why a command was refused. `docs/messages.md` says what each means to a person."""

CancelReason = Literal["patient", "clinic"]

BookedBy = Literal["clinic"]
"""Who made a booking where its owner did not: they are told so."""

Modality = Literal["physical", "virtual"]
"""Whether one comes to the clinic or is seen from afar."""

AsksFor = Literal["nothing", "referral", "attachment"]
"""Which paper of the person the front desk wants to have seen before a place is used up."""

Resource = Literal["service", "room", "interpreter"]
"""What a slot's time is the time of. A practitioner's slot names the practitioner instead."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The head every message wears. `cause` is the id of the message it answers."""

    id: UUID
    cause: UUID
    at: Instant


def booking_of(message: Message) -> UUID:
    """The booking or hold that a message is about; one that is to make it bears its id."""
    booking_id: UUID = getattr(message, "booking_id", message.id)
    return booking_id


def answer_id(cause: UUID, event_type: str, ordinal: int = 0) -> UUID:
    """The id of the answer of that type to `cause`: a replay gives the same id."""
    return named(cause, f"{event_type}/{ordinal}")


def place_id(command_id: UUID, ordinal: int) -> UUID:
    """The id of the seat that the command's wish number `ordinal` gets."""
    return named(command_id, f"place/{ordinal}")
