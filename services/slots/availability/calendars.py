"""On which days is a dose still to be had? By service and product, clinic by clinic, in bits.

Kept as events come: a bit changes only where a day's first free slot appears or its last one goes,
and a slot counts only where it begins or ceases to have a free place. A dose is had in
a clinic's own time: practitioners' slots, rooms, and what asks for a paper are no part of a series.
"""

from sys import intern
from uuid import UUID

import msgspec

from services.slots.availability.records import DAY_US_MAX, ORDINARY, Sheet, Slot, instant

DOSES: dict[int | None, tuple[int, ...]] = {None: (1, 2), 1: (1,), 2: (2,)}
"""For which dose a slot counts, by the dose it is for: who is not told otherwise gives either."""

DAYS_MAX = 36_525
"""For a century ahead doses are looked for; a calendar has as many bits as its last day needs."""

Kind = tuple[str, str, int]
"""A service, a product, and which dose of it."""


class Calendar(msgspec.Struct, eq=False):
    """How many slots have a free place on each day; `days` has the bit of each such day."""

    days: int = 0
    free: dict[int, int] = {}

    def add(self, day: int, by: int) -> None:
        """So many slots more, or fewer, have a free place on that day."""
        free = self.free.get(day, 0) + by
        if free:
            self.free[day] = free
            self.days |= 1 << day
        else:
            self.free.pop(day, None)
            self.days &= ~(1 << day)


Doses = dict[UUID, Calendar]
"""One dose of one product: the calendar of each clinic that has it."""


class Calendars:
    """Which days are free, for every kind of dose. A day's bit is its distance from `first_day`."""

    def __init__(self) -> None:
        self.first_day: int | None = None
        self._kinds: dict[Kind, Doses] = {}

    def begin(self, now_us: int) -> None:
        """Nothing is kept that began before; the first call says what the first day is."""
        if self.first_day is None:
            self.first_day = instant(now_us - DAY_US_MAX).toordinal() - 1

    def find(self, kind: Kind) -> Doses | None:
        """Where that dose was ever free; None where it never was."""
        return self._kinds.get(kind)

    def add(self, slot: Slot, sheet: Sheet, by: int) -> None:
        """The slot has a free place from now on (1), or has none any more (-1)."""
        assert self.first_day is not None
        if slot.about is not ORDINARY:
            return
        day = sheet.day - self.first_day
        if not 0 <= day < DAYS_MAX:
            return
        for dose in DOSES.get(slot.dose, ()):
            kind = (sheet.service, slot.product, dose)
            doses = self._kinds.get(kind)
            if doses is None:
                kind = (sheet.service, intern(slot.product), dose)
                doses = self._kinds[kind] = {}
            calendar = doses.get(sheet.clinic.id)
            if calendar is None:
                calendar = doses[sheet.clinic.id] = Calendar()
            calendar.add(day, by)
            if not calendar.days:
                del doses[sheet.clinic.id]
