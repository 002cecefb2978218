"""Which slots does a schedule mean, and would they be there twice?

Its hours are what the clock on the clinic's wall shows. An hour of a day is the first moment of
that day at which the clock shows that time or a later one: an hour that summer time skips is the
moment of the jump, and of an hour that comes twice the first is meant. Between the two moments
slots follow each other in real minutes, so a day of 23 or 25 hours has as many as fit into it. A
break is such hours too, in which none are; after it they begin anew.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Literal, NamedTuple
from uuid import UUID, uuid5

import msgspec

from services.slots.rules.patterns import DAYS, dates_of, parse
from shared.messages import AsksFor, Modality, Resource

SCHEDULE_SLOTS_MAX = 2_000
"""The most slots that one schedule may mean: each is a command to the referee."""

SCHEDULE_DAYS_MAX = 366
"""The most days from a schedule's first to its last, both counted."""

SCHEDULE_AHEAD_DAYS_MAX = 3_653
"""How far from today a schedule may reach, ten years; what is further is a typing mistake."""

SCHEDULE_DAY_SLOTS_MAX = 200
"""The most slots on one day of a schedule without an end; every ten minutes make 144."""

FOREVER = date.max
"""The last day of a schedule without an end."""

DAY_MINUTES = 24 * 60
ONE_DAY = timedelta(days=1)

OnHolidays = Literal["closed", "open"]


class Seats(msgspec.Struct, frozen=True, kw_only=True):
    """How many people at once, and for what; a dose is None and a product "" where all go."""

    dose: int | None = None
    product: str = ""
    capacity: int


class Wanted(NamedTuple):
    """One slot that a schedule means."""

    starts_at: datetime
    ends_at: datetime
    seats: Seats


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Slots of one kind, at the same hours on the days of a rule, between two dates.

    The rule is `rrule`, counted from `valid_from` on; where it is "" every week has the `weekdays`,
    which are ISO numbers, Monday is 1. Both dates are included. Minutes count from midnight.
    `buffer_minutes` lie between two slots. Of the days `except_dates` are left out, and so are the
    `holidays` that were known when it was made, if it is closed then; `extra_dates` are added,
    holidays or not. `doses`: several slots at each time, each for a dose of its own; where there
    are none, one with `capacity` for `dose`.
    Schedules of one `series` are versions of each other: from `replaced_from` on another counts.
    One without an end (`valid_to` is FOREVER) is opened ahead: up to `meant_until` it is settled
    what it means, since holidays were looked up until then; up to `opened_until` all was asked for.
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
    rrule: str = ""
    breaks: tuple[tuple[int, int], ...] = ()
    buffer_minutes: int = 0
    except_dates: tuple[date, ...] = ()
    extra_dates: tuple[date, ...] = ()
    on_holidays: OnHolidays = "closed"
    holidays: tuple[date, ...] = ()
    doses: tuple[Seats, ...] = ()
    modality: Modality = "physical"
    practitioner_id: UUID | None = None
    resource: Resource = "service"
    asks_for: AsksFor = "nothing"
    series_id: UUID | None = None
    version: int = 1
    replaced_from: date | None = None
    opened: int | None = None
    withdrawn_at: datetime | None = None
    meant_until: date | None = None
    opened_until: date | None = None

    @property
    def seats(self) -> tuple[Seats, ...]:
        """What there is at each of its times."""
        one = Seats(dose=self.dose, product=self.product, capacity=self.capacity)
        return self.doses or (one,)

    @property
    def rule(self) -> str:
        """Its days as RFC 5545 writes them."""
        by_day = ",".join(DAYS[day - 1] for day in self.weekdays)
        return self.rrule or f"FREQ=WEEKLY;BYDAY={by_day}"

    @property
    def series(self) -> UUID:
        """What it has in common with its versions: the id of the first of them."""
        return self.series_id or self.id

    @property
    def last(self) -> date:
        """The last date for which it counts."""
        if self.replaced_from is None:
            return self.valid_to
        return min(self.valid_to, self.replaced_from - ONE_DAY)

    @property
    def settled(self) -> date:
        """The last date of which it is known what it means."""
        return self.last if self.meant_until is None else min(self.last, self.meant_until)


def slots_of(
    schedule: Schedule, zone: tzinfo, first: date | None = None, until: date | None = None
) -> Iterator[Wanted]:
    """Each slot that is settled, in order of time; of these days alone, where they are named."""
    length = timedelta(minutes=schedule.slot_minutes)
    for start in starts_of(schedule, zone, first, until):
        for seats in schedule.seats:
            yield Wanted(start, start + length, seats)


def starts_of(
    schedule: Schedule, zone: tzinfo, first: date | None = None, until: date | None = None
) -> Iterator[datetime]:
    """Each time at which slots begin, in order."""
    step = timedelta(minutes=schedule.slot_minutes + schedule.buffer_minutes)
    for day in days_of(schedule, first, until):
        for opens, times in _times_of_day(schedule, day, zone):
            for nth in range(times):
                yield opens + nth * step


