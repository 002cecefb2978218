"""In which order is a source compared with Talon, and made so? Clinic by clinic, some at once."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from talon.imports import tally
from talon.imports.desk import (
    CHANGES_AT_ONCE,
    EXISTS,
    OPENED,
    SLOT_LISTS_AT_ONCE,
    Desk,
    OutageError,
    batches,
)
from talon.imports.difference import (
    Change,
    KnownClinic,
    KnownSlot,
    change,
    clinic_change,
    closing,
    difference,
    differing,
)
from talon.imports.faults import LineError
from talon.imports.published import Clinic, Slot, zone_of
from talon.imports.taken import Taken, fault_of
from talon.imports.tally import Tally

T = TypeVar("T")

CLINICS_AT_ONCE = 4
Offer = tuple[UUID, Slot]
Count = Callable[[], None]


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What may be done."""

    dry_run: bool = False
    close_missing: bool = False


class Course:
    """One import; the numbers are in `tally`, what Talon would not take is among the faults."""

    def __init__(self, desk: Desk, taken: Taken, wishes: Wishes, count_slot: Count) -> None:
        self.tally = Tally()
        self._desk = desk
        self._taken = taken
        self._wishes = wishes
        self._count_slot = count_slot

    async def run(self, count_clinic: Count) -> None:
        """Every clinic that the source has, then those that it no longer has."""
        await _each(self._taken.clinics.values(), self._clinic, CLINICS_AT_ONCE, count_clinic)
        if self._taken.days is None:
            return
        ours = {self._id_of(clinic) for clinic in self._taken.clinics.values()}
        gone = [
            clinic
            async for clinic in self._desk.clinics()
            if self._taken.identity.has_clinic(clinic.id) and clinic.id not in ours
        ]
        await _each(gone, self._gone_clinic, CLINICS_AT_ONCE)

    # ---- one clinic ----------------------------------------------------------------------------

    def _id_of(self, clinic: Clinic) -> UUID:
        return clinic.talon_id or self._taken.identity.clinic(clinic.key)

    async def _clinic(self, clinic: Clinic) -> None:
        clinic_id = self._id_of(clinic)
        ours = self._ours(clinic)
        known = await self._desk.clinic(clinic_id)
        if known is None and clinic.talon_id is not None:
            for slot in ours.values():
                self._refused(slot, "unknown_clinic", f"Talon has no clinic {clinic_id}")
            return
        there = [] if known is None else await self._slots(known)
        found = difference(ours, there)
        await self._make(clinic_id, clinic, known)
        await self._open(clinic_id, found.new)
        await _each(found.changed, self._change, CHANGES_AT_ONCE)
        for slot, facts in found.differing:
            self.tally.differing(slot, facts)
        self.tally.same(found.same)
        for _ in range(len(ours) - len(found.new) - len(found.changed)):
            self._count_slot()
        await self._gone(found.left)

    def _ours(self, clinic: Clinic) -> dict[UUID, Slot]:
        """What the source offers there that can still be had."""
        ours: dict[UUID, Slot] = {}
        for slot_id, slot in self._taken.spool.slots_of(clinic.key):
            try:
                ours[slot_id] = self._taken.in_time(slot, clinic)
            except LineError as error:
                self._refused(slot, error.code, error.reason)
        return ours

    async def _gone_clinic(self, known: KnownClinic) -> None:
        await self._gone(await self._slots(known))

    async def _make(self, clinic_id: UUID, clinic: Clinic, known: KnownClinic | None) -> None:
        """The clinic itself, as it is to be; one of Talon's own stays as it is."""
        if known is None:
            if not self._wishes.dry_run:
                await self._desk.open_clinic(clinic_id, clinic)
            self.tally.clinic(tally.NEW, clinic)
        elif clinic.talon_id is None and (body := clinic_change(clinic, known)):
            if not self._wishes.dry_run:
                await self._desk.change_clinic(clinic_id, body, self._taken.now)
            self.tally.clinic(tally.CHANGED, clinic, tuple(body))
        elif clinic.talon_id is None and clinic.time_zone != known.time_zone:
            self.tally.clinic(tally.DIFFERING, clinic, ("time_zone",))
        else:
            self.tally.clinic(tally.SAME, clinic)

    async def _slots(self, known: KnownClinic) -> list[KnownSlot]:
        """Talon's slots of the days that the source speaks of and that are not over."""
        async with asyncio.TaskGroup() as tasks:
            days = [
                tasks.create_task(self._desk.slots(known.id, day))
                for day in self._days(known.time_zone)
            ]
        found = (slot for day in days for slot in day.result())
        return [slot for slot in found if slot.starts_at > self._taken.now]

    def _days(self, time_zone: str) -> Iterator[date]:
        if self._taken.days is None:
            return
        first, last = self._taken.days
        day = max(first, self._taken.now.astimezone(zone_of(time_zone)).date())
        while day <= last:
            yield day
            day += timedelta(days=1)

    # ---- its slots -----------------------------------------------------------------------------

    async def _open(self, clinic_id: UUID, new: Sequence[Offer]) -> None:
        async def open_batch(offers: list[Offer]) -> None:
            said = await self._desk.open_slots(clinic_id, offers)
            answered = zip(offers, said, strict=True)
            await _each(answered, self._opened, CHANGES_AT_ONCE)

        if self._wishes.dry_run:
            for _, slot in new:
                self.tally.new(slot)
                self._count_slot()
            return
        await _each(batches(new), open_batch, SLOT_LISTS_AT_ONCE)

    async def _opened(self, answered: tuple[Offer, tuple[str, str]]) -> None:
        """A slot that was asked for is there now, or was, or will not be."""
        (slot_id, slot), (code, words) = answered
        if code == EXISTS:
            await self._was_there(slot_id, slot)
            return
        if code == OPENED and not slot.open:
            closed = Change(
                id=slot_id,
                version=1,
                capacity=slot.capacity,
                open=False,
                starts_at=slot.starts_at,
                slot=slot,
            )
            code, words = await self._desk.change(closed)
        if code:
            self._refused(slot, code, words)
            return
        self.tally.new(slot)
        self._count_slot()

    async def _was_there(self, slot_id: UUID, slot: Slot) -> None:
        """On another day or in another clinic than the source says now, or only just made."""
        there = await self._desk.slot(slot_id)
        if there is None:
            self._refused(slot, EXISTS, "Talon has a slot with this id, and does not show it")
            return
        if facts := differing(slot, there):
            self.tally.differing(slot, facts)
        if (wish := change(slot, there)) is not None:
            await self._change(wish)
            return
        self.tally.same(0 if facts else 1)
        self._count_slot()

    async def _change(self, wish: Change) -> None:
        assert wish.slot is not None
        code, words = ("", "") if self._wishes.dry_run else await self._desk.change(wish)
        if code:
            self._refused(wish.slot, code, words)
            return
        self.tally.changed(wish.slot, wish)
        self._count_slot()

    def _refused(self, slot: Slot, code: str, words: str) -> None:
        self._taken.faults.note(fault_of(slot, code, words))
        self._count_slot()

    async def _gone(self, left: Iterable[KnownSlot]) -> None:
        """Slots that came from this source, that nobody closed, and of which it says nothing."""

        async def close(slot: KnownSlot) -> None:
            self.tally.gone(slot)
            if self.closes:
                code, words = await self._desk.change(closing(slot))
                if code:
                    raise OutageError(f"slot {slot.id} could not be closed: {code}, {words}")

        gone = [
            slot
            for slot in left
            if slot.open
            and self._taken.identity.has_slot(slot.id)
            and not self._taken.spool.mentions(slot.id)
        ]
        await _each(gone, close, CHANGES_AT_ONCE)

    @property
    def closes(self) -> bool:
        """Who could not read every line does not know what is gone."""
        wanted = self._wishes.close_missing and not self._wishes.dry_run
        return wanted and not self._taken.faults.hidden_slots


async def _each(
    things: Iterable[T],
    do: Callable[[T], Coroutine[Any, Any, None]],
    at_once: int,
    count: Count = lambda: None,
) -> None:
    """All of them, so many at a time; the first that fails stops the rest."""
    waiting = iter(things)

    async def work() -> None:
        for thing in waiting:
            await do(thing)
            count()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(work())
