"""What may those be told went wrong who wait before a campaign?"""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from shared.openapi import ProblemKind

CAMPAIGN = UUID("00000000-0000-4000-8000-000000000501")

LINE = ("pass_needed", "pass_invalid")
"""What stands before a place."""

STAFF_LINE = ("pass_needed", "staff_quota_used", "campaign_not_open")
"""What stands before a place for who books for a patient."""


class RoomBefore(msgspec.Struct, frozen=True, kw_only=True):
    """Of which campaign the waiting room is."""

    campaign_id: UUID | UnsetType = UNSET


class RoomOpens(msgspec.Struct, frozen=True, kw_only=True):
    """When the waiting room opens, or has opened."""

    opens_at: datetime | UnsetType = UNSET


WAITING = (
    ProblemKind(
        403,
        "pass_needed",
        "There is a waiting room before this.",
        "Take a ticket there, wait for one's turn, and come with the pass that is given then.",
        more=RoomBefore(campaign_id=CAMPAIGN),
    ),
    ProblemKind(
        429,
        "staff_quota_used",
        "Staff have brought in as many beside the line as they may for now.",
        "Ask again after Retry-After seconds, under the same key; the quota is the staff's own.",
        headers=("Retry-After",),
        more=RoomBefore(campaign_id=CAMPAIGN),
    ),
    ProblemKind(
        401,
        "pass_invalid",
        "The pass is not valid here, or its time is over.",
        "Ask for a pass again with one's ticket; the turn is not lost.",
    ),
    ProblemKind(
        409,
        "room_exists",
        "The campaign has a waiting room already.",
        "Look at it; change its speeds if these are wrong.",
    ),
    ProblemKind(
        409,
        "campaign_open",
        "The campaign is open; a waiting room is made before that.",
        "Nothing: whoever comes now books without waiting.",
    ),
    ProblemKind(
        409,
        "room_not_open",
        "The waiting room is not open now: not yet, or not any more.",
        "Come again at its `opens_at`; once it is closed, book without a pass.",
        more=RoomOpens(opens_at=datetime(2099, 3, 1, 4, tzinfo=UTC)),
    ),
    ProblemKind(
        422,
        "ticket_invalid",
        "The ticket is not of this waiting room, or its time is over.",
        "Ask for the ticket again: the place is the same.",
    ),
    ProblemKind(
        409,
        "not_your_turn",
        "It is not their turn yet.",
        "Look at how far the line is, and ask again when it is as far as one's place.",
        headers=("Retry-After",),
    ),
    ProblemKind(
        409,
        "not_drawn_yet",
        "The draw has not been made yet.",
        "Ask again after the room's `draws_at`.",
    ),
)
