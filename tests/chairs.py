"""What would somebody say who knows no counters and only looks at the chairs?

A second opinion on the referee's rules, written from what they promise in words. It shares no code
with them: time is seconds since noon, a slot is a row of chairs, and what is taken is counted.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

QUARTER = 15 * 60
"""How long each lasts, in seconds."""

Who = Hashable
Wanted = Sequence[tuple[str, str | None]]
"""Slots by name, each with the claim that comes with it."""


@dataclass(frozen=True)
class Chair:
    """Somebody's chair: theirs for good, or `until` the second in which they have left."""

    slot: str
    who: Who
    claim: str | None = None
    until: int | None = None
    whose: str = ""
    """Whose hold it is, of one that is only held."""
    renewed: bool = False


@dataclass
class Room:
    """Every slot with its chairs, and who sits there. Each wish is answered `yes` or why not."""

    begins: dict[str, int]
    now: int = 0
    sign: str | None = None
    """What is written over the clinic's door, if there is a clinic."""
    sizes: dict[str, int] = field(default_factory=dict)
    stools: dict[str, int] = field(default_factory=dict)
    """How many more were carried in by hand."""
    door: dict[str, int] = field(default_factory=dict)
    """How many seconds before it begins the door is closed to who has no chair yet."""
    notice: dict[str, int] = field(default_factory=dict)
    """How many seconds before it begins it should be known who does not come."""
    was_late: bool = False
    """Whether the last who left a chair did so later than that."""
    shut: set[str] = field(default_factory=set)
    chairs: list[Chair] = field(default_factory=list)
    homes: dict[Who, int] = field(default_factory=dict)
    missed: dict[Who, list[str]] = field(default_factory=dict)
    """Which chairs were empty all the time, of those who never came."""
    not_said: set[Who] = field(default_factory=set)
    """Whose hold ran out, and nobody has said so yet."""

    def time_is(self, now: int) -> None:
        """Who only held a chair leaves in the second in which the time is over."""
        self.now = now
        over = [c for c in self.chairs if c.until is not None and c.until <= now]
        self.not_said |= {c.who for c in over}
        self.chairs = [c for c in self.chairs if c not in over]

    def clinic(self) -> str:
        if self.sign:
            return "exists"
        self.sign = "Polyclinic No. 1"
        return "yes"

    def rename(self, name: str | None) -> str:
        if not self.sign:
            return "unknown"
        self.sign = name or self.sign
        return "yes"

    def open(self, slot: str, size: int, door: int, notice: int) -> str:
        if slot in self.sizes:
            return "exists"
        if not self.sign:
            return "unknown"
        self.sizes[slot], self.door[slot], self.notice[slot] = size, door, notice
        return "yes"

    def change(self, slot: str, size: int | None, shut: bool | None) -> str:
        if slot not in self.sizes:
            return "unknown"
        if size is not None:
            if size + self.stools.get(slot, 0) < len(self._in(slot)):
                return "in_use"
            self.sizes[slot] = size
        if shut is not None:
            (self.shut.add if shut else self.shut.discard)(slot)
        return "yes"

    def carry(self, slot: str, stools: int) -> str:
        if slot not in self.sizes:
            return "unknown"
        if len(self._in(slot)) > self.sizes[slot] + stools:
            return "in_use"
        self.stools[slot] = stools
        return "yes"

    def say_when(self, slot: str, door: int | None, notice: int | None) -> str:
        if slot not in self.sizes:
            return "unknown"
        if notice is not None and notice > self.notice[slot] and self._in(slot):
            return "in_use"
        self.door[slot] = self.door[slot] if door is None else door
        self.notice[slot] = self.notice[slot] if notice is None else notice
        return "yes"

    def _in(self, slot: str) -> list[Chair]:
        return [c for c in self.chairs if c.slot == slot]

    def book(self, who: Who, wanted: Wanted, home: int) -> str:
        return self._objection(wanted, []) or self._sit(who, wanted, home)

    def hold(self, who: Who, slots: Sequence[str], seconds: int, home: int, whose: str) -> str:
        wanted = [(slot, None) for slot in slots]
        theirs = [c for c in self.chairs if c.until is not None and c.whose == whose]
        refused = self._objection(wanted, [])
        if refused is None and len({c.who for c in theirs}) + 1 > 4:
            refused = "too_many_held"
        if refused is None and len(theirs) + len(slots) > 8:
            refused = "too_many_held"
        return refused or self._sit(who, wanted, home, self.now + seconds, whose)

    def confirm(self, who: Who, wanted: Wanted, home: int) -> str:
        own = self._own(who, home, held=True)
        if not own or sorted(c.slot for c in own) != sorted(slot for slot, _ in wanted):
            return "hold_gone"
        return self._objection(wanted, own) or self._sit(who, wanted, home)

    def renew(self, who: Who, seconds: int, home: int) -> str:
        own = self._own(who, home, held=True)
        if not own:
            return "hold_gone"
        if own[0].renewed:
            return "renewed_before"
        self._sit(who, [(c.slot, None) for c in own], home, self.now + seconds, own[0].whose)
        self.chairs = [replace(c, renewed=True) if c.who == who else c for c in self.chairs]
        return "yes"

    def release(self, who: Who, home: int) -> str:
        return self._leave(who) if self._own(who, home, held=True) else "hold_gone"

    def move(
        self,
        who: Who,
        wanted: Wanted,
        home: int,
        holders: Sequence[Who] = (),
        hours_apart: int | None = None,
    ) -> str:
        """From their chairs to others, among them such as the holders keep, who leave with them."""
        own = self._own(who, home, held=False)
        past = [c for c in own if self.now >= self.begins[c.slot]]
        over = {c.slot for c in past}
        kept = sorted(slot for slot, _ in wanted if slot in over)
        if past and (past == own or kept != sorted(c.slot for c in past)):
            return "started"
        rest = [(slot, claim) for slot, claim in wanted if slot not in over]
        ahead = [c for c in own if c not in past]
        held = [c for holder in set(holders) for c in self._own(holder, home, held=True)]
        no = ("unknown" if not own else None) or self._objection(rest, ahead + held)
        if no is None and hours_apart is not None and self._too_close(wanted, hours_apart):
            no = "interval_broken"
        if no is None:
            stay = [slot for slot, _ in wanted]
            self._watch(c for c in own if self._on(c.slot, own) > stay.count(c.slot))
            for holder in {c.who for c in held}:
                self._leave(holder)
        return no or self._sit(who, [(c.slot, c.claim) for c in past] + rest, home)

    def cancel(self, who: Who, home: int) -> str:
        own = self._own(who, home, held=False)
        self._watch(own)
        return self._begun(own) or self._leave(who)

    def miss(self, who: Who, home: int) -> str:
        own = self._own(who, home, held=False)
        self.was_late = False
        if any(self.now < self.begins[c.slot] + QUARTER for c in own):
            return "not_over"
        if not own:
            return "unknown"
        self.missed[who] = sorted(c.slot for c in own)
        return self._leave(who)

    def miss_some(self, who: Who, came: Wanted, home: int) -> str:
        """Some of them came, and sat on these; the chairs of the others were empty."""
        own = self._own(who, home, held=False)
        if not own or len(came) == len(own):
            return "unknown"
        if any(self.now < self.begins[c.slot] + QUARTER for c in own):
            return "not_over"
        return self._sit(who, came, home)

    def restore(self, who: Who, wanted: Wanted, home: int) -> str:
        """They had come after all, and sat where they were to, if nobody sits there for them."""
        chairs = self.missed.get(who)
        if self.homes.get(who) != home or chairs != sorted(slot for slot, _ in wanted):
            return "unknown"
        for slot in chairs:
            rest = self.sizes[slot] + self.stools.get(slot, 0) - len(self._in(slot))
            if chairs.count(slot) > rest:
                return "full"
        named = [c.claim for c in self.chairs if c.claim] + [claim for _, claim in wanted if claim]
        if len(named) != len(set(named)):
            return "claim_taken"
        del self.missed[who]
        return self._sit(who, wanted, home)

    def _on(self, slot: str, chairs: list[Chair]) -> int:
        return len([c for c in chairs if c.slot == slot])

    def _watch(self, leaving: Iterable[Chair]) -> None:
        left = [self.begins[c.slot] - self.now < self.notice[c.slot] for c in leaving]
        self.was_late = any(left)

    def _own(self, who: Who, home: int, *, held: bool) -> list[Chair]:
        """Their chairs of that kind; asked elsewhere than at home, nobody knows of them."""
        here = self.homes.get(who) == home
        return [c for c in self.chairs if here and c.who == who and (c.until is not None) == held]

    def _begun(self, own: list[Chair]) -> str | None:
        if not own:
            return "unknown"
        return "started" if any(self.now >= self.begins[c.slot] for c in own) else None

    def _too_close(self, wanted: Wanted, hours: int) -> bool:
        begins = [self.begins[slot] for slot, _ in wanted]
        return any(second - first < hours * 3_600 for first, second in pairwise(begins))

    def _objection(self, wanted: Wanted, instead_of: list[Chair]) -> str | None:
        """Why not these chairs; those that are given up for them count as empty."""
        for slot, _ in wanted:
            if slot not in self.sizes:
                return "unknown"
            if slot in self.shut:
                return "closed"
            if self.now >= self.begins[slot]:
                return "started"
        others = [c for c in self.chairs if c not in instead_of]
        asked = [slot for slot, _ in wanted]
        sitting = [c.slot for c in others] + asked
        for slot, _ in wanted:
            is_closed = self.now >= self.begins[slot] - self.door[slot]
            if is_closed and asked.count(slot) > self._on(slot, instead_of):
                return "too_late"
            if sitting.count(slot) > self.sizes[slot] + self.stools.get(slot, 0):
                return "full"
        claims = [c.claim for c in others if c.claim] + [claim for _, claim in wanted if claim]
        if any(claims.count(claim) > 1 for _, claim in wanted if claim):
            return "claim_taken"
        return None

    def _sit(
        self, who: Who, wanted: Wanted, home: int, until: int | None = None, whose: str = ""
    ) -> str:
        """They sit on exactly these now."""
        self._leave(who)
        self.chairs += [Chair(slot, who, claim, until, whose) for slot, claim in wanted]
        self.homes.setdefault(who, home)
        return "yes"

    def _leave(self, who: Who) -> str:
        self.chairs = [c for c in self.chairs if c.who != who]
        return "yes"
