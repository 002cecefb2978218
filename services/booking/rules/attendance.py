"""Who has come to a clinic, whose visit is done, and who did not come? As staff say, by steps.

What was a mistake is taken back by a step of its own, so a state never has only one way. Nobody has
both come and been missed: each step is from one status to one other.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from services.booking.rules.televisits import No, Status, Step, Visit

Said = Literal["arrive", "not_arrived", "fulfil", "not_fulfilled"]
"""What staff say of one who comes; `miss` and `not_missed` go with what is said of the booking."""

NEXT: Mapping[Status, Mapping[Step, Status]] = {
    "booked": {"arrive": "arrived", "fulfil": "ended", "miss": "noshow"},
    "arrived": {"not_arrived": "booked", "fulfil": "ended"},
    "ended": {"not_fulfilled": "arrived"},
    "noshow": {"not_missed": "booked"},
}
"""status x step -> status. The table in `docs/journeys/visits.md` is compared with it."""

CAME: frozenset[Status] = frozenset({"arrived", "ended"})
ADMITTED: frozenset[Status] = frozenset({"admitted", "ended"})
FROM_CLOCK: frozenset[Step] = frozenset({"arrive", "fulfil"})


def step_of(visit: Visit, step: Step, at: datetime, before_seconds: float) -> Visit | No:
    """The visit after the step, or why it is not taken; nobody comes long before their time."""
    status = NEXT.get(visit.status, {}).get(step)
    if status is None:
        return No("impossible")
    since = visit.starts_at - timedelta(seconds=before_seconds)
    if step in FROM_CLOCK and at < since:
        return No("not_open", since)
    return msgspec.structs.replace(
        visit,
        status=status,
        version=visit.version + 1,
        noshow_by="patient" if status == "noshow" else None,
        arrived_at=(visit.arrived_at or at) if status in CAME else None,
        ended_at=at if status == "ended" else None,
    )


def missed(visit: Visit, at: datetime) -> Visit | No | None:
    """Somebody who did not come; None where that was said before, or their own steps said so.

    A visit from afar has an end of its own: whoever was admitted there has come.
    """
    if visit.modality == "virtual":
        return No("came") if visit.status in ADMITTED else None
    if visit.status == "noshow":
        return None
    after = step_of(visit, "miss", at, 0)
    if isinstance(after, No):
        return No("came")
    return No("not_over") if at < visit.ends_at else after


def not_missed(visit: Visit) -> Visit | None:
    """Somebody who had come after all; None where nobody said that they had not."""
    if visit.modality == "virtual" or visit.status != "noshow":
        return None
    after = step_of(visit, "not_missed", visit.ends_at, 0)
    assert not isinstance(after, No)
    return after
