"""Which slots does a closure mean, and when is it no longer one person's to decide?"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

import msgspec


class Found(NamedTuple):
    """A slot in a window: whether it is open, and how many people are booked there."""

    id: UUID
    open: bool
    booked: int


class Alone(msgspec.Struct, frozen=True, kw_only=True):
    """What one person may shut at once without a second one."""

    slots_max: int
    people_max: int


def needs_another(slots: int, people: int, alone: Alone) -> bool:
    """True for a mass closure: so many slots, or so many people whose bookings would be cancelled.

    A single slot is one person's to shut, however many people are in it.
    """
    return slots > 1 and (slots > alone.slots_max or people > alone.people_max)


def to_shut(found: Iterable[Found], *, cancel_bookings: bool) -> list[Found]:
    """Those that are open; where bookings are to be cancelled, also a shut one that has some."""
    return [slot for slot in found if slot.open or (cancel_bookings and slot.booked > 0)]


def people_in(slots: Iterable[Found]) -> int:
    """How many are booked there, together."""
    return sum(slot.booked for slot in slots)
