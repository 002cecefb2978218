"""Which promises are checked, each by a pure function over what was found?"""

from collections.abc import Callable, Iterator

import msgspec

from talon.audit.facts import Broken, World
from talon.audit.rules import answers, bookings, mail, slots
from talon.audit.witness import Witness

Check = Callable[[Witness, World], Iterator[Broken]]


class Promise(msgspec.Struct, frozen=True):
    """One promise: its short name, what it says, and the function that finds where it is broken."""

    name: str
    says: str
    check: Check


PROMISES = (
    Promise("oversold", "no slot has more people than seats", slots.oversold),
    Promise("counters", "capacity + extra = free + held + booked, recounted", slots.miscounted),
    Promise("lost", "what was granted is in slots and booking, as answered", bookings.lost),
    Promise("untold", "what was granted was told at the mail server, rightly", mail.untold),
    Promise("ghosts", "nothing is booked, held or told that nobody was granted", bookings.ghosts),
    Promise("ghost mail", "no mail tells what did not happen", mail.ghosts),
    Promise("refused", "nothing of a refused wish exists", bookings.refused),
    Promise("twice", "nobody has the same dose or visit twice", answers.booked_twice),
    Promise("told twice", "no mail came twice, no booking was confirmed twice", mail.told_twice),
    Promise("one answer", "the same wish got the same answer each time", answers.differing),
    Promise("holds", "a hold that ran out or was given back holds nothing", slots.held_too_long),
)


class Finding(msgspec.Struct, frozen=True):
    """What came of checking one promise."""

    promise: Promise
    broken: list[Broken]


def check_all(witness: Witness, world: World) -> list[Finding]:
    """Every promise, in order."""
    return [Finding(promise, list(promise.check(witness, world))) for promise in PROMISES]
