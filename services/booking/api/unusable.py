"""Why can a hold or a booking not be used, changed or decided? As its callers are told."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from shared.openapi import ProblemKind


class HeldLately(msgspec.Struct, frozen=True, kw_only=True):
    """Which slot, until when, and by which hold it is held now, if it is."""

    slot_id: UUID | UnsetType = UNSET
    until: datetime | UnsetType = UNSET
    hold_id: UUID | UnsetType = UNSET


LATELY = HeldLately(
    slot_id=UUID("00000000-0000-4000-8000-000000000201"),
    until=datetime(2099, 3, 1, 6, 7, tzinfo=UTC),
    hold_id=UUID("00000000-0000-4000-8000-000000000401"),
)

UNUSABLE = [
    ProblemKind(
        429,
        "too_many_wishes",
        "One person has asked for more places in a short time than people do.",
        "Ask again after Retry-After seconds; to ask sooner costs nothing and gains nothing.",
        headers=("Retry-After",),
    ),
    ProblemKind(
        409,
        "hold_gone",
        "The hold has run out, was given back, or is booked.",
        "Look for a place again.",
    ),
    ProblemKind(
        409,
        "too_many_held",
        "There is as much held for one person, on all their devices, as may be at a time.",
        "Book one of those, or give one back; `GET /holds` has them. Or book without a hold.",
    ),
    ProblemKind(
        409,
        "held_lately",
        "The slot was held for the same person and not given back, or is held for them now.",
        "Book it without a hold, or by `hold_id` where that is there; or hold another. From "
        "`until` on it may be held again.",
        more=LATELY,
    ),
    ProblemKind(
        409,
        "hold_renewed_before",
        "The hold was kept longer once already; it may be once.",
        "Book it before it runs out.",
    ),
    ProblemKind(
        409,
        "hold_pending",
        "The hold is not decided yet.",
        "Look at the hold until it is, then ask again.",
    ),
    ProblemKind(
        422,
        "hold_mismatch",
        "The places that are asked for are not those of the hold, or Talon-Hold names another one.",
        "Ask for exactly the slots that it holds, or without the hold.",
    ),
    ProblemKind(
        409,
        "booking_pending",
        "The booking is not decided yet.",
        "Look at the booking until it is, then ask again.",
    ),
    ProblemKind(
        409,
        "booking_refused",
        "The booking was refused, so there is nothing to change.",
        "Make a new booking.",
    ),
    ProblemKind(
        409,
        "booking_expired",
        "The booking was not decided in time, so there is nothing to change.",
        "Make a new booking.",
    ),
    ProblemKind(
        409,
        "booking_cancelled",
        "The booking is cancelled already.",
        "Make a new booking.",
    ),
    ProblemKind(
        409,
        "booking_changed",
        "Somebody else who has to do with the booking has changed it meanwhile.",
        "Look at the booking again, then ask under a new Idempotency-Key.",
    ),
    ProblemKind(
        409,
        "booking_unknown",
        "The booking cannot be changed any more.",
        "Look at the booking again.",
    ),
    ProblemKind(
        409,
        "expired",
        "It was not decided in time, and nothing was changed.",
        "Ask again with the same Idempotency-Key: it is then decided anew.",
    ),
    ProblemKind(
        500,
        "decision_failed",
        "The decision failed; this is a mistake of ours, and it was recorded.",
        "Ask somebody at the clinic; asking again gets the same answer.",
    ),
]
