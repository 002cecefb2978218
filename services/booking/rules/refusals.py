"""How is a refusal told to a person: which status, which stable code, in which words?"""

from typing import NamedTuple, assert_never

from msgspec import UNSET

from services.booking.rules.life import Booking
from shared.messages import (
    BookPlaces,
    CancelBooking,
    ConfirmHold,
    HoldPlaces,
    MovePlaces,
    Refusal,
    Refused,
    ReleaseHold,
    RenewHold,
    RestoreBooking,
)

Asked = (
    BookPlaces
    | HoldPlaces
    | ConfirmHold
    | MovePlaces
    | CancelBooking
    | RestoreBooking
    | RenewHold
    | ReleaseHold
)


class Told(NamedTuple):
    """What the caller gets: an HTTP status, a stable code, and what it means."""

    status: int
    code: str
    detail: str


FAILED = Told(500, "decision_failed", "The decision failed; this is our mistake, it was recorded.")

TOLD: dict[Refusal, Told] = {
    "full": Told(409, "slot_full", "There is no free place in one of the slots."),
    "closed": Told(409, "slot_closed", "One of the slots is closed."),
    "not_open": Told(409, "campaign_not_open", "The campaign has not opened yet."),
    "started": Told(409, "slot_started", "One of the slots has begun already."),
    "too_late": Told(
        409, "slot_cut_off", "One of the slots takes no more bookings; `until` says since when."
    ),
    "not_over": Told(409, "visit_not_over", "One of the visits is not over, so nobody missed it."),
    "claim_taken": Told(
        409, "already_booked", "One of the persons has this dose or this slot booked already."
    ),
    "other_dose": Told(
        409,
        "slot_for_other_dose",
        "One of the slots is for another dose; who names no dose comes for the first.",
    ),
    "interval_broken": Told(
        409, "interval_broken", "A dose would come too soon or too late after the one before it."
    ),
    "expired": Told(409, "expired", "It was not decided in time, and nothing was booked."),
    "unknown": Told(409, "slot_unknown", "One of the slots does not exist."),
    "hold_gone": Told(409, "hold_gone", "The hold has run out or was given back."),
    "too_many_held": Told(
        409, "too_many_held", "There is as much held for one person as may be at a time."
    ),
    "renewed_before": Told(409, "hold_renewed_before", "The hold was kept longer once already."),
    "key_reused": Told(
        422, "key_reused", "This Idempotency-Key was used for another request; use a new one."
    ),
    "in_use": FAILED,
    "exists": FAILED,
    "failed": FAILED,
}

BOOKING_UNKNOWN = Told(409, "booking_unknown", "The booking cannot be changed any more.")
BOOKING_CHANGED = Told(409, "booking_changed", "Somebody else has changed the booking meanwhile.")
NOT_MISSED = Told(409, "booking_not_missed", "Nobody said of the booking that it was missed.")
BOOKING_CANCELLED = Told(409, "booking_cancelled", "The booking is cancelled already.")
BOOKING_UNREADY: dict[str, Told] = {
    "pending": Told(409, "booking_pending", "The booking is pending."),
    "refused": Told(409, "booking_refused", "The booking is refused."),
    "expired": Told(409, "booking_expired", "The booking is expired."),
}
HOLD_PENDING = Told(409, "hold_pending", "The hold is not decided yet.")


def told(refused: Refused, asked: Asked, before: Booking | None) -> Told:
    """What `unknown` means depends on what was asked about: a slot, a booking or a hold."""
    if refused.reason != "unknown" or refused.slot_id is not None:
        return TOLD[refused.reason]
    match asked:
        case MovePlaces() | CancelBooking():
            if before is not None and before.status == "cancelled":
                return BOOKING_CANCELLED
            return BOOKING_UNKNOWN if asked.version is UNSET else BOOKING_CHANGED
        case RestoreBooking():
            return NOT_MISSED
        case ConfirmHold() | RenewHold() | ReleaseHold():
            return TOLD["hold_gone"]
        case BookPlaces() | HoldPlaces():
            return TOLD["unknown"]
        case _:
            assert_never(asked)


def booking_unready(booking: Booking) -> Told | None:
    """Why a booking cannot be changed, where the referee never made it.

    A cancelled one is the referee's to answer for: asked again with the same key, the answer is
    the same as it was.
    """
    return BOOKING_UNREADY.get(booking.shown)


def hold_unready(hold: Booking) -> Told | None:
    """Why a hold cannot be changed, where the referee never made it."""
    if hold.version > 0:
        return None
    return HOLD_PENDING if hold.status == "pending" else TOLD["hold_gone"]
