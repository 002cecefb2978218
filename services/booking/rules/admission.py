"""Whom does a campaign's rule book admit, from when, and what is whoever is refused told?"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared.messages import Instant, Text

Code = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}(?![\s\S])")]
"""A stable short name, as in a list of districts, professions or risk groups."""

CODES_MAX = 200
GROUPS_MAX = 50
PHASES_MAX = 32
AGE_MAX = 130
MONTHS = 12

Codes = Annotated[tuple[Code, ...], Meta(min_length=1, max_length=CODES_MAX)]
Age = Annotated[int, Meta(ge=0, le=AGE_MAX, description="In years that are complete.")]

Fact = Literal["age", "district", "profession", "risk_groups"]
"""By what a phase asks who somebody is."""

Why = Literal["later", "unknown", "over", "other"]
"""Not yet; not known who they are; not any more; or it is for others."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a person for this, and no finer than it is needed; None is not known."""

    born_month: date | None = None
    district: Code | None = None
    profession: Code | None = None
    risk_groups: Annotated[tuple[Code, ...], Meta(max_length=GROUPS_MAX)] | None = None


NOTHING_KNOWN = Facts()


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same in each language of the pages."""

    ru: Text
    en: Text


class Who(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a phase is for: whoever fits all that is said. Of a list, one is enough."""

    age_min: Age | None = None
    age_max: Age | None = None
    districts: Codes | None = None
    professions: Codes | None = None
    risk_groups: Codes | None = None


class Phase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a campaign: whom it is for, from when until when, and what to do to be admitted.

    `id` is stable: it names the rule in a refusal, in counts and in what was permitted by it.
    """

    id: Code
    title: Words
    what_to_do: Words
    opens_at: Instant
    closes_at: Instant | None = None
    who: Who = Who()


Phases = Annotated[tuple[Phase, ...], Meta(min_length=1, max_length=PHASES_MAX)]


class NotAdmitted(msgspec.Struct, frozen=True, kw_only=True):
    """Which phase comes nearest to somebody whom none admits, why it does not, and by which facts.

    `at` is when it opens for them, or when it closed.
    """

    phase: Phase
    why: Why
    at: datetime | None = None
    facts: tuple[Fact, ...] = ()


def wrong_with(phases: Sequence[Phase]) -> str | None:
    """What to do about phases that cannot be meant; None where they can."""
    ids = [phase.id for phase in phases]
    if len(set(ids)) < len(ids):
        return "Each phase has an id of its own."
    for phase in phases:
        who = phase.who
        if phase.closes_at is not None and phase.closes_at <= phase.opens_at:
            return f"The phase {phase.id} closes later than it opens."
        if who.age_min is not None and who.age_max is not None and who.age_min > who.age_max:
            return f"age_min of the phase {phase.id} is at most its age_max."
    return None


def admits(phases: Sequence[Phase], facts: Facts, at: datetime) -> Phase | NotAdmitted:
    """The first phase that is open for them, or why none is."""
    for phase in phases:
        if _stands(phase, at) == "open" and not any(_against(phase.who, facts, at)):
            return phase
    return _nearest(phases, facts, at)


def born_by(at: datetime, years: int) -> date:
    """The latest month of birth of whoever has so many complete years; the month counts whole."""
    months = at.year * MONTHS + at.month - 1 - years * MONTHS
    return date(max(months // MONTHS, date.min.year), months % MONTHS + 1, 1)


def _nearest(phases: Sequence[Phase], facts: Facts, at: datetime) -> NotAdmitted:
    """Later for sure, before what is not known, before over, before what is for others."""
    found = [_why(phase, facts, at) for phase in phases]
    for why in ("later", "unknown", "over"):
        these = [one for one in found if one.why == why]
        if why == "later" and these:
            return min(these, key=lambda one: one.phase.opens_at)
        if these:
            return these[-1] if why == "over" else these[0]
    opened = [one for one in found if _stands(one.phase, at) == "open"]
    return (opened or found)[0]


def _why(phase: Phase, facts: Facts, at: datetime) -> NotAdmitted:
    stands = _stands(phase, at)
    # Who is too young today may be old enough when the phase opens.
    asked = phase.opens_at if stands == "later" else at
    against = list(_against(phase.who, facts, asked))
    wrong = tuple(fact for fact, is_known in against if is_known)
    if wrong:
        return NotAdmitted(phase=phase, why="other", facts=wrong)
    if stands == "over":
        return NotAdmitted(phase=phase, why="over", at=phase.closes_at)
    if against:
        return NotAdmitted(phase=phase, why="unknown", facts=tuple(fact for fact, _ in against))
    return NotAdmitted(phase=phase, why="later", at=phase.opens_at)


def _stands(phase: Phase, at: datetime) -> Literal["later", "open", "over"]:
    if at < phase.opens_at:
        return "later"
    return "open" if phase.closes_at is None or at < phase.closes_at else "over"


def _against(who: Who, facts: Facts, at: datetime) -> Iterator[tuple[Fact, bool]]:
    """What keeps somebody out, and whether it is known: else it may yet turn out to fit."""
    if who.age_min is not None or who.age_max is not None:
        born = facts.born_month
        if born is None or not of_age(who, born, at):
            yield "age", born is not None
    if who.districts is not None and facts.district not in who.districts:
        yield "district", facts.district is not None
    if who.professions is not None and facts.profession not in who.professions:
        yield "profession", facts.profession is not None
    if who.risk_groups is not None and not set(who.risk_groups) & set(facts.risk_groups or ()):
        yield "risk_groups", facts.risk_groups is not None


def of_age(who: Who, born: date, at: datetime) -> bool:
    """Whether somebody born in that month is as old as is asked for."""
    if who.age_min is not None and born > born_by(at, who.age_min):
        return False
    return who.age_max is None or born > born_by(at, who.age_max + 1)
