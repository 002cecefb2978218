"""Which pairs of doses can be had? Whole ones only: a first dose is told with its second, or not.

The order: first doses by the distance of their clinic (two clinics at one distance by id), there by
their beginning (then by id). Each is told once, with one second dose: at the nearest clinic that
has one within the interval, there the soonest.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from services.slots.availability.board import Board
from services.slots.availability.calendars import DAYS_MAX, Calendar, Doses
from services.slots.availability.orders import Found
from services.slots.availability.records import ORDINARY, Slot, slot_start
from shared.messages import Apart
from shared.web import cursor_after

STEPS_MAX = 4_000
"""How many slots and calendars one page looks at, once it has looked at one first dose; some 20 ms.
A page that ends there is short and says where to go on."""

DAYS_DEFAULT = 28
"""For how many days first doses are looked for where nobody says so."""

ZONES_DAYS = 2
"""By so many days the dates of two clinics differ at most, with half a day of rounding."""

DAY_US = 86_400_000_000

T = TypeVar("T")


class Wish(NamedTuple):
    """Which doses are wanted, how far apart, and from which day to which the first."""

    service: str
    product: str
    apart: Apart
    first: int | None = None
    last: int | None = None
    same_clinic: bool = False


class BehindPair(NamedTuple):
    """The last first dose that was looked at: its clinic in the order, its beginning, its id."""

    far: float
    clinic_id: UUID
    starts_us: int
    slot_id: bytes

    @property
    def cursor(self) -> str:
        """As it is given out."""
        far, clinic_id, starts_us, slot_id = self
        return cursor_after(str(far), clinic_id, str(starts_us), UUID(bytes=slot_id))


class Dose(NamedTuple):
    """A slot, and its clinic in the order of clinics."""

    slot: Slot
    found: Found


class Pair(NamedTuple):
    """A first dose and its second."""

    first: Dose
    second: Dose


class Page(NamedTuple):
    """Some pairs in their order; `behind` is where to go on, None where there is nothing more."""

    pairs: list[Pair]
    behind: BehindPair | None


class _Seen(Generic[T]):
    """What an iterator gives, to be gone through several times, and no further than is needed."""

    def __init__(self, coming: Iterable[T]) -> None:
        self._coming = iter(coming)
        self._had: list[T] = []

    def __iter__(self) -> Iterator[T]:
        n = 0
        while True:
            if n == len(self._had):
                try:
                    self._had.append(next(self._coming))
                except StopIteration:
                    return
            yield self._had[n]
            n += 1


class _Clinic(NamedTuple):
    """A clinic that has a dose, and on which days."""

    found: Found
    calendar: Calendar


class Search:
    """One look for pairs on one board; `order` has the clinics where the second may be."""

    def __init__(self, board: Board, wish: Wish, order: Iterable[Found], *, now_us: int) -> None:
        self._board = board
        self._wish = wish
        self._now_us = now_us
        self._steps = 0
        self._order = _Seen(order)
        self._begins = board.calendars.first_day or 0
        self._soonest = wish.apart.min_days - ZONES_DAYS
        self._latest = wish.apart.max_days + ZONES_DAYS
        self._firsts = board.calendars.find((wish.service, wish.product, 1)) or {}
        self._seconds = board.calendars.find((wish.service, wish.product, 2)) or {}
        self._before_any = self._earlier(reduce(or_, (c.days for c in self._seconds.values()), 0))
        self._having = _Seen(_having(self._order, self._seconds))
        self._near: dict[int, _Seen[_Clinic]] = {}
        self._reached: dict[int, bool] = {}

    def page(self, limit: int, behind: BehindPair | None, *, clinic_id: UUID | None = None) -> Page:
        """So many pairs from behind that one on; with the first dose at that clinic, if named."""
        pairs: list[Pair] = []
        last: BehindPair | None = None
        for first in self._first_doses(behind, clinic_id):
            if last is not None and (len(pairs) == limit or self._steps > STEPS_MAX):
                return Page(pairs, last)
            slot, found = first
            second = self._second_of(first)
            if second is not None:
                pairs.append(Pair(first, second))
            last = BehindPair(float(found.key[0]), found.clinic.id, slot.starts_us, slot.id)
        return Page(pairs, None)

    # ---- first doses -----------------------------------------------------------------------------

    def _first_doses(self, behind: BehindPair | None, clinic_id: UUID | None) -> Iterator[Dose]:
        """Those that are free and whose second is not out of the question, in their order."""
        if not self._before_any:
            return
        key = None if behind is None else (behind.far, behind.clinic_id)
        for clinic in _having(self._order, self._firsts):
            if clinic_id not in (None, clinic.found.clinic.id):
                continue
            if key is not None and clinic.found.key < key:
                continue
            after = None if behind is None or clinic.found.key != key else behind
            for day in self._days(clinic):
                for slot in self._free(clinic, day, 1, self._now_us + 1):
                    if after is None or (slot.starts_us, slot.id) > after[2:]:
                        yield Dose(slot, clinic.found)

    def _days(self, clinic: _Clinic) -> Iterator[int]:
        """The clinic's days on which a first dose is free, and a second some time later."""
        first, last = self._wish.first, self._wish.last
        if first is None:
            first = self._board.zone_of(clinic.found.clinic).day_of(self._now_us)
        if last is None:
            last = first + DAYS_DEFAULT - 1
        days = clinic.calendar.days & _stretch(first - self._begins, last - self._begins)
        for day in _each(days & self._before(clinic.found)):
            self._steps += 1
            if self._wish.same_clinic or self._is_reached(day):
                yield day

    def _before(self, first: Found) -> int:
        """The days after which there may be a second dose, anywhere or at this clinic."""
        if not self._wish.same_clinic:
            return self._before_any
        own = self._seconds.get(first.clinic.id)
        return 0 if own is None else self._earlier(own.days)

    def _is_reached(self, day: int) -> bool:
        """Is one of the clinics with a second dose near enough? Looked for once for each day."""
        if day not in self._reached:
            self._reached[day] = any(True for _ in self._having_after(day))
        return self._reached[day]

    # ---- second doses ----------------------------------------------------------------------------

    def _second_of(self, first: Dose) -> Dose | None:
        """The soonest at the nearest clinic that has one within the interval."""
        slot = first.slot
        day = self._board.sheets[slot.sheet].day - self._begins
        apart = self._wish.apart
        begins = max(slot.ends_us, slot.starts_us + apart.min_days * DAY_US - DAY_US // 2)
        ends = slot.starts_us + apart.max_days * DAY_US + DAY_US // 2
        having = _having((first.found,), self._seconds)
        for clinic in having if self._wish.same_clinic else self._having_after(day):
            self._steps += 1
            for later in _each(clinic.calendar.days & self._later(day)):
                for second in self._free(clinic, later, 2, begins):
                    if second.starts_us >= ends:
                        break
                    return Dose(second, clinic.found)
        return None

    def _having_after(self, day: int) -> _Seen[_Clinic]:
        """The clinics that may have a second dose for a first one on that day, nearest first."""
        if day not in self._near:
            days = self._later(day)
            self._near[day] = _Seen(one for one in self._having if one.calendar.days & days)
        return self._near[day]

    def _later(self, day: int) -> int:
        """The days on which the second may be, and a few more: what counts is its beginning."""
        return _stretch(day + self._soonest, day + self._latest)

    def _earlier(self, seconds: int) -> int:
        """The days for which one of the seconds' days is such a later one."""
        days = seconds >> self._soonest if self._soonest > 0 else seconds << -self._soonest
        width = self._latest - self._soonest
        done = 0
        # Each step doubles how far the bits reach down.
        while done < width:
            step = min(done + 1, width - done)
            days |= days >> step
            done += step
        return days

    def _free(self, clinic: _Clinic, day: int, dose: int, from_us: int) -> Iterator[Slot]:
        """The slots of one of a clinic's days that are free for that dose and begin by then."""
        shelf = self._board.shelves[clinic.found.clinic.id][self._wish.service]
        slots = shelf.days[day + self._begins].slots
        for n in range(bisect_left(slots, from_us, key=slot_start), len(slots)):
            slot = slots[n]
            self._steps += 1
            if (
                slot.open
                and slot.about is ORDINARY
                and slot.free > 0
                and slot.closes_us > self._now_us
                and slot.product == self._wish.product
                and slot.dose in (None, dose)
            ):
                yield slot


def _having(order: Iterable[Found], doses: Doses) -> Iterator[_Clinic]:
    for found in order:
        calendar = doses.get(found.clinic.id)
        if calendar is not None:
            yield _Clinic(found, calendar)


def _stretch(first: int, last: int) -> int:
    """The bits of these days, both included, so far as days are kept."""
    first, last = max(0, first), min(last, DAYS_MAX - 1)
    return (1 << last + 1) - (1 << first) if first <= last else 0


def _each(days: int) -> Iterator[int]:
    """The days, in order."""
    while days:
        lowest = days & -days
        yield lowest.bit_length() - 1
        days ^= lowest
