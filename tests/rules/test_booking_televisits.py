"""What becomes of a telemedicine visit, and what of it by itself?"""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.rules.televisits import (
    FHIR,
    MOVES,
    NEXT,
    STEPS_OF,
    AtClinic,
    By,
    No,
    Status,
    Step,
    Visit,
    decide,
    what_is_due,
)
from services.booking.rules.visit_pages import seen, steps_for
from tests.televisits import LIMITS, TEN, a_visit, minutes

JOURNEY = Path(__file__).resolve().parents[2] / "docs/journeys/telemedicine.md"
STEPS: tuple[Step, ...] = tuple(step for step in get_args(Step) if step not in get_args(AtClinic))
BYS: tuple[By, ...] = get_args(By)
ENDS = ("ended", "noshow", "cancelled")


def at(offset: float) -> datetime:
    """So many minutes after the beginning."""
    return TEN + minutes(offset)


def taken(visit: Visit, *steps: tuple[Step, By, float]) -> Visit:
    """The visit after steps that may all be taken."""
    for step, by, offset in steps:
        after = decide(visit, step, by, at(offset), LIMITS)
        assert isinstance(after, Visit), (step, after)
        visit = after
    return visit


def test_the_table_in_the_docs_is_the_table() -> None:
    drawn = re.findall(r"^    (\w+) --> (\w+): (.+)$", JOURNEY.read_text("utf-8"), re.MULTILINE)

    assert drawn == [(of, to, step) for of, row in NEXT.items() for step, to in row.items()]


def test_every_status_has_a_way_out_or_is_an_end_and_a_name_in_fhir() -> None:
    assert {status for status, row in NEXT.items() if not row} == set(ENDS)
    assert set(FHIR) == set(NEXT) == set(get_args(Status))
    assert set(STEPS) == {step for steps in STEPS_OF.values() for step in steps}
    assert {step for steps in MOVES.values() for step in steps} < set(STEPS)


def test_a_visit_as_it_should_be() -> None:
    visit = taken(
        a_visit(),
        ("arrive", "patient", -4),
        ("wait", "patient", -3),
        ("admit", "staff", 2),
        ("end", "staff", 15),
    )

    assert (visit.status, visit.version) == ("ended", 4)
    assert (visit.arrived_at, visit.admitted_at, visit.ended_at) == (at(-4), at(2), at(15))


def test_who_drops_keeps_their_place_and_may_come_back() -> None:
    visit = taken(a_visit(), ("arrive", "patient", -4), ("wait", "patient", -3))

    dropped = taken(visit, ("drop", "patient", 1))
    back = taken(dropped, ("rejoin", "patient", 9))

    assert (dropped.status, dropped.presence) == ("waiting", "away")
    assert (back.status, back.presence, back.arrived_at) == ("waiting", "here", at(-4))


def test_by_phone_the_visit_is_kept_whether_the_patient_had_come_or_not() -> None:
    never_came = taken(a_visit(), ("phone", "staff", 3), ("admit", "staff", 4), ("end", "staff", 9))
    fell_out = taken(
        a_visit(), ("arrive", "patient", 0), ("admit", "staff", 1), ("phone", "staff", 5)
    )

    assert (never_came.status, never_came.presence) == ("ended", "phone")
    assert (fell_out.status, fell_out.presence) == ("admitted", "phone")
    assert what_is_due(taken(a_visit(), ("phone", "staff", 3)), LIMITS).step == "noshow"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("offset", "answer"),
    [(-5.02, No("not_open", at(-5))), (-5, None), (59.9, None), (60, No("over"))],
)
def test_a_patient_gets_in_from_five_minutes_before_to_an_hour_after(
    offset: float, answer: No | None
) -> None:
    said = decide(a_visit(), "arrive", "patient", at(offset), LIMITS)

    assert said == answer if answer else isinstance(said, Visit)


def test_who_is_being_seen_may_come_back_though_the_hour_is_over() -> None:
    late = taken(a_visit(), ("arrive", "patient", 50), ("admit", "staff", 58))
    dropped = taken(late, ("drop", "patient", 61))

    assert taken(dropped, ("rejoin", "patient", 62)).presence == "here"


def test_a_practitioner_writes_nobody_off_who_is_there_or_may_still_come() -> None:
    here = taken(a_visit(), ("arrive", "patient", 0))
    away = taken(here, ("drop", "patient", 1))

    assert decide(here, "noshow", "staff", at(20), LIMITS) == No("is_here")
    assert decide(away, "noshow", "staff", at(14), LIMITS) == No("too_early", at(15))
    assert taken(away, ("noshow", "staff", 15)).noshow_by == "patient"


def test_who_has_not_come_in_time_did_not_come_and_who_was_never_seen_was_let_down() -> None:
    never = what_is_due(a_visit(), LIMITS)
    waits = taken(a_visit(), ("arrive", "patient", 0), ("drop", "patient", 20))
    left_before = taken(a_visit(), ("arrive", "patient", -4), ("drop", "patient", -3))

    assert never is not None
    assert (never.at, never.step, never.noshow_by) == (at(15), "noshow", "patient")
    assert taken(a_visit(), ("noshow", "rule", 15)).noshow_by == "patient"
    assert taken(waits, ("noshow", "rule", 65)).noshow_by == "practitioner"
    assert taken(left_before, ("noshow", "rule", 65)).noshow_by == "patient"


def test_a_page_that_is_silent_is_closed_and_one_that_speaks_is_not() -> None:
    here = taken(a_visit(), ("arrive", "patient", 0))
    spoke = seen(here, at(0.5))

    assert isinstance(decide(here, "drop", "rule", at(1.5), LIMITS), Visit)
    assert decide(spoke, "drop", "rule", at(1.5), LIMITS) == No("too_early", at(2))


