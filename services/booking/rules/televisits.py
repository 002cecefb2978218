"""What becomes of a telemedicine visit, step by step, and what of it happens by itself?"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from shared.messages import Modality

Status = Literal["booked", "arrived", "waiting", "admitted", "ended", "noshow", "cancelled"]
Presence = Literal["absent", "here", "away", "phone"]
AtClinic = Literal["not_arrived", "fulfil", "not_fulfilled", "miss", "not_missed"]
"""Steps of a visit at a clinic alone: see `rules/attendance.py`."""

Step = Literal[
    "arrive", "wait", "drop", "rejoin", "admit", "phone", "end", "noshow", "cancel", AtClinic
]

Side = Literal["patient", "practitioner"]
By = Literal["patient", "staff", "rule"]
Missing = Literal["came", "not_over"]
Why = Literal[
    "not_open", "over", "impossible", "too_early", "is_here", "off", "key_reused", Missing
]

NEXT: Mapping[Status, Mapping[Step, Status]] = {
    "booked": {
        "arrive": "arrived",
        "phone": "waiting",
        "noshow": "noshow",
        "cancel": "cancelled",
    },
    "arrived": {
        "wait": "waiting",
        "phone": "waiting",
        "admit": "admitted",
        "drop": "arrived",
        "rejoin": "arrived",
        "noshow": "noshow",
        "cancel": "cancelled",
    },
    "waiting": {
        "phone": "waiting",
        "admit": "admitted",
        "drop": "waiting",
        "rejoin": "waiting",
        "noshow": "noshow",
        "cancel": "cancelled",
    },
    "admitted": {
        "phone": "admitted",
        "drop": "admitted",
        "rejoin": "admitted",
        "end": "ended",
    },
    "ended": {},
    "noshow": {},
    "cancelled": {},
}
"""status x step -> status. The table in `docs/journeys/telemedicine.md` is compared with it."""

MOVES: Mapping[Presence, Mapping[Step, Presence]] = {
    "absent": {"arrive": "here", "phone": "phone"},
    "here": {"drop": "away", "phone": "phone"},
    "away": {"rejoin": "here", "phone": "phone"},
    "phone": {},
}
"""Where the patient is. Only these steps move them; the others do not ask."""

MOVING: frozenset[Step] = frozenset(step for steps in MOVES.values() for step in steps)

FHIR: Mapping[Status, tuple[str, str]] = {
    "booked": ("booked", "planned"),
    "arrived": ("arrived", "arrived"),
    "waiting": ("checked-in", "arrived"),
    "admitted": ("checked-in", "in-progress"),
    "ended": ("fulfilled", "finished"),
    "noshow": ("noshow", "cancelled"),
    "cancelled": ("cancelled", "cancelled"),
}
"""What FHIR R4 calls each status: of the Appointment, and of the Encounter."""

STEPS_OF: Mapping[By, frozenset[Step]] = {
    "patient": frozenset({"arrive", "wait", "drop", "rejoin"}),
    "staff": frozenset({"admit", "end", "phone", "noshow"}),
    "rule": frozenset({"drop", "end", "noshow", "cancel"}),
}
"""Who may take which step."""

IN_LINE: frozenset[Status] = frozenset({"arrived", "waiting"})
OPEN: frozenset[Status] = IN_LINE | {"booked", "admitted"}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long for what, in seconds. `before` and `after` the beginning is when the link works.

    `patient`: who has not come so long after the beginning is not waited for. `practitioner`: who
    was not admitted so long after the window's end will not be. `silent`: a page that says nothing
    for so long is closed. `admitted`: a visit that nobody ended is over then.
    """

    before: float = 300.0
    after: float = 3_600.0
    patient: float = 900.0
    practitioner: float = 300.0
    silent: float = 90.0
    admitted: float = 14_400.0


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One person's visit: `version` counts its steps, `noshow_by` says who did not come."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    modality: Modality = "virtual"
    status: Status = "booked"
    presence: Presence = "absent"
    version: int = 0
    noshow_by: Side | None = None
    arrived_at: datetime | None = None
    admitted_at: datetime | None = None
    ended_at: datetime | None = None
    dropped_at: datetime | None = None
    seen_at: datetime | None = None


Steps = Sequence[tuple[Step, Visit]]
"""Steps in order, each with the visit as it is after it."""


class No(msgspec.Struct, frozen=True):
    """A step that is not taken: why, and from when on it may be, if it will."""

    why: Why
    since: datetime | None = None


def opens_at(starts_at: datetime, limits: Limits) -> datetime:
    """From when on the link leads in."""
    return starts_at - timedelta(seconds=limits.before)


def closes_at(starts_at: datetime, limits: Limits) -> datetime:
    """From when on it does not."""
    return starts_at + timedelta(seconds=limits.after)


