"""Which slots does a weekly schedule mean, and would they be there twice?

Its hours are what the clock on the clinic's wall shows. An hour of a day is the first moment of
that day at which the clock shows that time or a later one: an hour that summer time skips is the
moment of the jump, and of an hour that comes twice the first is meant. Between the two moments
slots follow each other in real minutes, so a day of 23 or 25 hours has as many as fit into it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from uuid import UUID

import msgspec

SCHEDULE_SLOTS_MAX = 2_000
"""The most slots that one schedule may mean: each is a command to the referee."""

SCHEDULE_DAYS_MAX = 366
"""The most days from a schedule's first to its last, both counted."""

SCHEDULE_AHEAD_DAYS_MAX = 3_653
"""How far from today a schedule may reach, ten years; what is further is a typing mistake."""

DAY_MINUTES = 24 * 60
ONE_DAY = timedelta(days=1)


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Slots of one kind, the same on these days of the week, between two dates.

    `weekdays` are ISO numbers, Monday is 1; both dates are included. Minutes count from midnight.
    `opened`: how many slots the referee has opened; None until all of them were asked for.
    """

    id: UUID
    clinic_id: UUID
    time_zone: str
    service: str
    product: str
    dose: int | None
    weekdays: tuple[int, ...]
    starts_minute: int
    ends_minute: int
    slot_minutes: int
    capacity: int
    valid_from: date
    valid_to: date
    body_hash: bytes
    made_at: datetime
    closes_minutes_before: int = 0
    cancel_until_minutes_before: int = 0
    opened: int | None = None
    withdrawn_at: datetime | None = None


def starts_of(schedule: Schedule, zone: tzinfo) -> Iterator[datetime]:
    """When each slot begins, in order of time."""
    length = timedelta(minutes=schedule.slot_minutes)
    for day in days_of(schedule):
        first, slots = _slots_of_day(schedule, day, zone)
        for nth in range(slots):
            yield first + nth * length


def slot_count(schedule: Schedule, zone: tzinfo) -> int:
    """How many slots it means."""
    return sum(_slots_of_day(schedule, day, zone)[1] for day in days_of(schedule))


def days_of(schedule: Schedule) -> Iterator[date]:
    """The dates that it means."""
    for nth in range((schedule.valid_to - schedule.valid_from).days + 1):
        day = schedule.valid_from + nth * ONE_DAY
        if day.isoweekday() in schedule.weekdays:
            yield day


def doubled(wanted: Schedule, others: Iterable[Schedule]) -> Schedule | None:
    """The first of the others that has some of the wanted slots already."""
    for other in others:
        if _are_for_the_same(wanted, other) and _meet(wanted, other):
            return other
    return None


def moment(day: date, minute: int, zone: tzinfo) -> datetime:
    """The first moment at which the clock there shows this time of this day, or a later one."""
    shown = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    early, late = sorted(shown.replace(tzinfo=zone, fold=n).astimezone(UTC) for n in (0, 1))
    if _clock(early, zone) == shown:
        return early
    # No clock shows this: the clocks jump somewhere between the two readings of it.
    seconds = range(int((late - early).total_seconds()))
    jump = bisect_left(
        seconds, True, key=lambda s: _clock(early + timedelta(seconds=s), zone) >= shown
    )
    return early + timedelta(seconds=jump)


def _clock(at: datetime, zone: tzinfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _slots_of_day(schedule: Schedule, day: date, zone: tzinfo) -> tuple[datetime, int]:
    """When the clinic opens that day, and how many slots fit in before it closes."""
    opens = moment(day, schedule.starts_minute, zone)
    closes = moment(day, schedule.ends_minute, zone)
    return opens, (closes - opens) // timedelta(minutes=schedule.slot_minutes)


def _are_for_the_same(one: Schedule, other: Schedule) -> bool:
    """A patient might take either: only two products or two doses, both named, tell them apart."""
    products = {one.product, other.product} - {""}
    doses = {one.dose, other.dose} - {None}
    same_clinic = (one.clinic_id, one.service) == (other.clinic_id, other.service)
    return same_clinic and len(products) < 2 and len(doses) < 2


def _meet(one: Schedule, other: Schedule) -> bool:
    """Some minute of some date is in both."""
    from_minute = max(one.starts_minute, other.starts_minute)
    if from_minute >= min(one.ends_minute, other.ends_minute):
        return False
    first, last = max(one.valid_from, other.valid_from), min(one.valid_to, other.valid_to)
    weekdays = {*one.weekdays} & {*other.weekdays}
    days = min((last - first).days + 1, 7)
    return any((first + nth * ONE_DAY).isoweekday() in weekdays for nth in range(days))
