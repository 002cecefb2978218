"""What do tests of campaigns tell their stories with? Phases, persons, and a model of the rules.

The model knows the sentence of each rule and shares no code with the rules that are tested.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from services.booking.rules.admission import Facts, Phase, Who, Words

NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
WORDS = Words(ru="Слова", en="Words")
CODES = ("a", "b", "c")


def a_phase(
    name: str = "all", *, opens: float = -1, closes: float | None = None, **who: Any
) -> Phase:
    """A phase that opens and closes so many days after noon of a March day."""
    return Phase(
        id=name,
        title=WORDS,
        what_to_do=WORDS,
        opens_at=NOON + timedelta(days=opens),
        closes_at=None if closes is None else NOON + timedelta(days=closes),
        who=Who(**who),
    )


_some_codes = st.none() | st.lists(st.sampled_from(CODES), min_size=1, max_size=2).map(tuple)
_an_age = st.none() | st.integers(0, 110)

ages = st.tuples(_an_age, _an_age).filter(
    lambda two: two[0] is None or two[1] is None or two[0] <= two[1]
)


@st.composite
def some_phases(draw: Any) -> tuple[Phase, ...]:
    """One to five phases, some of them over or yet to come."""
    phases = []
    for nth in range(draw(st.integers(1, 5))):
        low, high = draw(ages)
        opens = draw(st.integers(-40, 40))
        closes = draw(st.none() | st.integers(1, 50))
        phases.append(
            a_phase(
                f"phase-{nth}",
                opens=opens,
                closes=None if closes is None else opens + closes,
                age_min=low,
                age_max=high,
                districts=draw(_some_codes),
                professions=draw(_some_codes),
                risk_groups=draw(_some_codes),
            )
        )
    return tuple(phases)


months = st.dates(date(1900, 1, 1), date(2026, 3, 1)).map(lambda day: day.replace(day=1))
some_facts = st.builds(
    Facts,
    born_month=st.none() | months,
    district=st.none() | st.sampled_from(CODES),
    profession=st.none() | st.sampled_from(CODES),
    risk_groups=st.none() | st.lists(st.sampled_from(CODES), max_size=2, unique=True).map(tuple),
)


def fits(who: Who, facts: Facts, at: datetime) -> bool:
    """The model: every sentence of the phase is true of the person, as far as is known."""
    sentences = []
    if facts.born_month is None:
        sentences.append(who.age_min is None and who.age_max is None)
    else:
        age, birthday = 0, facts.born_month
        while True:
            birthday = birthday.replace(year=birthday.year + 1)
            if birthday > at.date():
                break
            age += 1
        sentences.append(who.age_min is None or age >= who.age_min)
        sentences.append(who.age_max is None or age <= who.age_max)
    sentences.append(who.districts is None or facts.district in who.districts)
    sentences.append(who.professions is None or facts.profession in who.professions)
    has = facts.risk_groups or ()
    sentences.append(who.risk_groups is None or any(one in has for one in who.risk_groups))
    return all(sentences)


def admitting(phases: tuple[Phase, ...], facts: Facts, at: datetime) -> str | None:
    """The model: the id of the first phase that is open and fits."""
    for phase in phases:
        begun = phase.opens_at <= at
        over = phase.closes_at is not None and phase.closes_at <= at
        if begun and not over and fits(phase.who, facts, at):
            return phase.id
    return None
