"""What does a patient's page do to their visit by saying how it is?"""

from datetime import datetime

import msgspec

from services.booking.rules.televisits import (
    OPEN,
    Limits,
    No,
    Step,
    Steps,
    Visit,
    in_time,
    walk,
)


def page_says(
    visit: Visit, at: datetime, limits: Limits, *, is_here: bool, is_ready: bool
) -> tuple[Steps, Visit] | No:
    """What a patient's page does by saying how it is. To a visit that is over it does nothing."""
    if visit.status not in OPEN:
        return [], visit
    said_no = in_time(visit, "patient", at, limits)
    if said_no is not None:
        return said_no
    steps = steps_for(visit, is_here=is_here, is_ready=is_ready)
    walked = walk(visit, steps, "patient", at, limits)
    if isinstance(walked, No) or walked[1].presence != "here":
        return walked
    return walked[0], seen(walked[1], at)


def seen(visit: Visit, at: datetime) -> Visit:
    """The patient's page has said that it is open; no step by itself."""
    return msgspec.structs.replace(visit, seen_at=at)


def steps_for(visit: Visit, *, is_here: bool, is_ready: bool) -> list[Step]:
    """What a page's state means: the steps to take, in order; none where it says nothing new."""
    if visit.presence == "phone":
        return []
    if not is_here:
        return ["drop"] if visit.presence == "here" else []
    steps: list[Step] = []
    if visit.presence == "absent":
        steps.append("arrive")
    elif visit.presence == "away":
        steps.append("rejoin")
    if is_ready and visit.status in ("booked", "arrived"):
        steps.append("wait")
    return steps
