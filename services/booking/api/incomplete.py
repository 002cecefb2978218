"""What may be wrong with places as visits, and what then?"""

from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from services.booking.rules.papers import Wrong
from services.booking.rules.visits import Missing
from shared.messages import AsksFor
from shared.openapi import ProblemKind

SLOT = UUID("00000000-0000-4000-8000-000000000201")


class VisitIncomplete(msgspec.Struct, frozen=True, kw_only=True):
    """Which slot is not enough by itself, and what the visit lacks."""

    slot_id: UUID | UnsetType = UNSET
    missing: tuple[Missing, ...] | UnsetType = UNSET


class PaperMissing(msgspec.Struct, frozen=True, kw_only=True):
    """Which slot asks for which paper of the person, and what is wrong with what there is."""

    slot_id: UUID | UnsetType = UNSET
    asks_for: AsksFor | UnsetType = UNSET
    wrong: Wrong | UnsetType = UNSET


class NothingToFollow(msgspec.Struct, frozen=True, kw_only=True):
    """Which slot comes after another visit."""

    slot_id: UUID | UnsetType = UNSET


VISIT_KINDS = (
    ProblemKind(
        422,
        "visit_incomplete",
        "What must be free together is not all there; `missing` says what the slot lacks.",
        "Book all of it as places of one booking: the same person's, at the same time.",
        more=VisitIncomplete(slot_id=SLOT, missing=("room",)),
    ),
    ProblemKind(
        422,
        "paper_missing",
        "The slot asks for a paper that the person has not; `wrong` says why not.",
        "Ask the clinic that gives it to enter it, or choose a slot that does not ask for it.",
        more=PaperMissing(
            slot_id=SLOT,
            asks_for="referral",
            wrong="used",
        ),
    ),
    ProblemKind(
        422,
        "nothing_to_follow",
        "The visit follows another, and none is named that it can follow.",
        "Name in `follows` a booking of the same person that stands and begins earlier.",
        more=NothingToFollow(slot_id=SLOT),
    ),
)
