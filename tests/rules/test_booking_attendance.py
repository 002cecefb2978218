"""Who has come, is done, or was missed? Also as seen by one who only looks at the waiting room."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.rules.attendance import NEXT, missed, not_missed, step_of
from services.booking.rules.televisits import FHIR, No, Step, Visit, what_is_due
from services.booking.rules.visit_telling import TELLS
from tests.televisits import LIMITS, TEN, a_visit, minutes

JOURNEY = Path(__file__).parents[2] / "docs" / "journeys" / "visits.md"
BEFORE = 43_200.0
STEPS: tuple[Step, ...] = (
    "arrive",
    "not_arrived",
    "fulfil",
    "not_fulfilled",
    "miss",
    "not_missed",
)


def at_the_clinic() -> Visit:
    return a_visit(modality="physical")


def test_the_diagram_in_the_docs_is_the_table() -> None:
    text = JOURNEY.read_text("utf-8")
    drawn = re.findall(r"^    (\w+) --> (\w+): (\w+)$", text, re.MULTILINE)

    assert drawn == [(of, to, step) for of, row in NEXT.items() for step, to in row.items()]


def test_every_state_has_a_way_out_and_back() -> None:
    for status, row in NEXT.items():
        assert row
        assert all(status in NEXT[to].values() or status == "booked" for to in row.values())
        assert FHIR[status][0] in ("booked", "arrived", "fulfilled", "noshow")


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 90)), max_size=30))
def test_it_is_as_somebody_sees_it_who_only_looks_at_the_waiting_room(
    days_work: list[tuple[Step, int]],
) -> None:
    visit, at = at_the_clinic(), TEN - minutes(60)
    sits, is_seen, is_crossed_out = False, False, False
    for step, passing in days_work:
        at += minutes(passing)
        may = {
            "arrive": not sits and not is_crossed_out,
            "fulfil": not is_seen and not is_crossed_out,
            "not_arrived": sits and not is_seen,
            "not_fulfilled": is_seen,
            "miss": not sits and not is_crossed_out,
            "not_missed": is_crossed_out,
        }[step]
        after = step_of(visit, step, at, BEFORE)
        assert (not isinstance(after, No)) == may
        if isinstance(after, No):
            continue
        assert after.version == visit.version + 1
        visit = after
        sits = step in ("arrive", "fulfil", "not_fulfilled")
        is_seen, is_crossed_out = step == "fulfil", step == "miss"
        assert (visit.arrived_at is not None) == sits
        assert (visit.ended_at is not None) == is_seen
        assert (visit.noshow_by is not None) == is_crossed_out
        assert what_is_due(visit, LIMITS) is None


def test_nobody_comes_long_before_their_time() -> None:
    since = TEN - timedelta(seconds=BEFORE)

    assert step_of(at_the_clinic(), "arrive", since - minutes(1), BEFORE) == No("not_open", since)
    assert isinstance(step_of(at_the_clinic(), "arrive", since, BEFORE), Visit)


@pytest.mark.parametrize("step", ["arrive", "fulfil"])
def test_whoever_has_come_was_not_missed(step: Step) -> None:
    came = step_of(at_the_clinic(), step, TEN, BEFORE)
    assert isinstance(came, Visit)

    assert missed(came, TEN + minutes(60)) == No("came")
    assert not_missed(came) is None


def test_nobody_is_missed_before_it_is_over_and_only_once() -> None:
    visit = at_the_clinic()

    gone = missed(visit, visit.ends_at)

    assert missed(visit, visit.ends_at - minutes(1)) == No("not_over")
    assert isinstance(gone, Visit)
    assert missed(gone, visit.ends_at) is None
    back = not_missed(gone)
    assert back is not None
    assert (back.status, back.noshow_by) == ("booked", None)
    assert not_missed(visit) is None


def test_who_was_admitted_from_afar_has_come_and_nothing_else_is_said_of_them() -> None:
    ended = a_visit(status="ended", admitted_at=TEN, ended_at=TEN)

    assert missed(ended, TEN) == No("came")
    assert missed(a_visit(status="noshow", noshow_by="practitioner"), TEN) is None
    assert not_missed(a_visit(status="noshow", noshow_by="patient")) is None


def test_what_the_booking_tells_of_who_came_its_visits_do_not_tell_again() -> None:
    assert {step for step in STEPS if step not in TELLS} == {"miss", "not_missed"}
