"""What may go wrong with a telemedicine visit, and what then?"""

from datetime import UTC, datetime

import msgspec
from msgspec import UNSET, UnsetType

from shared.openapi import ProblemKind


class NotYet(msgspec.Struct, frozen=True, kw_only=True):
    """From when on it may be."""

    since: datetime | UnsetType = UNSET


SOON = NotYet(since=datetime(2099, 3, 12, 6, 55, tzinfo=UTC))

VISITS = (
    ProblemKind(
        409,
        "visit_not_open",
        "The telemedicine visit's window has not opened yet.",
        "Come again from `since` on.",
        more=SOON,
    ),
    ProblemKind(
        409,
        "visit_over",
        "The visit is over, or its window is closed.",
        "Book another visit.",
    ),
    ProblemKind(
        409,
        "visit_step_impossible",
        "The visit is past that step, or not so far; or the patient is there, and waits.",
        "Look at the queue again: somebody else may have been quicker.",
    ),
    ProblemKind(
        409,
        "visit_too_early",
        "The patient may still come, so nobody is written off yet.",
        "Wait until `since`; by itself it is done then as well.",
        more=SOON,
    ),
    ProblemKind(
        409,
        "visit_attended",
        "Somebody of the booking has come, so it is not one to which nobody came.",
        "Take back first that they have come, if that was the mistake.",
    ),
    ProblemKind(
        409,
        "visit_off",
        "The place was cancelled or moved, so there is no visit there.",
        "Look at the booking, or at the queue, again.",
    ),
)
