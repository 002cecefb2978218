"""Up to which day is a schedule without an end opened, in which steps, and when again?

Its days are those of the clinic's calendar, so its horizon moves at the clinic's own midnight.
"""

from datetime import date, datetime, timedelta, tzinfo

import msgspec

from services.slots.rules.schedules import ONE_DAY, Schedule, counts_of, moment

LOOK_AGAIN = timedelta(hours=6)
"""So often each is looked at in any case: a setting may have changed, or whose time it is."""


def begun(schedule: Schedule, zone: tzinfo, ahead_days: int) -> Schedule:
    """The schedule as it is when it is made: nothing opened yet, and meant so far ahead.

    Asked again later it is the same, whatever days were opened since.
    """
    made_on = schedule.made_at.astimezone(zone).date()
    opened_until = max(schedule.valid_from, made_on) - ONE_DAY
    meant_until = max(made_on + timedelta(days=ahead_days), opened_until)
    return msgspec.structs.replace(
        schedule,
        opened_until=opened_until,
        meant_until=meant_until,
        holidays=tuple(day for day in schedule.holidays if day <= meant_until),
    )


def horizon(schedule: Schedule, now: datetime, zone: tzinfo, ahead_days: int) -> date:
    """Up to which day it is to be settled by now what it means; never less than it is already."""
    assert schedule.meant_until is not None
    ahead = now.astimezone(zone).date() + timedelta(days=ahead_days)
    return max(schedule.meant_until, min(schedule.last, ahead))


def step(schedule: Schedule, zone: tzinfo, slots_max: int) -> date:
    """The last day of those that are opened next: so many slots at most, but one day at least."""
    assert schedule.opened_until is not None
    assert schedule.meant_until is not None
    slots, last = 0, None
    coming = counts_of(schedule, zone, schedule.opened_until + ONE_DAY, schedule.meant_until)
    for day, many in coming:
        slots += many
        if slots > slots_max and last is not None:
            return day - ONE_DAY
        last = day
    return schedule.meant_until


def look_at(
    schedule: Schedule, now: datetime, zone: tzinfo, ahead_days: int, *, goes_on: bool = True
) -> datetime | None:
    """When somebody is to look at it again: now, at a midnight of the clinic, or never.

    While it does not go on, since whose time it is has left, that may change at any time.
    """
    assert schedule.opened_until is not None
    assert schedule.meant_until is not None
    if schedule.opened_until < schedule.meant_until:
        return now
    if schedule.opened_until >= schedule.last:
        return None
    if not goes_on:
        return now + LOOK_AGAIN
    next_day = schedule.opened_until + ONE_DAY - timedelta(days=ahead_days)
    return max(now, min(now + LOOK_AGAIN, moment(next_day, 0, zone)))
