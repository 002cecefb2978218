"""When is a slot after it was moved by whole days? At the same time by the wall clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from talon.imports.faults import LineError
from talon.imports.published import Slot

DAYS_AHEAD_MAX = 400
"""A slot further ahead is a typing mistake."""


def moved(slot: Slot, days: int, zone: ZoneInfo) -> Slot:
    """The slot so many days later; it lasts as long as it did."""
    if days == 0:
        return slot
    try:
        starts_at = moved_instant(slot.starts_at, days, zone)
        ends_at = starts_at + (slot.ends_at - slot.starts_at)
        day = slot.day + timedelta(days=days)
    except OverflowError:
        raise LineError("too_far_ahead", f"moved by {days} days it is beyond all time") from None
    return msgspec.structs.replace(slot, starts_at=starts_at, ends_at=ends_at, day=day)


def moved_instant(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same time of day so many days later; where clocks leap over it, as much later as they."""
    local = instant.astimezone(zone)
    there = local + timedelta(days=days)
    if there.replace(fold=0).utcoffset() != there.replace(fold=1).utcoffset():
        # Only an hour that comes twice knows which of the two it is, not one that is leapt over.
        twice = _back(there.replace(fold=0)) == there.replace(tzinfo=None)
        there = there.replace(fold=local.fold if twice else 0)
    return there.astimezone(UTC)


def timely(slot: Slot, now: datetime) -> Slot:
    """The slot itself, if somebody can still book it and may think so far ahead."""
    if slot.starts_at <= now:
        raise LineError("past", f"it began at {slot.starts_at}; --shift-to moves a publication")
    if slot.starts_at > now + timedelta(days=DAYS_AHEAD_MAX):
        raise LineError(
            "too_far_ahead", f"it begins at {slot.starts_at}, over {DAYS_AHEAD_MAX} days ahead"
        )
    return slot


def _back(there: datetime) -> datetime:
    """What a clock there shows at that moment."""
    return there.astimezone(UTC).astimezone(there.tzinfo).replace(tzinfo=None)
