"""What does the front desk tell of a visit, from afar or at a clinic? Its steps, in order."""

from typing import Literal

from shared.messages.bookings import BookedPlace, BookingTold

NoShowBy = Literal["patient", "practitioner"]


class VisitTold(BookingTold, frozen=True, kw_only=True):
    """The head of what is told about a visit: the `step`th thing that happened to it.

    It is told in the place of its booking and with the booking's version; `place.id` is the visit.
    """

    step: int
    place: BookedPlace


class VisitArrived(VisitTold, frozen=True, kw_only=True):
    """The patient has opened the page; or has come, where `place` is at a clinic."""


class VisitWaiting(VisitTold, frozen=True, kw_only=True):
    """The patient has said that they are ready."""


class VisitDropped(VisitTold, frozen=True, kw_only=True):
    """The patient's page is closed, or silent; their place in line is kept."""


class VisitRejoined(VisitTold, frozen=True, kw_only=True):
    """The patient's page is open again."""


class VisitAdmitted(VisitTold, frozen=True, kw_only=True):
    """The practitioner is ready for the patient."""


class VisitByPhone(VisitTold, frozen=True, kw_only=True):
    """The visit is kept by phone: the clinic calls."""


class VisitEnded(VisitTold, frozen=True, kw_only=True):
    """The visit is over; at a clinic: it was fulfilled."""


class VisitMissed(VisitTold, frozen=True, kw_only=True):
    """The visit did not take place, and who did not come."""

    noshow_by: NoShowBy


class VisitSetBack(VisitTold, frozen=True, kw_only=True):
    """The clinic takes back what it said last: the visit's status is as it was before."""

    status: Literal["booked", "arrived"]


VisitEvent = (
    VisitArrived
    | VisitWaiting
    | VisitDropped
    | VisitRejoined
    | VisitAdmitted
    | VisitByPhone
    | VisitEnded
    | VisitMissed
    | VisitSetBack
)