def slot_count(schedule: Schedule, zone: tzinfo) -> int:
    """How many slots it means."""
    return sum(slots for _, slots in counts_of(schedule, zone))


def counts_of(
    schedule: Schedule, zone: tzinfo, first: date | None = None, until: date | None = None
) -> Iterator[tuple[date, int]]:
    """How many slots it means on each of its days; on these alone, where they are named."""
    for day in days_of(schedule, first, until):
        times = sum(many for _, many in _times_of_day(schedule, day, zone))
        yield day, times * len(schedule.seats)


def days_of(schedule: Schedule, first: date | None = None, until: date | None = None) -> list[date]:
    """The dates that it means, in order, as far as that is settled or as it is asked for."""
    first = max(first or schedule.valid_from, schedule.valid_from)
    last = min(schedule.last, until or schedule.settled)
    days = set(dates_of(parse(schedule.rule), schedule.valid_from, last))
    if schedule.on_holidays == "closed":
        days -= {*schedule.holidays}
    days = (days | {*schedule.extra_dates}) - {*schedule.except_dates}
    return sorted(day for day in days if first <= day <= last)


def command_id_of(first: Schedule, schedule: Schedule, slot: Wanted) -> UUID:
    """The command that opens a slot of a version; `first` is the first version there was.

    What is at the same time for the same thing is the same slot, whichever version means it. One
    such as the first version had is told by when it starts alone, others by what they are as well.
    """
    name = f"slot/{slot.starts_at.isoformat()}"
    kind = _kind_of(schedule, slot.seats)
    if first.doses or kind != _kind_of(first, first.seats[0]):
        name = f"{name}/{kind}"
    return uuid5(first.series, name)


def slot_id_of(first: Schedule, schedule: Schedule, slot: Wanted) -> UUID:
    """The slot that this command opens."""
    return uuid5(command_id_of(first, schedule, slot), "slot")


def _kind_of(schedule: Schedule, seats: Seats) -> str:
    """All that a slot is, but for its start and its capacity, which may change."""
    about = (
        schedule.slot_minutes,
        seats.dose or "",
        seats.product,
        schedule.modality,
        schedule.practitioner_id or "",
        schedule.resource,
        schedule.asks_for,
    )
    return "/".join(map(str, about))


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


def hours_of(schedule: Schedule) -> list[tuple[int, int]]:
    """From which minute to which it is open: its hours without the breaks."""
    edges = [minute for pause in sorted(schedule.breaks) for minute in pause]
    edges = [schedule.starts_minute, *edges, schedule.ends_minute]
    return [(a, b) for a, b in list(pairwise(edges))[::2] if a < b]


def _clock(at: datetime, zone: tzinfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _times_of_day(schedule: Schedule, day: date, zone: tzinfo) -> Iterator[tuple[datetime, int]]:
    """For each stretch of hours: when it begins, and how many slots one after another fit in."""
    length, buffer = (
        timedelta(minutes=minutes) for minutes in (schedule.slot_minutes, schedule.buffer_minutes)
    )
    for opens_minute, closes_minute in hours_of(schedule):
        opens, closes = moment(day, opens_minute, zone), moment(day, closes_minute, zone)
        # Behind the last one no buffer has to fit.
        yield opens, (closes - opens + buffer) // (length + buffer)


def _are_for_the_same(one: Schedule, other: Schedule) -> bool:
    """A patient might take some slot of either, of the same one's time."""
    return _whose(one) == _whose(other) and any(
        _might_take(a, b) for a in one.seats for b in other.seats
    )


def _whose(schedule: Schedule) -> tuple[UUID, str, UUID | None, str]:
    return schedule.clinic_id, schedule.service, schedule.practitioner_id, schedule.resource


def _might_take(one: Seats, other: Seats) -> bool:
    """Only two products or two doses, both named, tell them apart."""
    products = {one.product, other.product} - {""}
    doses = {one.dose, other.dose} - {None}
    return len(products) < 2 and len(doses) < 2


def _meet(one: Schedule, other: Schedule) -> bool:
    """Some minute of some date is in both; of two without an end, within the next ten years."""
    if not any(max(a, c) < min(b, d) for a, b in hours_of(one) for c, d in hours_of(other)):
        return False
    first = max(one.valid_from, other.valid_from)
    if FOREVER in (one.last, other.last):
        first = max(first, max(one.made_at, other.made_at).date() - ONE_DAY)
    until = min(one.last, other.last, first + timedelta(days=SCHEDULE_AHEAD_DAYS_MAX))
    return not {*days_of(one, first, until)}.isdisjoint(days_of(other, first, until))
