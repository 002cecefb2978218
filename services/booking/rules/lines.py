"""Where in the practitioner's line is somebody, and between when and when will it be their turn?

The interval is honest about what nobody knows: who of those before them will come, and how long
each takes. Its beginning is as if only those who are here are seen, each as quickly as visits went
today; its end as if everybody comes and takes as long as the longer ones. As the practitioner runs
late both move, since nothing is ever expected before now.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from services.booking.rules.televisits import IN_LINE, Limits, Visit, opens_at

LATEST = 12
"""How many visits that ended say how long one takes: the last ones, for a day changes."""

KNOWN = 3
"""With fewer than these the plan is believed as well."""


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """`place` 1 is next. Between the two their turn is expected."""

    place: int
    earliest: datetime
    latest: datetime


def expected(line: Iterable[Visit], mine: UUID, at: datetime, limits: Limits) -> Expected | None:
    """For one of the line's visits that is yet to begin; None for any other."""
    visits = sorted(line, key=_in_order)
    me = next((visit for visit in visits if visit.id == mine), None)
    if me is None or me.status not in IN_LINE | {"booked"}:
        return None
    before = [v for v in visits[: visits.index(me)] if v.status in IN_LINE | {"booked"}]
    took = _took(visits)
    earliest = latest = at
    for visit in visits:
        if visit.status == "admitted" and visit.admitted_at is not None:
            short, long = _lengths(visit, took)
            earliest = max(earliest, visit.admitted_at + short)
            latest = max(latest, visit.admitted_at + long)
    for visit in before:
        short, long = _lengths(visit, took)
        if visit.presence in ("here", "phone"):
            earliest = max(earliest, opens_at(visit.starts_at, limits)) + short
        latest = max(latest, visit.starts_at) + long
    return Expected(
        place=len(before) + 1,
        earliest=max(earliest, opens_at(me.starts_at, limits)),
        latest=max(latest, me.starts_at),
    )


def _in_order(visit: Visit) -> tuple[datetime, bool, datetime, bytes]:
    """By the time that was booked; of those with the same, who came first."""
    came = visit.arrived_at
    return visit.starts_at, came is None, came or visit.starts_at, visit.id.bytes


def _took(visits: Sequence[Visit]) -> list[timedelta]:
    """How long the last visits of today took, the longest last."""
    ended = sorted(
        # A clock that was set back between the two is no visit that took less than no time.
        (visit.ended_at, max(visit.ended_at - visit.admitted_at, timedelta()))
        for visit in visits
        if visit.status == "ended" and visit.ended_at is not None and visit.admitted_at is not None
    )
    return sorted(length for _, length in ended[-LATEST:])


def _lengths(visit: Visit, took: Sequence[timedelta]) -> tuple[timedelta, timedelta]:
    """How long a visit takes if it is a short one, and if it is a long one: the quartiles."""
    known = list(took)
    if len(known) < KNOWN:
        known = sorted([*known, visit.ends_at - visit.starts_at])
    quarter = (len(known) - 1) // 4
    return known[quarter], known[-1 - quarter]