def decide(visit: Visit, step: Step, by: By, at: datetime, limits: Limits) -> Visit | No:
    """The visit after the step, or why it is not taken."""
    said_no = in_time(visit, by, at, limits)
    if said_no is not None:
        return said_no
    is_moved = step not in MOVING or step in MOVES[visit.presence]
    if step not in STEPS_OF[by] or step not in NEXT[visit.status] or not is_moved:
        return No("impossible")
    if step == "noshow" and by == "staff":
        since = visit.starts_at + timedelta(seconds=limits.patient)
        if visit.presence in ("here", "phone"):
            return No("is_here")
        if at < since:
            return No("too_early", since)
        return _after(visit, step, at, noshow_by="patient")
    if by == "rule" and step != "cancel":
        due = what_is_due(visit, limits)
        if due is None or due.step != step or at < due.at:
            return No("too_early", due.at if due is not None and due.step == step else None)
        return _after(visit, step, at, noshow_by=due.noshow_by)
    return _after(visit, step, at)


def walk(
    visit: Visit, steps: Iterable[Step], by: By, at: datetime, limits: Limits
) -> tuple[Steps, Visit] | No:
    """All of the steps, or why the first that is not taken is not."""
    taken: list[tuple[Step, Visit]] = []
    for step in steps:
        after = decide(visit, step, by, at, limits)
        if isinstance(after, No):
            return after
        visit = after
        taken.append((step, visit))
    return taken, visit


def by_itself(
    visit: Visit, at: datetime, limits: Limits, *, is_booked: bool
) -> tuple[Steps, Visit]:
    """What happens though nobody does anything, if it is time; what is not booked is off."""
    steps: list[Step] = []
    due = what_is_due(visit, limits)
    if not is_booked and "cancel" in NEXT[visit.status]:
        steps = ["cancel"]
    elif due is not None and due.at <= at:
        steps = [due.step]
    walked = walk(visit, steps, "rule", at, limits)
    assert not isinstance(walked, No), "what is due is taken"
    return walked


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """What happens by itself, and when."""

    at: datetime
    step: Step
    noshow_by: Side | None = None


def what_is_due(visit: Visit, limits: Limits) -> Due | None:
    """The first thing that happens if nobody does anything; None where nothing ever does."""
    due: list[Due] = []
    if visit.status not in OPEN or visit.modality == "physical":
        return None
    if visit.presence == "here":
        assert visit.seen_at is not None
        due.append(Due(at=visit.seen_at + timedelta(seconds=limits.silent), step="drop"))
    if visit.status == "booked":
        late = visit.starts_at + timedelta(seconds=limits.patient)
        due.append(Due(at=late, step="noshow", noshow_by="patient"))
    elif visit.status == "admitted":
        assert visit.admitted_at is not None
        last = visit.admitted_at + timedelta(seconds=limits.admitted)
        due.append(Due(at=last, step="end"))
    else:
        late = closes_at(visit.starts_at, limits) + timedelta(seconds=limits.practitioner)
        due.append(Due(at=late, step="noshow", noshow_by=_whose_fault(visit)))
    return min(due, key=lambda one: one.at)


def _whose_fault(visit: Visit) -> Side:
    """Whoever was there when it was to begin has come, however long they then stayed."""
    left_before = (
        visit.presence == "away"
        and visit.dropped_at is not None
        and visit.dropped_at < visit.starts_at
    )
    return "patient" if left_before else "practitioner"


def in_time(visit: Visit, by: By, at: datetime, limits: Limits) -> No | None:
    """Too early for anybody; too late for a patient, unless the visit goes on."""
    if by == "rule":
        return None
    opens = opens_at(visit.starts_at, limits)
    if at < opens:
        return No("not_open", opens)
    is_over = visit.status not in OPEN or at >= closes_at(visit.starts_at, limits)
    if by == "patient" and is_over and visit.status != "admitted":
        return No("over")
    return None


def _after(visit: Visit, step: Step, at: datetime, noshow_by: Side | None = None) -> Visit:
    status = NEXT[visit.status][step]
    arrives = step in ("arrive", "phone") and visit.arrived_at is None
    return msgspec.structs.replace(
        visit,
        status=status,
        presence=MOVES[visit.presence].get(step, visit.presence),
        version=visit.version + 1,
        noshow_by=noshow_by,
        arrived_at=at if arrives else visit.arrived_at,
        admitted_at=at if step == "admit" else visit.admitted_at,
        ended_at=at if step == "end" else visit.ended_at,
        dropped_at=at if step == "drop" else visit.dropped_at,
        seen_at=at if step in ("arrive", "rejoin") else visit.seen_at,
    )
