"""What may the referee's callers be told went wrong, when, and what then?"""

from datetime import date
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from services.slots.api.previews import KeptShown, Preview, SlotsShown
from shared.openapi import ProblemKind, by_code

REFEREE = ("expired", "decision_failed", "outcome_unknown")
"""Whatever is asked of the referee may end so."""


class SlotRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """A slot that was not opened, by its number in the request, and why."""

    nth: int
    code: str
    detail: str


class SlotsRefused(msgspec.Struct, frozen=True, kw_only=True):
    """Where several slots were asked for: why not this one, and this one."""

    refused: tuple[SlotRefusal, ...] | UnsetType = UNSET


def _all_refused(code: str, detail: str) -> SlotsRefused:
    return SlotsRefused(refused=(SlotRefusal(nth=0, code=code, detail=detail),))


class InTheWay(msgspec.Struct, frozen=True, kw_only=True):
    """Which schedule has some of these slots already."""

    schedule_id: UUID | UnsetType = UNSET


class PreviewNow(msgspec.Struct, frozen=True, kw_only=True):
    """What a version would do now."""

    preview: Preview | UnsetType = UNSET


class TooMany(msgspec.Struct, frozen=True, kw_only=True):
    """How many slots these would be, where that is known."""

    slots: int | UnsetType = UNSET


class TooMuchForOne(msgspec.Struct, frozen=True, kw_only=True):
    """How many slots would be shut, and how many people's bookings cancelled."""

    slots: int | UnsetType = UNSET
    people: int | UnsetType = UNSET


_NO_SLOTS = SlotsShown(slots=0, first=())
PREVIEW = Preview(
    digest="5f1d7e0a8b2c4d6e9f3a1b5c7d8e0f21",
    until=date(2030, 4, 5),
    slots=168,
    stays=168,
    opens=_NO_SLOTS,
    reopens=_NO_SLOTS,
    resizes=_NO_SLOTS,
    closes=_NO_SLOTS,
    keeps=KeptShown(slots=0, people=0, first=()),
    holidays=(),
)

_UNKNOWN = "There is no such slot or clinic."
_THERE = "Something with this id is there already."

PROBLEMS = by_code(
    [
        ProblemKind(
            404,
            "slot_unknown",
            _UNKNOWN,
            "Look for it again; a clinic is set up before its slots.",
            more=_all_refused("slot_unknown", _UNKNOWN),
        ),
        ProblemKind(
            409,
            "already_exists",
            _THERE,
            "Change what is there, or choose another id, or none.",
            more=_all_refused("already_exists", _THERE),
        ),
        ProblemKind(
            409,
            "slot_in_use",
            "People in it would have no place, or be late by a stricter rule than they booked by.",
            "Choose larger numbers or a milder rule, or close the slot and cancel what is booked.",
        ),
        ProblemKind(
            422,
            "practitioner_unknown",
            "Somebody named here has no slots of their own at this clinic.",
            "Say who they are first (`PUT /api/v1/clinics/{id}/practitioners`).",
        ),
        ProblemKind(
            409,
            "schedule_overlaps",
            "A schedule of the clinic has some of these slots already; `schedule_id` names it.",
            "For more places change the capacity; to replace the schedule, make a version of it.",
            more=InTheWay(schedule_id=UUID("00000000-0000-4000-8000-000000000401")),
        ),
        ProblemKind(
            409,
            "schedule_withdrawn",
            "The schedule, or the one that this Idempotency-Key made, was withdrawn.",
            "Make a new schedule, under a new Idempotency-Key.",
        ),
        ProblemKind(
            409,
            "schedule_unfinished",
            "A version of the schedule broke off, so that it is not known what of it is there.",
            "Ask for it once more as it was asked, with its Idempotency-Key; then for this one.",
        ),
        ProblemKind(
            409,
            "preview_changed",
            "The version would not do what its preview showed; `preview` shows what it would do.",
            "Look at it, and ask again with its digest, under a new Idempotency-Key.",
            more=PreviewNow(preview=PREVIEW),
        ),
        ProblemKind(
            422,
            "too_many_slots",
            "These are more slots than one request may open or change.",
            "Ask for fewer days at a time; `slots`, where it is there, says how many these are.",
            more=TooMany(slots=2_016),
        ),
        ProblemKind(
            409,
            "two_persons_needed",
            "So many slots, or the bookings of so many people, are not one person's to shut.",
            "Propose it (`POST /api/v1/proposals`), and let another person approve it.",
            more=TooMuchForOne(slots=240, people=310),
        ),
        ProblemKind(
            422,
            "no_slots",
            "Not one slot is to come on these days and in these hours.",
            "Look at the dates, the days of the week, and the length of a slot.",
        ),
        ProblemKind(
            409,
            "expired",
            "It, or a part of it, was not decided in time, and that part changed nothing.",
            "Ask again with the same Idempotency-Key: it is then decided anew.",
        ),
        ProblemKind(
            500,
            "decision_failed",
            "The decision failed; this is a mistake of ours, and it was recorded.",
            "Tell whoever runs the service; asking again gets the same answer.",
        ),
    ]
)
