"""What can still be booked on which day? Said once for each change, and anew when a slot closes."""

from bisect import bisect_right
from datetime import date
from sys import maxsize

import msgspec

from services.slots.availability.bodies import DayBody
from services.slots.availability.records import Said, Sheet, Shelf, Slot, instant, slot_start

STRETCHES_MAX = 4
"""How many stretches of days are remembered for a service at a clinic."""


def days_of(shelf: Shelf, first: int, last: int, *, now_us: int) -> bytes:
    """The days from the first to the last, as JSON with commas between; empty where none counts."""
    said = shelf.said.get((first, last))
    if said is not None and said.stamp == shelf.stamp and now_us < said.until_us:
        return said.days
    parts, until_us = [], maxsize
    for day in range(first, last + 1):
        sheet = shelf.days.get(day)
        if sheet is not None:
            part = _said(sheet, now_us)
            until_us = min(until_us, sheet.said_until_us)
            if part:
                parts.append(part)
    if len(shelf.said) >= STRETCHES_MAX:
        shelf.said.clear()
    days = b",".join(parts)
    shelf.said[first, last] = Said(shelf.stamp, until_us, days)
    return days


def _said(sheet: Sheet, now_us: int) -> bytes:
    if sheet.said is None or now_us >= sheet.said_until_us:
        # At its start, or some time before it, a slot can no longer be booked.
        begins = bisect_right(sheet.slots, now_us, key=slot_start)
        to_come = [slot for slot in sheet.slots[begins:] if slot.closes_us > now_us]
        sheet.said_until_us = min((slot.closes_us for slot in to_come), default=maxsize)
        sheet.said = _day(sheet.day, [slot for slot in to_come if slot.open])
    return sheet.said


def _day(day: int, slots: list[Slot]) -> bytes:
    """The day of these slots; empty where there are none."""
    if not slots:
        return b""
    first_free_us = next((slot.starts_us for slot in slots if slot.free > 0), None)
    return msgspec.json.encode(
        DayBody(
            date=date.fromordinal(day),
            capacity=sum(slot.capacity for slot in slots),
            extra=sum(slot.extra for slot in slots),
            free=sum(slot.free for slot in slots),
            first_free_at=None if first_free_us is None else instant(first_free_us),
        )
    )
