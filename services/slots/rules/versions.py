"""What would another version of a schedule change, and whom would it meet?

Nobody is moved: a slot that is no longer meant is shut only while it is empty, and a capacity is
never made smaller than what is taken. What people are in stays as it is, and is named.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from services.slots.rules.schedules import Wanted


class There(NamedTuple):
    """A slot that is there already, and has not begun."""

    id: UUID
    starts_at: datetime
    open: bool
    held: int
    booked: int
    capacity: int

    @property
    def taken(self) -> int:
        """How many people are in it."""
        return self.held + self.booked


class PlannedChange(msgspec.Struct, frozen=True, kw_only=True):
    """A slot that would be opened, shut, reopened or given another capacity."""

    slot_id: UUID
    starts_at: datetime
    capacity: int


class KeptSlot(msgspec.Struct, frozen=True, kw_only=True):
    """A slot that stays as it is since people are in it, and what was to become of it."""

    slot_id: UUID
    starts_at: datetime
    held: int
    booked: int
    why: Literal["not_meant", "smaller"]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All that would change, each in order of time; `stays` counts the rest."""

    opens: tuple[PlannedChange, ...] = ()
    reopens: tuple[PlannedChange, ...] = ()
    resizes: tuple[PlannedChange, ...] = ()
    closes: tuple[PlannedChange, ...] = ()
    keeps: tuple[KeptSlot, ...] = ()
    stays: int = 0


def plan(
    wanted: Mapping[UUID, Wanted], before: Mapping[UUID, Wanted], there: Iterable[There]
) -> Plan:
    """From what is meant now, what was meant until now, and the series' slots that are there."""
    changes: dict[str, list[PlannedChange]] = {
        "opens": [],
        "reopens": [],
        "resizes": [],
        "closes": [],
    }
    keeps: list[KeptSlot] = []
    stays = 0
    known = {slot.id: slot for slot in there}
    for slot in sorted(known.values(), key=lambda slot: (slot.starts_at, slot.id)):
        verb = _verb(slot, wanted.get(slot.id), before.get(slot.id))
        if verb in ("not_meant", "smaller"):
            keeps.append(_kept(slot, verb))
        elif verb is None:
            stays += 1
        else:
            meant = wanted.get(slot.id)
            capacity = slot.capacity if meant is None else meant.seats.capacity
            changes[verb].append(_change(slot.id, slot.starts_at, capacity))
    changes["opens"] = [
        _change(slot_id, slot.starts_at, slot.seats.capacity)
        for slot_id, slot in wanted.items()
        if slot_id not in known
    ]
    told = {verb: tuple(some) for verb, some in changes.items()}
    return Plan(**told, keeps=tuple(keeps), stays=stays)


Verb = Literal["reopens", "resizes", "closes", "not_meant", "smaller"]


def _verb(slot: There, meant: Wanted | None, before: Wanted | None) -> Verb | None:
    """What becomes of a slot that is there; None where it stays."""
    if meant is None:
        if not slot.open:
            return None
        return "not_meant" if slot.taken else "closes"
    if not slot.open and before is None:
        # What an earlier version shut; what staff shut while it was meant stays shut.
        return "smaller" if meant.seats.capacity < slot.taken else "reopens"
    if before is not None and before.seats.capacity == meant.seats.capacity:
        # A capacity that staff changed by hand stays, too.
        return None
    if slot.capacity == meant.seats.capacity:
        return None
    return "smaller" if meant.seats.capacity < slot.taken else "resizes"


def _change(slot_id: UUID, starts_at: datetime, capacity: int) -> PlannedChange:
    return PlannedChange(slot_id=slot_id, starts_at=starts_at, capacity=capacity)


def _kept(slot: There, why: Literal["not_meant", "smaller"]) -> KeptSlot:
    return KeptSlot(
        slot_id=slot.id,
        starts_at=slot.starts_at,
        held=slot.held,
        booked=slot.booked,
        why=why,
    )
