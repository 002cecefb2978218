"""Can staff starve the line, or the line staff? Against a count of people by the second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.rules.staff_door import (
    SAVED_SECONDS,
    SHARE_MAX,
    StaffDoor,
    earned,
    retry_seconds,
    taken_from_line,
    wait_seconds,
)

SHARES = st.floats(0.0, SHARE_MAX)
SPEEDS = st.floats(0.1, 1_000.0)
STEP = 0.5
TINY = 1e-6
WISHES = st.lists(st.integers(0, 40), min_size=1, max_size=60)
"""How many of the staff ask in each half second."""


def a_door(credit: float, share: float, speed: float, seconds: float = 0.0) -> StaffDoor:
    return StaffDoor(share=share, speed=speed, credit=credit, seconds=seconds)


@given(SHARES, SPEEDS, WISHES)
def test_staff_never_have_more_than_their_share_and_what_was_saved(
    share: float, speed: float, wishes: list[int]
) -> None:
    credit, come = 1.0, 0
    for asking in wishes:
        credit += earned(a_door(credit, share, speed, STEP))
        allowed = min(asking, int(credit + TINY))
        credit, come = credit - allowed, come + allowed

    seconds = STEP * len(wishes)
    saved = 1 + share * speed * SAVED_SECONDS
    assert credit >= -TINY * len(wishes)
    assert come <= share * speed * seconds + saved + TINY


@given(st.floats(0.01, SHARE_MAX), SPEEDS, st.integers(1, 200))
def test_staff_who_always_ask_have_their_share_whoever_else_waits(
    share: float, speed: float, steps: int
) -> None:
    credit, come = 0.0, 0
    for _ in range(steps):
        credit += earned(a_door(credit, share, speed, STEP))
        allowed = int(credit + TINY)
        credit, come = credit - allowed, come + allowed

    assert come >= share * speed * STEP * steps - 1 - TINY


@given(SHARES, SPEEDS, WISHES)
def test_the_line_keeps_all_but_the_share_and_together_no_more_come_than_the_speed(
    share: float, speed: float, wishes: list[int]
) -> None:
    credit, come, counted, line = 1.0, 0, 0.0, 0.0
    for asking in wishes:
        credit += earned(a_door(credit, share, speed, STEP))
        allowed = min(asking, int(credit + TINY))
        credit, come = credit - allowed, come + allowed
        moves = speed * STEP
        taken = taken_from_line(come=come, counted=counted, share=share, moves=moves, waits=True)
        counted, line = counted + taken, line + moves - taken

    all_of_it = speed * STEP * len(wishes)
    assert line >= (1 - share) * all_of_it - TINY * all_of_it
    assert line + come <= all_of_it + share * speed * SAVED_SECONDS + 2 + TINY * all_of_it


@pytest.mark.parametrize(
    ("credit", "share", "speed", "wait", "told"),
    [
        (1.0, 0.1, 10.0, 0.0, 1),
        (0.5, 0.1, 10.0, 0.5, 1),
        (0.0, 0.1, 2.0, 5.0, 5),
        (0.0, 0.1, 0.1, 100.0, 100),
    ],
)
def test_whoever_comes_too_early_is_told_when(
    credit: float, share: float, speed: float, wait: float, told: int
) -> None:
    said = wait_seconds(a_door(credit, share, speed))

    assert said == pytest.approx(wait)
    assert retry_seconds(wait) == told


def test_without_a_share_nobody_comes_by_the_staff_s_door() -> None:
    assert wait_seconds(a_door(1.0, 0.0, 100.0)) is None


def test_while_nobody_waits_nobody_loses_anything_and_nothing_is_owed_later() -> None:
    assert taken_from_line(come=70, counted=3.5, share=0.1, moves=5.0, waits=False) == 66.5
