"""Is a drill as uneven as the morning that it plays, and is its verdict one?"""

from collections import Counter
from datetime import UTC, datetime
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.drills.curve import Point, scaled
from bench.drills.found import conclude
from bench.drills.looks import Invariants
from bench.drills.mornings import MORNINGS, Morning
from bench.drills.play import Played
from bench.drills.report import page
from bench.drills.tally import Second
from talon.rush.arrivals import poisson

mornings = pytest.mark.parametrize("morning", MORNINGS.values(), ids=MORNINGS)


def a_second(**changed: object) -> Second:
    second = Second(
        arrived=5,
        admitted=2,
        booked=2,
        left=0,
        refused={"slot_full": 1},
        p50_ms=20.0,
        p99_ms=40.0,
        queue_ms=5.0,
        serving=10,
        waiting=30,
    )
    return msgspec.structs.replace(second, **changed)


def a_drill(morning: Morning, **changed: object) -> Played:
    played = Played(
        morning=morning.name,
        began=datetime(2026, 1, 1, tzinfo=UTC),
        people=100,
        places=50,
        speed=2.0,
        curve=scaled(morning.points, people=100, seconds=20),
        seconds=[
            a_second(),
            a_second(p50_ms=None, p99_ms=None, queue_ms=None, serving=None, waiting=None),
        ],
        totals={"arrived": 100, "admitted": 40, "booked": 38, "left": 60, "refused: <b>": 2},
        took=[10.0, 20.0],
        slowest_shed_ms=3.0,
        lag_ms=1.0,
        served=1.9,
        invariants=Invariants(looks=20),
    )
    return msgspec.structs.replace(played, **changed)


@mornings
def test_as_many_come_as_were_asked_for_and_most_at_the_peak(morning: Morning) -> None:
    curve = scaled(morning.points, people=4_000, seconds=60)

    come = list(poisson(Random(1), curve))

    assert 3_700 < len(come) < 4_300
    assert come == sorted(come)
    assert 0 < come[0] < come[-1] < 60
    by_height = sorted(range(60), key=lambda nth: curve.rate(nth + 0.5))
    in_second = Counter(int(at) for at in come)
    assert sum(in_second[nth] for nth in by_height[:20]) < sum(
        in_second[nth] for nth in by_height[-20:]
    )
    assert curve.peak == pytest.approx(curve.scale * max(point.times for point in morning.points))


@given(
    times=st.lists(st.floats(0.1, 50), min_size=2, max_size=6),
    people=st.floats(10, 1e5),
    seconds=st.floats(1, 600),
)
def test_the_area_under_a_curve_is_how_many_come(
    times: list[float], people: float, seconds: float
) -> None:
    points = [Point(10.0 * nth, one) for nth, one in enumerate(times)]
    curve = scaled(points, people=people, seconds=seconds)

    steps = 2_000
    area = sum(curve.rate((nth + 0.5) * seconds / steps) for nth in range(steps)) * seconds / steps

    assert area == pytest.approx(people, rel=0.01)
    assert curve.rate(-0.001) == curve.rate(seconds) == 0
    assert curve.second_of(points[-1].minute) == pytest.approx(seconds)


@mornings
def test_a_drill_in_which_nothing_was_broken_is_borne(morning: Morning) -> None:
    result = conclude(a_drill(morning), is_audit_clean=True)

    assert result.kept
    assert result.admissions_ratio == 0.95


@pytest.mark.parametrize(
    "changed",
    [
        {"invariants": Invariants(looks=20, oversold=1)},
        {"invariants": Invariants(looks=20, lost=1)},
        {"invariants": Invariants(looks=20, twice=1)},
        {"invariants": Invariants(looks=20, jumped=1)},
        {"invariants": Invariants(looks=1)},
        {"totals": {"around": 1}},
        {"totals": {"another place": 1}},
    ],
    ids=str,
)
def test_one_broken_promise_is_enough(changed: dict[str, object]) -> None:
    result = conclude(a_drill(MORNINGS["korea"], **changed), is_audit_clean=True)

    assert not result.kept


def test_what_the_audit_finds_is_not_borne() -> None:
    assert not conclude(a_drill(MORNINGS["korea"]), is_audit_clean=False).kept


@mornings
def test_the_report_needs_nothing_from_anywhere(morning: Morning) -> None:
    played = a_drill(morning)

    text = page(morning, played, conclude(played, is_audit_clean=True))

    assert text.count("<svg") == 4
    assert "<script" not in text
    assert "src=" not in text
    assert "refused: &lt;b&gt;" in text
    for source in morning.sources:
        assert source.address in text
