"""What is there, and how much of it is free? Every clinic, and every slot from today on.

Nothing here knows of events, logs or databases. A slot is kept until its clinic's day is over.
"""

import sys
from bisect import bisect_right, insort
from collections import defaultdict
from uuid import UUID

from msgspec.structs import replace

from services.slots.availability.calendars import Calendars
from services.slots.availability.records import (
    CALENDAR_ENDS_US,
    DAY_US_MAX,
    ORDINARY,
    About,
    Clinic,
    Sheet,
    Shelf,
    Slot,
    Zone,
    slot_order,
    slot_start,
)
from shared.messages import SlotCount


class Board:
    """What is kept. `left_out` is how many slots there was no room for.

    `stamp` grows with each change. A sheet and a shelf have that of their newest change, and
    `clinics_stamp` is when something else was last said of clinics: a name, a place, a service.
    """

    def __init__(self, slots_max: int) -> None:
        self.slots_max = slots_max
        self.left_out = 0
        self.stamp = 0
        self.clinics_stamp = 0
        self.clinics: dict[UUID, Clinic] = {}
        self.slots: dict[bytes, Slot] = {}
        self.sheets: dict[int, Sheet] = {}
        self.shelves: dict[UUID, dict[str, Shelf]] = {}
        self.calendars = Calendars()
        self._free: dict[str, int] = defaultdict(int)
        self._zones: dict[str, Zone] = {}
        self._abouts: dict[About, About] = {ORDINARY: ORDINARY}
        self._by_end_us: dict[int, list[Sheet]] = defaultdict(list)

    def zone_of(self, clinic: Clinic) -> Zone:
        """The clinic's time zone."""
        zone = self._zones.get(clinic.time_zone)
        if zone is None:
            zone = self._zones[clinic.time_zone] = Zone(clinic.time_zone)
        return zone

    def left(self, now_us: int) -> dict[str, int]:
        """How many free places each service still has.

        A hint: what begins later but may not be booked any more is counted. So only the slots of
        days that have begun are looked at.
        """
        left = dict(self._free)
        for ends_us, sheets in self._by_end_us.items():
            if ends_us <= now_us + DAY_US_MAX:
                for sheet in sheets:
                    begun = sheet.slots[: bisect_right(sheet.slots, now_us, key=slot_start)]
                    left[sheet.service] -= sum(slot.free for slot in begun if slot.open)
        return left

    # ---- what changes ----------------------------------------------------------------------------

    def put_clinic(self, clinic: Clinic) -> None:
        """A clinic is known, or something else is said of it. Its time zone stays as it was."""
        known = self.clinics.get(clinic.id)
        if known is not None:
            clinic = replace(clinic, time_zone=known.time_zone)
        self.clinics[clinic.id] = clinic
        self.clinics_stamp = self._next_stamp()
        for shelf in self.shelves.setdefault(clinic.id, {}).values():
            shelf.clinic, shelf.stamp = clinic, self.stamp
            for sheet in shelf.days.values():
                sheet.clinic = clinic

    def put_slot(self, slot: Slot, clinic_id: UUID, service: str, *, now_us: int) -> None:
        """A slot is known, unless its day is over or there is no room for it."""
        if slot.id in self.slots:
            return
        if not now_us - DAY_US_MAX < slot.starts_us < CALENDAR_ENDS_US:
            return
        if len(self.slots) >= self.slots_max:
            self.left_out += 1
            return
        sheet = self._sheet(self.clinics[clinic_id], service, slot.starts_us, now_us=now_us)
        if sheet is None:
            return
        slot.sheet = sheet.number
        slot.product = sys.intern(slot.product)
        slot.about = self._abouts.setdefault(slot.about, slot.about)
        self.slots[slot.id] = slot
        if sheet.slots and slot_order(slot) < slot_order(sheet.slots[-1]):
            insort(sheet.slots, slot, key=slot_order)
        else:
            sheet.slots.append(slot)
        free = slot.free if slot.open else 0
        sheet.free += free
        self._free[sheet.service] += free
        self.calendars.begin(now_us)
        if free > 0:
            self.calendars.add(slot, sheet, 1)
        self._touch(sheet)

    def count(self, count: SlotCount) -> bool:
        """What is told of a slot is so, if it is newer; False where the slot is not known."""
        slot = self.slots.get(count.slot_id.bytes)
        if slot is None:
            return False
        if count.version > slot.version:
            sheet = self.sheets[slot.sheet]
            before = slot.free if slot.open else 0
            slot.version = count.version
            slot.capacity = count.capacity
            slot.held = count.held
            slot.booked = count.booked
            slot.open = count.open
            slot.extra = count.extra
            slot.closes_minutes_before = count.closes_minutes_before
            slot.cancel_until_minutes_before = count.cancel_until_minutes_before
            after = slot.free if slot.open else 0
            sheet.free += after - before
            self._free[sheet.service] += after - before
            if (after > 0) != (before > 0):
                self.calendars.add(slot, sheet, 1 if after > 0 else -1)
            self._touch(sheet)
        return True

    def forget(self, now_us: int, *, sheets_max: int) -> None:
        """Let go of some sheets whose day is over: midnight is no reason to keep people waiting."""
        for ends_us in sorted(self._by_end_us):
            sheets = self._by_end_us[ends_us]
            while ends_us <= now_us and sheets and sheets_max > 0:
                self._drop(sheets.pop())
                sheets_max -= 1
            if sheets:
                return
            del self._by_end_us[ends_us]

    def _sheet(self, clinic: Clinic, service: str, at_us: int, *, now_us: int) -> Sheet | None:
        """The sheet for that instant; None where its day is over."""
        zone = self.zone_of(clinic)
        day = zone.day_of(at_us)
        shelves = self.shelves[clinic.id]
        shelf = shelves.get(service)
        if shelf is not None and day in shelf.days:
            return shelf.days[day]
        ends_us = zone.ends_us(day)
        if ends_us <= now_us:
            return None
        number = self._next_stamp()
        if shelf is None:
            service = sys.intern(service)
            shelf = Shelf(clinic=clinic, service=service, days={}, stamp=number, said={})
            shelves[shelf.service] = shelf
            self.clinics_stamp = number
        sheet = Sheet(
            number=number, clinic=clinic, service=shelf.service, day=day, slots=[], stamp=number
        )
        shelf.days[day] = self.sheets[number] = sheet
        self._by_end_us[ends_us].append(sheet)
        return sheet

    def _drop(self, sheet: Sheet) -> None:
        self._free[sheet.service] -= sheet.free
        for slot in sheet.slots:
            del self.slots[slot.id]
            if slot.open and slot.free > 0:
                self.calendars.add(slot, sheet, -1)
        del self.sheets[sheet.number]
        shelves = self.shelves[sheet.clinic.id]
        shelf = shelves[sheet.service]
        del shelf.days[sheet.day]
        shelf.stamp = self._next_stamp()
        if not shelf.days:
            del shelves[sheet.service]
            self.clinics_stamp = self.stamp

    def _touch(self, sheet: Sheet) -> None:
        sheet.stamp = self._next_stamp()
        sheet.said = None
        self.shelves[sheet.clinic.id][sheet.service].stamp = self.stamp

    def _next_stamp(self) -> int:
        self.stamp += 1
        return self.stamp
