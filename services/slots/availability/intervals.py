"""Which slots can be had for a dose, when the others of its series stay? Functions of a board.

The nearest in cost: a minute later than the first that is possible counts one, and a kilometre as
long as a bus takes.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from services.slots.availability.board import Board
from services.slots.availability.nearest import MINUTES_PER_KM, Shop, is_instead_of
from services.slots.availability.records import MINUTE_US, Slot, slot_start
from services.slots.availability.series import DAY_US
from shared.messages import Apart, MovePlaces

LOOKED_AT_MAX = 2_000
"""How many slots are looked at before what was found so far is all; a few milliseconds."""


class Window(NamedTuple):
    """From when until before when the dose may begin."""

    begins_us: int
    ends_us: int


def window_of(
    wish: MovePlaces, slot_id: UUID, starts_us_of: Callable[[UUID], int | None]
) -> Window | None:
    """When the doses in that slot may be instead, so that their persons' others fit; None: ever."""
    if wish.apart is None:
        return None
    windows = []
    for here in wish.places:
        for other in wish.places:
            starts_us = starts_us_of(other.slot_id)
            is_next = abs((here.dose or 0) - (other.dose or 0)) == 1
            mine = here.slot_id == slot_id and other.patient_id == here.patient_id
            if mine and is_next and starts_us is not None:
                is_later = (here.dose or 0) > (other.dose or 0)
                windows.append(_beside(starts_us, wish.apart, is_later=is_later))
    if not windows:
        return None
    return Window(max(w.begins_us for w in windows), min(w.ends_us for w in windows))


def within(
    board: Board, slot: Slot, shops: Sequence[Shop], window: Window, *, seats: int, now_us: int
) -> Iterator[Slot]:
    """Slots instead of that one that begin in the window, the nearest first."""
    walks = [_walk(board, shop, window) for shop in shops]
    for _, _, other in islice(merge(*walks), LOOKED_AT_MAX):
        if is_instead_of(other, slot, seats=seats, now_us=now_us):
            yield other


def _beside(starts_us: int, apart: Apart, *, is_later: bool) -> Window:
    """The window of the dose after the one that begins then, or of the one before it."""
    least = apart.min_days * DAY_US - DAY_US // 2
    most = apart.max_days * DAY_US + DAY_US // 2
    if is_later:
        return Window(starts_us + least, starts_us + most)
    return Window(starts_us - most + 1, starts_us - least + 1)


def _walk(board: Board, shop: Shop, window: Window) -> Iterator[tuple[float, bytes, Slot]]:
    zone = board.zone_of(shop.shelf.clinic)
    for day in sorted(shop.shelf.days):
        sheet = shop.shelf.days[day]
        if sheet.free <= 0 or zone.ends_us(day) <= window.begins_us:
            continue
        slots = sheet.slots
        for n in range(bisect_left(slots, window.begins_us, key=slot_start), len(slots)):
            slot = slots[n]
            if slot.starts_us >= window.ends_us:
                return
            late = (slot.starts_us - window.begins_us) / MINUTE_US
            yield late + shop.km * MINUTES_PER_KM, slot.id, slot
