"""What may the referee's callers be told went wrong, when, and what then?"""

import msgspec
from msgspec import UNSET, UnsetType

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
            "More people are in this slot than the new capacity allows.",
            "Choose a larger capacity, or close the slot and cancel what is booked.",
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
            "Tell whoever runs the service; asking again gets the same answer.",
        ),
    ]
)
