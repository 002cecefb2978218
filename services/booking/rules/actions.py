"""What may a patient do now with a booking or hold? In every state something, or it is over.

It is told with each of them, so that a page offers just that. It is advice, by the front desk's
clock: whoever asks for more is answered by the referee.
"""

from datetime import datetime
from typing import Literal

from services.booking.rules.life import Booking, Shown, Status

Action = Literal["wait", "reschedule", "cancel", "attend", "book", "confirm", "renew", "release"]
"""`wait`: it is decided by itself, soon. `attend`: the visit is now, or was. `book`: it is over,
and nothing of it stands in the way of booking the same again. The others are routes."""

OF_A_BOOKING: dict[Shown, tuple[Action, ...]] = {
    "pending": ("wait",),
    "booked": ("reschedule", "cancel"),
    "cancelled": ("book",),
    "noshow": ("book",),
    "refused": ("book",),
    "expired": ("book",),
}
"""A booking's, by how it is shown; one that has begun differs (`actions`)."""

OF_A_HOLD: dict[Status, tuple[Action, ...]] = {
    "pending": ("wait",),
    "held": ("confirm", "renew", "release"),
    "booked": ("reschedule", "cancel"),
    "cancelled": ("book",),
    "noshow": ("book",),
    "refused": ("book",),
    "expired": ("book",),
    "released": ("book",),
}
"""A hold's, by its status; one that was booked is a booking, one that was renewed is not again."""

HELD_FIRST = 1
"""The version of a hold that was not renewed yet."""


def actions(booking: Booking, now: datetime) -> tuple[Action, ...]:
    """What its owner may ask for now. What is to come may be changed until it begins."""
    if booking.status == "booked" and all(place.starts_at <= now for place in booking.places):
        return ("attend",)
    return OF_A_BOOKING[booking.shown]


def hold_actions(hold: Booking, now: datetime) -> tuple[Action, ...]:
    """What its holder may ask for now. A hold whose time is over is over, whoever says so first."""
    if hold.status == "held" and hold.expires_at is not None and hold.expires_at <= now:
        return OF_A_HOLD["expired"]
    if hold.status == "held" and hold.version > HELD_FIRST:
        return tuple(action for action in OF_A_HOLD["held"] if action != "renew")
    return actions(hold, now) if hold.status == "booked" else OF_A_HOLD[hold.status]
