"""Who would gain and who would lose if a rule book came into force? Counts, and nobody's name."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple, TypeVar

import msgspec

from services.booking.rules.admission import (
    MONTHS,
    NOTHING_KNOWN,
    Codes,
    NotAdmitted,
    Phase,
    Phases,
    admits,
    born_by,
)

BAND_YEARS = 10
UNKNOWN = "unknown"
EVERYBODY = "everybody"
"""What stands for the rules of a campaign that has none."""


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """A phase that is open then, as the statement takes it: `nth` of the new or the old book."""

    is_new: bool
    nth: int
    born_after: date | None = None
    born_by: date | None = None
    districts: Codes | None = None
    professions: Codes | None = None
    risk_groups: Codes | None = None


class Cell(NamedTuple):
    """So many people of one district and age band, by the phases that admit them."""

    before: int | None
    after: int | None
    district: str | None
    band: int | None
    people: int


class Phased(msgspec.Struct, frozen=True, kw_only=True):
    """How many people a phase admits, by the book in force and by the new one."""

    before: int = 0
    after: int = 0


class Turned(msgspec.Struct, frozen=True, kw_only=True):
    """How many people are admitted who were not, and the other way round."""

    gain: int = 0
    lose: int = 0


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a dry run has found so far. Who stays in may be admitted by another phase."""

    people: int = 0
    gain: int = 0
    lose: int = 0
    stay_in: int = 0
    stay_out: int = 0
    phases: dict[str, Phased] = {}
    districts: dict[str, Turned] = {}
    ages: dict[str, Turned] = {}


C = TypeVar("C", Phased, Turned)


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What is compared: the phases of the new book and of the one in force, if there is one."""

    after: Phases
    before: Phases | None = None

    def conditions(self, at: datetime) -> list[Condition]:
        """Of each book the phases that are open at that moment, in their order."""
        new = [_condition(nth, phase, at) for nth, phase in _open(self.after, at)]
        if self.before is None:
            return [*new, Condition(is_new=False, nth=0)]
        old = [_condition(nth, phase, at, is_new=False) for nth, phase in _open(self.before, at)]
        return new + old

    def of_the_unknown(self, people: int, at: datetime) -> Cell:
        """The people of whom nothing is known."""
        before = 0 if self.before is None else _nth(self.before, at)
        return Cell(before, _nth(self.after, at), None, None, people)

    def name(self, nth: int | None, *, is_new: bool) -> str | None:
        """A phase's id."""
        if nth is None:
            return None
        if is_new:
            return self.after[nth].id
        return EVERYBODY if self.before is None else self.before[nth].id


def added(found: Found, books: Compared, cells: Iterable[Cell]) -> Found:
    """The same with more people."""
    counts = dict.fromkeys(("people", "gain", "lose", "stay_in", "stay_out"), 0)
    phases, districts, ages = dict(found.phases), dict(found.districts), dict(found.ages)
    for cell in (one for one in cells if one.people):
        turn = _turn(cell)
        counts["people"] += cell.people
        counts[turn] += cell.people
        for name, side in (
            (books.name(cell.before, is_new=False), "before"),
            (books.name(cell.after, is_new=True), "after"),
        ):
            if name is not None:
                phases[name] = _more(phases.get(name, Phased()), side, cell.people)
        if turn in ("gain", "lose"):
            district = cell.district or UNKNOWN
            districts[district] = _more(districts.get(district, Turned()), turn, cell.people)
            band = band_of(cell.band)
            ages[band] = _more(ages.get(band, Turned()), turn, cell.people)
    sums = {name: getattr(found, name) + count for name, count in counts.items()}
    return Found(**sums, phases=phases, districts=districts, ages=ages)


def seen_of(found: Found) -> dict[str, int]:
    """What two persons agree on, in few numbers."""
    counts = {name: getattr(found, name) for name in ("people", "gain", "lose")}
    return counts | {f"admitted by {name}": phase.after for name, phase in found.phases.items()}


def band_of(band: int | None) -> str:
    """An age band in words."""
    if band is None:
        return UNKNOWN
    return f"{band * BAND_YEARS}-{band * BAND_YEARS + BAND_YEARS - 1}"


def month_number(at: datetime) -> int:
    """Months are counted from year 0, so that an age is a difference."""
    return at.year * MONTHS + at.month - 1


def _turn(cell: Cell) -> str:
    match (cell.before is not None, cell.after is not None):
        case (False, True):
            return "gain"
        case (True, False):
            return "lose"
        case (True, True):
            return "stay_in"
        case _:
            return "stay_out"


def _more(counted: C, name: str, people: int) -> C:
    return msgspec.structs.replace(counted, **{name: getattr(counted, name) + people})


def _open(phases: Phases, at: datetime) -> Iterable[tuple[int, Phase]]:
    for nth, phase in enumerate(phases):
        if phase.opens_at <= at and (phase.closes_at is None or at < phase.closes_at):
            yield nth, phase


def _nth(phases: Sequence[Phase], at: datetime) -> int | None:
    admitted = admits(phases, NOTHING_KNOWN, at)
    return None if isinstance(admitted, NotAdmitted) else phases.index(admitted)


def _condition(nth: int, phase: Phase, at: datetime, *, is_new: bool = True) -> Condition:
    who = phase.who
    return Condition(
        is_new=is_new,
        nth=nth,
        born_by=None if who.age_min is None else born_by(at, who.age_min),
        born_after=None if who.age_max is None else born_by(at, who.age_max + 1),
        districts=who.districts,
        professions=who.professions,
        risk_groups=who.risk_groups,
    )
