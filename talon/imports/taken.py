"""What was read of a source, before Talon is asked anything?"""

from collections.abc import Iterable
from datetime import date, datetime

import msgspec

from talon.imports.faults import Fault, Faults
from talon.imports.identity import Identity
from talon.imports.moving import DAYS_AHEAD_MAX, moved, timely
from talon.imports.published import Clinic, Slot
from talon.imports.spool import Spool


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """All that is good of a source, at the time to which it was moved."""

    clinics: dict[str, Clinic]
    spool: Spool
    faults: Faults
    identity: Identity
    days: tuple[date, date] | None
    """From which day to which it speaks for its clinics; None where it has no slot."""

    now: datetime

    def in_time(self, slot: Slot, clinic: Clinic) -> Slot:
        """The slot moved as all are; a LineError where nobody could have anything of it."""
        return timely(moved(slot, self.identity.days, clinic.zone), self.now)


def take_in(
    items: Iterable[Clinic | Slot | Fault], spool: Spool, faults: Faults
) -> dict[str, Clinic]:
    """Slots to the spool, faults to the faults, and the clinics to whoever asks."""
    clinics: dict[str, Clinic] = {}
    for item in items:
        match item:
            case Clinic():
                clinics[item.key] = item
            case Slot():
                if (first := spool.add(item)) is not None:
                    reason = f"slot {item.key!r} is in {first.where} already"
                    faults.note(fault_of(item, "duplicate", reason))
            case Fault():
                faults.note(item)
                if item.slot:
                    spool.name(item.slot)
    return clinics


def settle(
    source: str,
    clinics: dict[str, Clinic],
    *,
    spool: Spool,
    faults: Faults,
    shift_to: date | None,
    now: datetime,
) -> Taken:
    """When all is read, it is known by how much it is moved, and so which id each slot has."""
    first_day = spool.first_day()
    days = (shift_to - first_day).days if shift_to and first_day else 0
    identity = Identity(source=source, days=days)
    spool.identify(identity)
    found = spool.days_until(_later(now.date(), DAYS_AHEAD_MAX - days))
    return Taken(
        clinics=clinics,
        spool=spool,
        faults=faults,
        identity=identity,
        days=None if found is None else (_later(found[0], days), _later(found[1], days)),
        now=now,
    )


def _later(day: date, days: int) -> date:
    """So many days later, as far as there are days."""
    number = min(max(day.toordinal() + days, date.min.toordinal()), date.max.toordinal())
    return date.fromordinal(number)


def fault_of(slot: Slot, code: str, reason: str) -> Fault:
    """A bad line of which everything could be read."""
    return Fault(file=slot.file, line=slot.line, code=code, reason=reason, slot=slot.key)
