"""When is somebody reminded of a visit, so that it is neither too late nor in the night?"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, UnsetType

from shared.messages import BookedPlace, BookingTold, Part
from shared.naming import named

REMINDERS = UUID("0b6f2f0e-3a5d-5f0a-8a39-7e1d8b1a6c42")
"""Namespace of the ids of reminders: the same one, planned twice, is told once."""

TOO_SOON = 4
"""Who has just booked knows of it: the first quarter of a reminder's distance says nothing."""

VISITS_REMEMBERED_MAX = 4_096
"""Of so many times of visits it is remembered when people are reminded of them."""

_BEFORE = re.compile(r"P(?:(\d{1,3})D|T(\d{1,3})H)")
_QUIET = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")


class Before(msgspec.Struct, frozen=True):
    """How long before a visit, as an ISO 8601 duration: days of the calendar, or hours."""

    name: str
    days: int = 0
    hours: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """`P7D` or `PT2H`; ValueError for anything else."""
        found = _BEFORE.fullmatch(text.strip())
        if found is None or not int(found[1] or found[2]):
            raise ValueError(f"{text!r} is no number of days (P7D) or hours (PT2H)")
        return cls(found[0], days=int(found[1] or 0), hours=int(found[2] or 0))

    @property
    def distance(self) -> timedelta:
        """As long as it is on most days."""
        return timedelta(days=self.days, hours=self.hours)


class Quiet(msgspec.Struct, frozen=True):
    """From when until when nobody is disturbed, by the clinic's clock; over midnight or not."""

    begins: time
    ends: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """`21:00-08:00`; ValueError for anything else."""
        found = _QUIET.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is no time of quiet such as 21:00-08:00")
        begins, ends = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
        return cls(begins, ends)

    def before(self, local: datetime) -> datetime:
        """The moment itself, or the beginning of the quiet that it lies in."""
        clock = local.timetz().replace(tzinfo=None)
        if self.begins <= self.ends:
            if not self.begins <= clock < self.ends:
                return local
            return datetime.combine(local.date(), self.begins, local.tzinfo)
        if clock >= self.begins:
            return datetime.combine(local.date(), self.begins, local.tzinfo)
        if clock < self.ends:
            return datetime.combine(local.date() - timedelta(days=1), self.begins, local.tzinfo)
        return local


class Habits(msgspec.Struct, frozen=True):
    """When people are reminded, the longest before first, and when they are left in peace."""

    befores: tuple[Before, ...]
    quiet: Quiet

    @classmethod
    def parse(cls, befores: str, quiet: str) -> Self:
        """From two settings; without a `before` nobody is reminded of anything."""
        each = [Before.parse(text) for text in befores.split(",") if text.strip()]
        if len({one.name for one in each}) != len(each):
            raise ValueError(f"{befores!r} names a reminder twice")
        ordered = sorted(each, key=lambda one: one.distance, reverse=True)
        return cls(tuple(ordered), Quiet.parse(quiet))


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """What a booking keeps of one clinic's one day; `starts_at` is when the first of it begins."""

    starts_at: datetime
    places: tuple[BookedPlace, ...]

    @property
    def clinic_id(self) -> UUID:
        """At which clinic."""
        return self.places[0].clinic_id


class VisitReminder(BookingTold, frozen=True, kw_only=True):
    """A visit is near. It is the messenger's own: no log carries it."""

    before: str
    places: tuple[BookedPlace, ...]


class Due(msgspec.Struct, frozen=True):
    """One reminder, and from when on it is told."""

    before: Before
    at: datetime


def visits_of(places: Iterable[BookedPlace]) -> list[Visit]:
    """One visit for each clinic and day of the clinic's calendar, in order."""
    days: dict[tuple[UUID, object], list[BookedPlace]] = {}
    for place in places:
        day = place.starts_at.astimezone(ZoneInfo(place.time_zone)).date()
        days.setdefault((place.clinic_id, day), []).append(place)
    visits = [
        Visit(starts_at=min(place.starts_at for place in of_day), places=tuple(of_day))
        for of_day in days.values()
    ]
    return sorted(visits, key=lambda visit: visit.starts_at)


def due_of(visit: Visit, made_at: datetime, habits: Habits) -> list[Due]:
    """When the visit's reminders are told, in order; what falls together is told once.

    A reminder of the night is told in the evening before: later might be too late. What would
    follow too soon on the booking itself is left out.
    """
    own = Habits(_befores(visit, habits), habits.quiet)
    each = _each(visit.starts_at, visit.places[0].time_zone, own)
    due = {one.at: one for one, soonest in each if one.at - made_at > soonest}
    return [due[at] for at in sorted(due)]


def next_due(due: Sequence[Due], now: datetime) -> datetime | None:
    """When the first reminder that is still ahead is told."""
    return next((one.at for one in due if one.at > now), None)


def told_now(due: Sequence[Due], now: datetime) -> Due | None:
    """The reminder that is told now: of several that were not told in their time, the last."""
    past = [one for one in due if one.at <= now]
    return past[-1] if past else None


def reminder_of(
    visit: Visit,
    before: Before,
    *,
    booking_id: UUID,
    owner_id: UUID,
    version: int,
    part: Part | UnsetType = UNSET,
    now: datetime,
) -> VisitReminder:
    """What is told, under a name that follows from what it is."""
    when = f"{visit.clinic_id} {visit.starts_at.timestamp():.6f} {before.name}"
    own = named(REMINDERS, f"{booking_id} {owner_id} {version} {when}")
    return VisitReminder(
        id=own,
        cause=own,
        at=now,
        booking_id=booking_id,
        owner_id=owner_id,
        version=version,
        part=part,
        before=before.name,
        places=visit.places,
    )


def _befores(visit: Visit, habits: Habits) -> tuple[Before, ...]:
    """As long before as the services of its places say; any other is as `habits` are."""
    if all(place.remind is UNSET for place in visit.places):
        return habits.befores
    said: set[Before] = set()
    for place in visit.places:
        own = habits.befores if place.remind is UNSET else map(Before.parse, place.remind)
        said.update(own)
    return tuple(sorted(said, key=lambda one: one.distance, reverse=True))


@lru_cache(VISITS_REMEMBERED_MAX)
def _each(starts_at: datetime, time_zone: str, habits: Habits) -> tuple[tuple[Due, timedelta], ...]:
    """Each reminder, and how long after the booking it is the soonest: for all the same."""
    zone = ZoneInfo(time_zone)
    return tuple(
        (Due(before, _moment(starts_at, before, habits.quiet, zone)), before.distance / TOO_SOON)
        for before in habits.befores
    )


def _moment(starts_at: datetime, before: Before, quiet: Quiet, zone: ZoneInfo) -> datetime:
    """Hours are hours; a day before is the same time by the clinic's clock a day before."""
    local = (starts_at - timedelta(hours=before.hours)).astimezone(zone)
    local -= timedelta(days=before.days)
    utc = starts_at.tzinfo
    return quiet.before(local.astimezone(utc).astimezone(zone)).astimezone(utc)
