"""Who may act for whom, from when until when? Plain functions of what was said and of the time.

A guardian acts for a child until it comes of age. For an adult somebody acts only after the adult
has agreed to it, and not a moment longer than that.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Literal

AGE_YEARS = 18
"""From so many years on nobody acts for somebody without having been asked to."""

NEWEST_WORDS = 1
"""The version of the words by which an adult agrees that somebody acts for them."""

Kind = Literal["child", "adult"]
State = Literal["proposed", "accepted", "declined", "withdrawn"]
Saying = Literal["agree", "refuse", "give up"]
"""What may be said of a relation: at first by the person, at last by who would act for them."""

NEXT: Mapping[State, Mapping[Saying, State]] = {
    "proposed": {"agree": "accepted", "refuse": "declined", "give up": "withdrawn"},
    "accepted": {"agree": "accepted", "refuse": "withdrawn", "give up": "withdrawn"},
    # Who was declined cannot ask again and again; who has declined may think better of it.
    "declined": {"agree": "accepted", "refuse": "declined", "give up": "declined"},
    # It is over: whoever wants it again proposes another one.
    "withdrawn": {"refuse": "withdrawn", "give up": "withdrawn"},
}
"""state x what is said -> state. The table in `docs/journeys/family.md` is compared with it."""


def after(state: State, saying: Saying) -> State | None:
    """What becomes of a relation when this is said of it; None where it cannot be said any more."""
    return NEXT[state].get(saying)


def comes_of_age(born: date) -> datetime:
    """The beginning of the day on which somebody has lived for so many years, by UTC.

    Who was born on a 29th of February has on the 1st of March.
    """
    year = born.year + AGE_YEARS
    try:
        day = born.replace(year=year)
    except ValueError:
        day = date(year, 3, 1)
    return datetime.combine(day, time(), UTC)


def is_of_age(born: date | None, now: datetime) -> bool:
    """True for an adult; of whom nobody knows when they were born it is not known, so False."""
    return born is not None and now >= comes_of_age(born)


def child_until(born: date | None, known_since: datetime) -> datetime:
    """Until when somebody is a child: without a birth date as if born when they became known here.

    Nobody is younger than that, so who never says when a child was born has it no longer for that.
    """
    return comes_of_age(born or known_since.date())
