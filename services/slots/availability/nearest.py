"""Which slots are nearest to one that is taken? Plain functions of a board and a time.

Near is what costs little: a minute earlier or later counts one, a kilometre as long as a bus takes.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heapreplace
from itertools import islice
from typing import NamedTuple

from services.slots.availability.board import Board
from services.slots.availability.distance import Map
from services.slots.availability.records import MINUTE_US, About, Sheet, Shelf, Slot, slot_start

MINUTES_PER_KM = 3.0
"""A bus through a city makes twenty kilometres in an hour."""

CLINICS_MAX = 12
"""How many clinics are looked at: one's own and the nearest that offer the same."""

DAYS_MAX = 7
"""How many days earlier and later are looked at."""

LOOKED_AT_MAX = 300
"""How many slots are looked at before what was found so far is all."""


class Shop(NamedTuple):
    """Where the same service is offered, and how far from the clinic that was wanted."""

    km: float
    shelf: Shelf


class Step(NamedTuple):
    """The next slot on one walk through a shelf: how near it is, and how the walk goes on."""

    cost: float
    nth: int
    slot: Slot
    km: float
    walk: Iterator[Slot]


def shops_near(board: Board, map_: Map, sheet: Sheet) -> list[Shop]:
    """The clinic's own shelf, and those of the nearest clinics that offer the same service."""
    own, service = sheet.clinic, sheet.service
    shops = [Shop(0.0, board.shelves[own.id][service])]
    if own.latitude is None or own.longitude is None:
        return shops
    others = (
        Shop(near.km, shelves[service])
        for near in map_.near((own.latitude, own.longitude))
        if near.clinic.id != own.id and service in (shelves := board.shelves[near.clinic.id])
    )
    return shops + list(islice(others, CLINICS_MAX - 1))


def nearest(
    board: Board, slot: Slot, shops: Sequence[Shop], *, seats: int, now_us: int, count: int
) -> list[Slot]:
    """The nearest slots for the same that have so many seats free and take bookings."""
    steps = list(_first_steps(board, slot, shops, now_us))
    heapify(steps)
    found: list[Slot] = []
    for _ in range(LOOKED_AT_MAX):
        if not steps or len(found) == count:
            break
        step = steps[0]
        if step.slot is not slot and is_instead_of(step.slot, slot, seats=seats, now_us=now_us):
            found.append(step.slot)
        further = next(step.walk, None)
        if further is None:
            heappop(steps)
        else:
            cost = _cost(slot, further, step.km)
            heapreplace(steps, Step(cost, step.nth, further, step.km, step.walk))
    return found


def is_instead_of(other: Slot, slot: Slot, *, seats: int, now_us: int) -> bool:
    """Can so many have the other one instead? Of the same product and dose, where it has them."""
    return (
        other.open
        and other.free >= seats
        and other.closes_us > now_us
        and slot.product in ("", other.product)
        and slot.dose in (None, other.dose)
        and (slot.about is other.about or _is_as_good(other.about, slot.about))
    )


def _is_as_good(other: About, about: About) -> bool:
    """The time of the same kind, seen in the same way, with no paper asked for that was not."""
    return (
        other.modality == about.modality
        and other.resource == about.resource
        and (other.practitioner_id is None) == (about.practitioner_id is None)
        and other.asks_for in ("nothing", about.asks_for)
    )


def _first_steps(board: Board, slot: Slot, shops: Sequence[Shop], now_us: int) -> Iterator[Step]:
    nth = 0
    for km, shelf in shops:
        day = board.zone_of(shelf.clinic).day_of(slot.starts_us)
        for walk in (_later(shelf, day, slot), _earlier(shelf, day, slot, now_us)):
            first = next(walk, None)
            if first is not None:
                nth += 1
                yield Step(_cost(slot, first, km), nth, first, km, walk)


def _later(shelf: Shelf, day: int, slot: Slot) -> Iterator[Slot]:
    """On the same day and later ones, forward; days on which all is taken are passed over."""
    for sheet in _sheets(shelf, range(day, day + DAYS_MAX + 1)):
        slots = sheet.slots
        first = bisect_left(slots, slot.starts_us, key=slot_start) if sheet.day == day else 0
        for n in range(first, len(slots)):
            yield slots[n]


def _earlier(shelf: Shelf, day: int, slot: Slot, now_us: int) -> Iterator[Slot]:
    """On the same day and earlier ones, backward, as far as now."""
    for sheet in _sheets(shelf, range(day, day - DAYS_MAX - 1, -1)):
        slots = sheet.slots
        last = (
            bisect_left(slots, slot.starts_us, key=slot_start) if sheet.day == day else len(slots)
        )
        for n in range(last - 1, -1, -1):
            if slots[n].starts_us <= now_us:
                return
            yield slots[n]


def _sheets(shelf: Shelf, days: range) -> Iterator[Sheet]:
    for day in days:
        sheet = shelf.days.get(day)
        if sheet is not None and sheet.free > 0:
            yield sheet


def _cost(slot: Slot, other: Slot, km: float) -> float:
    return abs(other.starts_us - slot.starts_us) / MINUTE_US + km * MINUTES_PER_KM
