"""How is a person told what an import comes to?"""

from rich.console import Console
from rich.table import Table

from talon.imports.course import Course, Wishes
from talon.imports.faults import Faults
from talon.imports.taken import Taken
from talon.imports.tally import CHANGED, DIFFERING, GONE, NEW, SAME, Tally

WORDS = {
    NEW: "new",
    CHANGED: "changed",
    SAME: "as they should be",
    DIFFERING: "differing, left as they are",
    GONE: "gone from the source",
}


def show_source(out: Console, name: str, taken: Taken, seconds: float) -> None:
    """What was read, and what was made of its time."""
    out.print(f"import: {name}", soft_wrap=True, markup=False)
    out.print(f"  known by the source {taken.identity.source}", soft_wrap=True, markup=False)
    out.print(
        f"  read in {seconds:.1f} s: {len(taken.clinics):,} clinics, {taken.spool.slots:,} slots,"
        f" {taken.faults.total:,} bad lines"
    )
    if taken.identity.days and taken.days:
        out.print(f"  moved by {taken.identity.days:,} days: {taken.days[0]} to {taken.days[1]}")


def show_difference(out: Console, taken: Taken, course: Course) -> None:
    """The numbers, the first of each kind, and every kind of bad line."""
    table = Table("what", box=None, padding=(0, 2))
    table.add_column("clinics", justify="right")
    table.add_column("slots", justify="right")
    for what, words in WORDS.items():
        clinics, slots = course.tally.clinics[what], course.tally.slots[what]
        table.add_row(words, f"{clinics:,}", f"{slots:,}")
    out.print(table)
    for kind, examples in sorted(course.tally.examples.items()):
        for example in examples:
            out.print(f"  {kind}: {example}", soft_wrap=True, markup=False)
    show_faults(out, taken.faults)


def show_faults(out: Console, faults: Faults) -> None:
    """How many bad lines there are of each kind, and the first of them as an editor takes them."""
    for code, count in faults.by_code.most_common():
        out.print(f"  bad lines, {code}: {count:,}")
        for fault in faults.first.get(code, ()):
            out.print(f"    {fault.where}: {fault.reason}", soft_wrap=True, markup=False)


def verdict(wishes: Wishes, taken: Taken, course: Course, seconds: float) -> str:
    """The last line."""
    tally = course.tally
    said = f"{_done(wishes, course)}; {_lines(taken.faults)}, {seconds:.1f} s"
    if tally.slots[GONE] and wishes.close_missing and taken.faults.hidden_slots:
        said += (
            f"\n  nothing was closed: {taken.faults.hidden_slots:,} bad lines may be those slots"
        )
    elif tally.slots[GONE] and not wishes.close_missing:
        said += "\n  what is gone from the source stays open; --close-missing closes it"
    return said


def _done(wishes: Wishes, course: Course) -> str:
    tally: Tally = course.tally
    if wishes.dry_run:
        return "import: dry run, nothing was changed"
    if tally.is_nothing and not (course.closes and tally.slots[GONE]):
        return "import: nothing to change"
    closed = f", {tally.slots[GONE]:,} closed" if course.closes else ""
    return (
        f"import: clinics: {tally.clinics[NEW]:,} new, {tally.clinics[CHANGED]:,} changed;"
        f" slots: {tally.slots[NEW]:,} new, {tally.slots[CHANGED]:,} changed{closed}"
    )


def _lines(faults: Faults) -> str:
    return f"{faults.total:,} bad lines" if faults.total else "no bad line"
