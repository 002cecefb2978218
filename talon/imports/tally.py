"""What does an import come to? Counted, with the first few of each kind to look at."""

from collections import Counter

from talon.imports.difference import Change, KnownSlot
from talon.imports.published import Clinic, Slot

NEW, CHANGED, SAME, DIFFERING, GONE = "new", "changed", "same", "differing", "gone"
EXAMPLES_MAX = 3


class Tally:
    """Of a dry run: what would be done. Of any other: what was done."""

    def __init__(self) -> None:
        self.clinics: Counter[str] = Counter()
        self.slots: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {}

    @property
    def is_nothing(self) -> bool:
        """True when everything was as it should be."""
        changes = (NEW, CHANGED)
        return not any(self.clinics[what] or self.slots[what] for what in changes)

    def clinic(self, what: str, clinic: Clinic, facts: tuple[str, ...] = ()) -> None:
        """One clinic more."""
        self.clinics[what] += 1
        if what != SAME:
            said = f" in {', '.join(facts)}" if facts else ""
            self._show(f"{what} clinic", f"{clinic.name} ({clinic.key}){said}")

    def new(self, slot: Slot) -> None:
        """One slot more that was not there."""
        self.slots[NEW] += 1
        state = "" if slot.open else ", closed"
        about = f"{slot.service}, capacity {slot.capacity}{state}"
        self._show("new slot", f"{slot.where} at {_minute(slot)}, {about}")

    def changed(self, slot: Slot, change: Change) -> None:
        """One slot more that is otherwise now."""
        self.slots[CHANGED] += 1
        said = [] if change.capacity is None else [f"capacity {change.capacity}"]
        if change.open is not None:
            said.append("open again" if change.open else "closed")
        self._show("changed slot", f"{slot.where} at {_minute(slot)}: {', '.join(said)}")

    def same(self, count: int) -> None:
        """So many slots more that were as they should be."""
        self.slots[SAME] += count

    def differing(self, slot: Slot, facts: tuple[str, ...]) -> None:
        """One slot more that is there with another time or service, which stays so."""
        self.slots[DIFFERING] += 1
        self._show("differing slot", f"{slot.where} at {_minute(slot)} in {', '.join(facts)}")

    def gone(self, slot: KnownSlot) -> None:
        """One slot more that the source no longer has."""
        self.slots[GONE] += 1
        self._show("gone slot", f"{slot.id} at {_minute(slot)}, {slot.service}")

    def _show(self, kind: str, about: str) -> None:
        shown = self.examples.setdefault(kind, [])
        if len(shown) < EXAMPLES_MAX:
            shown.append(about)


def _minute(slot: Slot | KnownSlot) -> str:
    return f"{slot.starts_at:%Y-%m-%d %H:%M}Z"
