"""Where and when can several people come together? Seats at one clinic, adjacent or at once.

Plain functions of a board and a time. A set of seats begins with a slot, takes all that is free in
it, and goes on in order of time until everybody has a seat; nobody waits longer than a gap for who
comes next. If there is any set from a beginning, that is one, and none is done with sooner: who
leaves a seat out gets to no slot that who takes it does not get to. A set stays within a day.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from heapq import heapify, heappop, heapreplace
from itertools import islice
from typing import NamedTuple
from uuid import UUID

import msgspec

from services.slots.availability.distance import KM_DIGITS
from services.slots.availability.nearest import CLINICS_MAX, MINUTES_PER_KM
from services.slots.availability.orders import Found
from services.slots.availability.records import MINUTE_US, Clinic, Sheet, Shelf, Slot, instant

LOOKED_AT_MAX = 5_000
"""How many slots are looked at before what was found so far is all: a few milliseconds."""


class Party(NamedTuple):
    """So many people who want the same, and how long the next of them may have to wait."""

    people: int
    service: str
    gap_minutes: int
    product: str = ""
    dose: int | None = None


class Stretch(NamedTuple):
    """A shelf, how far away it is if that was asked, and from which of its days to which."""

    km: float | None
    shelf: Shelf
    days: range


class Seats(NamedTuple):
    """So many seats in one slot."""

    slot: Slot
    number: int


class Together(NamedTuple):
    """Seats for everybody, at one clinic."""

    km: float | None
    clinic: Clinic
    seats: tuple[Seats, ...]

    @property
    def cost(self) -> float:
        """How late it begins; a kilometre is as long as a bus takes."""
        return self.seats[0].slot.starts_us / MINUTE_US + (self.km or 0.0) * MINUTES_PER_KM


class SeatsBody(msgspec.Struct, frozen=True, kw_only=True):
    """So many seats of a set in one slot, to be booked one by one."""

    slot_id: UUID
    starts_at: datetime
    ends_at: datetime
    seats: int


class SetBody(msgspec.Struct, frozen=True, kw_only=True):
    """Seats for everybody, from the first one's beginning to the last one's end."""

    clinic_id: UUID
    name: str
    distance_km: float | None
    starts_at: datetime
    ends_at: datetime
    slots: list[SeatsBody]


class AdjacentSets(msgspec.Struct, frozen=True, kw_only=True):
    """The sets, as of when they are free. Not `complete`: there is more than was looked at."""

    as_of: datetime
    sets: list[SetBody]
    complete: bool


class Looks:
    """How many slots may still be looked at."""

    def __init__(self, left: int = LOOKED_AT_MAX) -> None:
        self.left = left

    def may(self, number: int) -> bool:
        """True while there are some left; these are then taken off."""
        if self.left <= 0:
            return False
        self.left -= number
        return True


class Step(NamedTuple):
    """The next set on one walk through a shelf, and how the walk goes on."""

    cost: float
    nth: int
    together: Together
    walk: Iterator[Together]


def adjacent_sets(
    stretches: Iterable[Stretch], party: Party, looks: Looks, *, now_us: int
) -> Iterator[Together]:
    """The sets of the first few shelves, the earliest and nearest first."""
    steps = []
    for nth, stretch in enumerate(islice(stretches, CLINICS_MAX)):
        walk = _walk(stretch, party, looks, now_us)
        first = next(walk, None)
        if first is not None:
            steps.append(Step(first.cost, nth, first, walk))
    heapify(steps)
    while steps:
        step = steps[0]
        yield step.together
        further = next(step.walk, None)
        if further is None:
            heappop(steps)
        else:
            heapreplace(steps, Step(further.cost, step.nth, further, step.walk))


def stretches_of(
    found: Iterable[Found], shelves: dict[UUID, dict[str, Shelf]], party: Party
) -> Iterator[tuple[Found, Shelf]]:
    """Those of the clinics that offer what is wanted."""
    for one in found:
        shelf = shelves[one.clinic.id].get(party.service)
        if shelf is not None:
            yield one, shelf


def set_body(together: Together) -> SetBody:
    """The set as it is shown."""
    slots = [one.slot for one in together.seats]
    return SetBody(
        clinic_id=together.clinic.id,
        name=together.clinic.name,
        distance_km=None if together.km is None else round(together.km, KM_DIGITS),
        starts_at=instant(slots[0].starts_us),
        ends_at=instant(max(slot.ends_us for slot in slots)),
        slots=[
            SeatsBody(
                slot_id=UUID(bytes=one.slot.id),
                starts_at=instant(one.slot.starts_us),
                ends_at=instant(one.slot.ends_us),
                seats=one.number,
            )
            for one in together.seats
        ],
    )


def _walk(stretch: Stretch, party: Party, looks: Looks, now_us: int) -> Iterator[Together]:
    """The sets of a shelf in order of time; days on which too little is free are passed over."""
    for day in stretch.days:
        sheet = stretch.shelf.days.get(day)
        if sheet is None or sheet.free < party.people:
            continue
        if not looks.may(len(sheet.slots)):
            return
        for seats in _of_a_day(_usable(sheet, party, now_us), party):
            yield Together(stretch.km, stretch.shelf.clinic, seats)


def _usable(sheet: Sheet, party: Party, now_us: int) -> list[Slot]:
    """The slots with something free of what is wanted; of any product where none is named."""
    return [
        slot
        for slot in sheet.slots
        if slot.open
        and slot.closes_us > now_us
        and slot.free > 0
        and party.product in ("", slot.product)
        and party.dose in (None, slot.dose)
    ]


def _of_a_day(slots: Sequence[Slot], party: Party) -> Iterator[tuple[Seats, ...]]:
    """One set for each time at which one can begin."""
    before_us = -1
    for n, slot in enumerate(slots):
        if slot.starts_us != before_us:
            before_us = slot.starts_us
            seats = _from(slots, n, party)
            if seats:
                yield seats


def _from(slots: Sequence[Slot], first: int, party: Party) -> tuple[Seats, ...]:
    """All that is free from here on, until everybody has a seat; nothing if not everybody has."""
    wanted = party.people
    until_us = slots[first].starts_us
    taken: list[Seats] = []
    for n in range(first, len(slots)):
        slot = slots[n]
        if slot.starts_us > until_us + (party.gap_minutes * MINUTE_US if taken else 0):
            break
        seats = Seats(slot, min(slot.free, wanted))
        taken.append(seats)
        wanted -= seats.number
        if wanted == 0:
            return tuple(taken)
        until_us = max(until_us, slot.ends_us)
    return ()
