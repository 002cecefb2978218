"""When is a provider left alone, and who speaks meanwhile? Beside a machine drawn by hand."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.rules import (
    Accepted,
    Gone,
    NotHandedOver,
    Outcome,
    Refused,
    SlowDown,
    Unanswered,
    Untried,
    Unwritable,
)
from services.notify.rules.trouble import WELL, Breaker, Bucket, Limits, after, allowed, taken

LIMITS = Limits(faults_max=3, rest_seconds_min=2.0, rest_seconds_max=16.0)
FAULTS: list[Outcome] = [NotHandedOver("MAIL"), Unanswered(), Refused(421, "MAIL")]
FINE: list[Outcome] = [Accepted(), Gone(), Refused(550, "RCPT")]
NEITHER: list[Outcome] = [Untried(), Unwritable("KeyError"), Refused(451, "RCPT")]


class ByHand:
    """The same machine, told as a story: it does well, is left alone, is tried."""

    def __init__(self) -> None:
        self.mood, self.faults, self.rest, self.ends = "well", 0, LIMITS.rest_seconds_min, 0.0

    def hears(self, kind: str, now: float) -> None:
        if self.mood == "alone" and now >= self.ends:
            self.mood = "tried"
        if kind == "fine":
            self.mood, self.faults, self.rest = "well", 0, LIMITS.rest_seconds_min
        elif kind == "fault" and self.mood != "alone":
            self.faults += 1
            if self.mood == "tried" or self.faults >= LIMITS.faults_max:
                self.mood, self.ends = "alone", now + self.rest
                self.rest = min(2 * self.rest, LIMITS.rest_seconds_max)

    def may_take(self, now: float) -> int | None:
        if self.mood == "well":
            return None
        return 1 if self.mood == "tried" or now >= self.ends else 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["fault", "fine", "neither"]), st.floats(0, 9), st.integers(0, 2)
        ),
        max_size=60,
    )
)
def test_it_is_left_alone_and_tried_as_the_story_tells(
    heard: list[tuple[str, float, int]],
) -> None:
    breaker, by_hand, now = WELL, ByHand(), 100.0
    for kind, seconds, nth in heard:
        now += seconds
        outcome = {"fault": FAULTS, "fine": FINE, "neither": NEITHER}[kind][nth]
        breaker = after(breaker, outcome, now, LIMITS)
        by_hand.hears(kind, now)

        for later in (0.0, 1.0, 3.0, 20.0):
            assert allowed(0, [breaker], now + later) == by_hand.may_take(now + later)


def test_slow_down_is_a_pause_and_no_fault() -> None:
    once = after(WELL, SlowDown(5.0), 0.0, LIMITS)
    slow = after(once, SlowDown(5.0), 0.0, LIMITS)
    long = after(once, SlowDown(3_600.0), 0.0, LIMITS)
    between = after(after(once, Accepted(), 0.0, LIMITS), SlowDown(5.0), 0.0, LIMITS)

    assert allowed(0, [once], 0.0) is None
    assert allowed(0, [between], 0.0) is None
    assert allowed(0, [slow], 4.9) == 0
    assert allowed(0, [slow], 5.0) is None
    assert allowed(0, [long], LIMITS.rest_seconds_max) is None


@pytest.mark.parametrize(
    ("first", "one", "other"),
    [
        (WELL, None, 0),
        (Breaker(faults=3, rests=1, until=10.0), 0, None),
        (Breaker(faults=3, rests=1, until=5.0), 1, None),
    ],
    ids=["well", "left alone", "tried"],
)
def test_the_second_speaks_exactly_while_the_first_does_not_do_well(
    first: Breaker, one: int | None, other: int | None
) -> None:
    both = [first, WELL]

    assert (allowed(0, both, 7.0), allowed(1, both, 7.0)) == (one, other)


@given(
    rate=st.integers(1, 50),
    comes=st.lists(st.floats(0, 0.3), min_size=1, max_size=200),
)
def test_no_second_has_more_messages_than_twice_the_rate_and_no_more_wait_than_must(
    rate: int, comes: list[float]
) -> None:
    bucket, now, told = Bucket(per_second=rate, tokens=rate, at=0.0), 0.0, []
    for seconds in comes:
        now += seconds
        bucket, wait = taken(bucket, now)
        told.append(now + wait)

    assert told == sorted(told)
    for begin in told:
        assert sum(begin <= at < begin + 1 for at in told) <= 2 * rate + 1
    late = [b - a for a, b in pairwise(told) if b - a > 1 / rate + 0.3 + 1e-6]
    assert not late
