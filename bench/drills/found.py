"""What is found of a drill, in one line, and was it borne?"""

import msgspec

from bench.drills.play import Played
from talon.quantiles import quantile


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The last line. `admissions_ratio` is of the speed that was set."""

    drill: str
    people: int
    places: int
    admitted: int
    booked: int
    left: int
    admissions_ratio: float
    p50_ms: float
    p99_ms: float
    oversold: int
    lost: int
    twice: int
    jumped: int
    went_around: int
    another_place: int
    is_audit_clean: bool
    kept: bool


def conclude(played: Played, *, is_audit_clean: bool) -> Result:
    """All promises are kept, or not."""
    totals, found = played.totals, played.invariants
    went_around, another = totals.get("around", 0), totals.get("another place", 0)
    return Result(
        drill=played.morning,
        people=played.people,
        places=played.places,
        admitted=totals.get("admitted", 0),
        booked=totals.get("booked", 0),
        left=totals.get("left", 0),
        admissions_ratio=round(played.served / played.speed, 3),
        p50_ms=round(quantile(played.took, 0.5), 1),
        p99_ms=round(quantile(played.took, 0.99), 1),
        oversold=found.oversold,
        lost=found.lost,
        twice=found.twice,
        jumped=found.jumped,
        went_around=went_around,
        another_place=another,
        is_audit_clean=is_audit_clean,
        kept=is_audit_clean and found.looks > 1 and not (found.broken or went_around or another),
    )