def test_what_nobody_ended_is_over_some_day() -> None:
    admitted = taken(
        a_visit(), ("arrive", "patient", 0), ("drop", "patient", 1), ("admit", "staff", 2)
    )

    assert taken(admitted, ("end", "rule", 242)).status == "ended"


@pytest.mark.parametrize(
    ("before", "page", "steps"),
    [
        ([], (True, False), ["arrive"]),
        ([], (True, True), ["arrive", "wait"]),
        ([], (False, False), []),
        ([("arrive", "patient", 0)], (True, False), []),
        ([("arrive", "patient", 0)], (False, True), ["drop"]),
        ([("arrive", "patient", 0), ("drop", "patient", 1)], (True, True), ["rejoin", "wait"]),
        ([("phone", "staff", 0)], (True, True), []),
    ],
)
def test_a_page_says_how_it_is_and_never_twice(
    before: list[Any], page: tuple[bool, bool], steps: list[Step]
) -> None:
    visit = taken(a_visit(), *before)
    said = {"is_here": page[0], "is_ready": page[1]}

    meant = steps_for(visit, **said)

    assert meant == steps
    after = taken(visit, *((step, "patient", 2) for step in meant))
    assert steps_for(after, **said) == []


class Told:
    """The same told as a story: facts in plain words, no tables and no statuses."""

    def __init__(self) -> None:
        self.came = self.ready = self.phoned = self.gone = False
        self.began = self.finished = self.off = False
        self.left_at = self.heard_at = self.began_at = -99.0

    def takes(self, step: Step, by: By, now: float) -> bool:
        """Whether it happens, and what is so then."""
        happens = self._may(step, by, now)
        if happens:
            self._happen(step, now)
        return happens

    def _may(self, step: Step, by: By, now: float) -> bool:
        over = self.finished or self.off
        if (by != "rule" and now < -5) or over:
            return False
        if by == "patient" and now >= 60 and not self.began:
            return False
        met = self.came or self.phoned
        on_the_page = self.came and not self.gone and not self.phoned
        match step, by:
            case "arrive", "patient":
                return not met
            case "wait", "patient":
                return met and not self.began and not (self.ready or self.phoned)
            case "rejoin", "patient":
                return self.gone and not self.phoned
            case "drop", "patient":
                return on_the_page
            case "admit", "staff":
                return met and not self.began
            case "end", "staff":
                return self.began
            case "phone", "staff":
                return not self.phoned
            case "noshow", "staff":
                return not self.began and now >= 15 and not (on_the_page or self.phoned)
            case "drop", "rule":
                return on_the_page and now >= self.heard_at + 1.5 and self._is_first(now, "drop")
            case "noshow", "rule":
                last = 65 if met else 15
                return not self.began and now >= last and self._is_first(now, "noshow")
            case "end", "rule":
                return self.began and now >= self.began_at + 240 and self._is_first(now, "end")
            case "cancel", "rule":
                return not self.began
        return False

    def _is_first(self, now: float, step: str) -> bool:
        """A page that has been silent is found closed before anything else happens to its visit."""
        on_the_page = self.came and not self.gone and not self.phoned
        other = self.began_at + 240 if self.began else 65 if self.came else 15
        silent = self.heard_at + 1.5
        if not on_the_page:
            return step != "drop"
        return (silent <= other) if step == "drop" else other < silent

    def _happen(self, step: Step, now: float) -> None:
        match step:
            case "arrive":
                self.came, self.heard_at = True, now
            case "rejoin":
                self.gone, self.heard_at = False, now
            case "wait":
                self.ready = True
            case "drop":
                self.gone, self.left_at = True, now
            case "phone":
                self.phoned = True
            case "admit":
                self.began, self.began_at = True, now
            case "end":
                self.finished = True
            case _:
                self.off = True

    def status(self) -> set[str]:
        """What it may be called."""
        if self.off:
            return {"noshow", "cancelled"}
        if self.finished:
            return {"ended"}
        if self.began:
            return {"admitted"}
        if self.phoned or self.ready:
            return {"waiting"}
        return {"arrived"} if self.came else {"booked"}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(STEPS),
            st.sampled_from(BYS),
            st.sampled_from([0.25, 0.5, 1, 4, 20, 65, 240]),
        ),
        max_size=14,
    ),
    st.sampled_from([-6.0, -4.0, 0.0, 14.0]),
)
def test_whatever_is_tried_the_story_and_the_tables_agree(
    tries: list[tuple[Step, By, float]], begins: float
) -> None:
    visit, told, now = a_visit(), Told(), begins
    for step, by, passes in tries:
        now += passes
        after = decide(visit, step, by, at(now), LIMITS)

        assert isinstance(after, Visit) == told.takes(step, by, now), (step, by, now, after)
        if isinstance(after, Visit):
            assert after.version == visit.version + 1
            visit = after
        assert visit.status in told.status()
        assert (visit.noshow_by is None) == (visit.status != "noshow")


@given(st.lists(st.sampled_from(STEPS), max_size=8), st.sampled_from([-4.0, 5.0, 30.0]))
def test_left_alone_every_visit_comes_to_its_end(steps: list[Step], now: float) -> None:
    visit = a_visit()
    for step in steps:
        for by in ("patient", "staff"):
            after = decide(visit, step, by, at(now), LIMITS)
            visit = after if isinstance(after, Visit) else visit

    happened: list[timedelta] = []
    while (due := what_is_due(visit, LIMITS)) is not None:
        after = decide(visit, due.step, "rule", due.at, LIMITS)
        assert isinstance(after, Visit)
        visit = after
        happened.append(due.at - TEN)

    assert visit.status in ENDS
    assert happened == sorted(happened)
    assert len(happened) <= 2
