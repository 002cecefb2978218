"""Does a dose keep its distance from those that were booked before?"""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.booking.rules.apart import asks_for_days, not_apart_from
from tests.stories import NOON

cards = st.dictionaries(st.integers(1, 4), st.integers(0, 60), max_size=3)


@given(st.dictionaries(st.integers(1, 4), st.integers(0, 60), min_size=1, max_size=2), cards)
def test_a_dose_is_taken_where_a_nurse_with_the_card_would_write_it(
    wanted: dict[int, int], card: dict[int, int]
) -> None:
    """The card has one line for a dose; what is wanted is written over what was there."""
    written = card | wanted
    new_gaps = [
        written[dose + 1] - written[dose]
        for dose in written
        if dose + 1 in written and (dose in wanted) != (dose + 1 in wanted)
    ]

    near = not_apart_from(
        {dose: NOON + timedelta(days=day) for dose, day in wanted.items()},
        [(dose, NOON + timedelta(days=day)) for dose, day in card.items()],
        21,
        28,
    )

    assert (near is None) == all(gap in range(21, 29) for gap in new_gaps)


def test_days_that_say_no_to_nothing_are_not_looked_at() -> None:
    assert asks_for_days(2, 21, 28)
    assert asks_for_days(2, 0, 28)
    assert not asks_for_days(4, 0, 3_650)
    assert not asks_for_days(1, 21, 28)
