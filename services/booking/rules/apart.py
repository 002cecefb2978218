"""Are a person's doses well apart, though they were booked one by one?"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from services.booking.rules.eligibility import DAYS_MAX, well_apart

Had = tuple[int, datetime]
"""Which dose, and when."""


def asks_for_days(doses: int, min_days: int, max_days: int) -> bool:
    """Whether there is anything to look at: several doses, and days between them that say no."""
    return doses > 1 and (min_days > 0 or max_days < DAYS_MAX)


def not_apart_from(
    wanted: Mapping[int, datetime], had: Iterable[Had], min_days: int, max_days: int
) -> Had | None:
    """The dose of another booking beside which one of those wanted comes too soon or too late.

    A dose that is wanted counts where it is wanted, not where it was had.
    """
    for dose, starts_at in had:
        if dose in wanted:
            continue
        before, after = wanted.get(dose - 1), wanted.get(dose + 1)
        if before is not None and not well_apart(before, starts_at, min_days, max_days):
            return dose, starts_at
        if after is not None and not well_apart(starts_at, after, min_days, max_days):
            return dose, starts_at
    return None
