"""Who may act for whom, and until when? Beside a model that knows nothing of states."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.rules.families import (
    AGE_YEARS,
    NEXT,
    Saying,
    State,
    after,
    child_until,
    comes_of_age,
    is_of_age,
)
from tests.tidy.test_docs import DOCS

births = st.dates(date(1890, 1, 1), date(2100, 1, 1))


# ---- a relation's life ---------------------------------------------------------------------------


class Plain:
    """What two people have said to each other about one proposal."""

    def __init__(self) -> None:
        self.is_off = False
        self.last_word: str | None = None
        self.gone_yes = False

    def hear(self, saying: Saying) -> bool:
        """Whether it can be said at all; what was taken back is not spoken of any more."""
        if self.is_off:
            return saying != "agree"
        if saying == "give up":
            self.is_off = self.last_word != "no"
        elif saying == "agree":
            self.last_word = "yes"
        elif self.last_word == "yes":
            self.is_off = True
        else:
            self.last_word = "no"
        return True

    @property
    def acts(self) -> bool:
        """Whether the one acts for the other now."""
        return self.last_word == "yes" and not self.is_off


@given(st.lists(st.sampled_from(["agree", "refuse", "give up"]), max_size=8))
def test_somebody_acts_for_an_adult_exactly_while_their_last_word_is_yes(
    said: list[Saying],
) -> None:
    state: State = "proposed"
    plain = Plain()
    for saying in said:
        then = after(state, saying)
        assert (then is not None) == plain.hear(saying)
        state = then or state

        assert (state == "accepted") == plain.acts
        assert (state == "withdrawn") == plain.is_off


def test_nothing_that_is_said_twice_is_anything_else_the_second_time() -> None:
    for row in NEXT.values():
        for saying, state in row.items():
            assert after(state, saying) in (state, "withdrawn" if saying == "refuse" else state)


def test_the_page_has_the_same_table() -> None:
    page = (DOCS / "journeys" / "family.md").read_text("utf-8")
    for state, row in NEXT.items():
        for saying, then in row.items():
            assert f"    {state} --> {then}: {saying}\n" in page
    assert page.count(" --> ") == sum(map(len, NEXT.values()))


# ---- coming of age -------------------------------------------------------------------------------


def birthdays(born: date, day: date) -> int:
    """How many anniversaries there were up to that day, counted day by day around each of them."""
    count, year = 0, born.year
    while year < day.year:
        year += 1
        # The day after the 28th is a 29th or a 1st, whichever there is.
        leap = (born.month, born.day) == (2, 29)
        at = date(year, 2, 28) + timedelta(days=1) if leap else date(year, born.month, born.day)
        count += at <= day
    return count


@given(born=births, days=st.integers(-3, 3))
def test_somebody_comes_of_age_with_their_eighteenth_birthday(born: date, days: int) -> None:
    day = comes_of_age(born).date() + timedelta(days=days)

    assert (birthdays(born, day) >= AGE_YEARS) == (days >= 0)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    assert is_of_age(born, noon) == (days >= 0)


@pytest.mark.parametrize(
    ("born", "grown"),
    [("2008-02-29", "2026-03-01"), ("2012-02-28", "2030-02-28"), ("2012-12-31", "2030-12-31")],
)
def test_whoever_was_born_on_a_leap_day_comes_of_age_in_march(born: str, grown: str) -> None:
    assert comes_of_age(date.fromisoformat(born)).date() == date.fromisoformat(grown)


@given(born=births, known=st.datetimes(datetime(2026, 1, 1), datetime(2060, 1, 1)))
def test_who_does_not_say_when_a_child_was_born_has_it_for_no_longer_than_a_newborn(
    born: date, known: datetime
) -> None:
    known = known.replace(tzinfo=UTC)

    without = child_until(None, known)

    assert without == comes_of_age(known.date())
    if born <= known.date():
        assert child_until(born, known) <= without
    assert not is_of_age(None, without + timedelta(days=40_000))
