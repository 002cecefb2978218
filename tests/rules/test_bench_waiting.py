"""Does the measurement of a waiting room see what goes wrong in one?"""

import random

import pytest

from bench.waiting.found import Result, correlation, gain_sigmas, inverted, missed

GOOD = Result(
    people=100_000,
    joins_per_second=5_100.0,
    joins_per_second_lowest=5_000.0,
    joins_per_second_highest=5_200.0,
    join_p50_ms=40.0,
    join_p99_ms=90.0,
    cpu_us_per_join={"booking": 180.0},
    draw_seconds=3.0,
    correlation=0.002,
    inversions=0.0,
    compared=19_000,
    bots=500,
    bots_places=500,
    bots_gain_sigmas=0.4,
    speed_set=200.0,
    admissions_per_second=199.0,
    disturbed=0.02,
)


def test_a_morning_that_meets_its_bars_misses_none() -> None:
    assert missed(GOOD) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("joins_per_second", 4_999.0),
        ("correlation", -0.031),
        ("inversions", 0.002),
        ("bots_places", 501),
        ("bots_gain_sigmas", 3.5),
        ("admissions_per_second", 221.0),
    ],
)
def test_each_bar_that_is_missed_is_told(name: str, value: float) -> None:
    fields = {field: getattr(GOOD, field) for field in GOOD.__struct_fields__}

    assert len(missed(Result(**fields | {name: value}))) == 1


def test_those_who_came_together_may_stand_either_way() -> None:
    assert inverted([(0.0, 2.0, 2), (1.0, 2.5, 1)]) == (0, 0)


def test_who_came_after_somebody_was_answered_stands_behind_them() -> None:
    assert inverted([(0.0, 1.0, 1), (1.5, 2.0, 2), (2.5, 3.0, 3)]) == (2, 0)
    assert inverted([(0.0, 1.0, 3), (1.5, 2.0, 1), (2.5, 3.0, 2)]) == (2, 2)


def test_a_draw_by_arrival_correlates_and_a_fair_one_does_not() -> None:
    places = list(range(1, 5_001))
    shuffled = random.Random(7).sample(places, len(places))

    assert correlation(list(zip(places, places, strict=True))) == pytest.approx(1.0)
    assert abs(correlation(list(zip(places, shuffled, strict=True)))) < 0.05


def test_bots_that_stand_in_front_have_gained_and_those_anywhere_have_not() -> None:
    anywhere = random.Random(7).sample(range(1, 10_001), 100)

    assert gain_sigmas(range(1, 101), 10_000) > 10
    assert abs(gain_sigmas(anywhere, 10_000)) < 3
