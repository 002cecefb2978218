"""Where in line is somebody, and when will it be their turn?"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.booking.rules.lines import Expected, expected
from services.booking.rules.televisits import Visit
from tests.televisits import LIMITS, TEN, a_visit, minutes

ME = UUID(int=77)


def here(starts: float, **about: Any) -> Visit:
    """Somebody who sits before the page."""
    said = {"status": "waiting", "presence": "here", "arrived_at": TEN + minutes(starts - 3)}
    return a_visit(TEN + minutes(starts), **said | about)


def to_come(starts: float) -> Visit:
    """Somebody who booked."""
    return a_visit(TEN + minutes(starts))


def inside(starts: float, since: float) -> Visit:
    """Somebody who is being seen."""
    about: dict[str, Any] = {"status": "admitted", "admitted_at": TEN + minutes(since)}
    return here(starts, **about)


def over(starts: float, took: float) -> Visit:
    """A visit that was ended, begun on time."""
    began = TEN + minutes(starts)
    return here(starts, status="ended", admitted_at=began, ended_at=began + minutes(took))


def my_turn(line: list[Visit], now: float) -> Expected:
    said = expected(line, ME, TEN + minutes(now), LIMITS)
    assert said is not None
    return said


def off(moment: datetime) -> float:
    return (moment - TEN) / minutes(1)


def test_who_is_alone_is_next_from_the_window_s_beginning_to_their_time() -> None:
    said = my_turn([here(0, id=ME)], -4)

    assert (said.place, off(said.earliest), off(said.latest)) == (1, -4, 0)


def test_those_before_count_and_only_those_who_are_here_at_the_least() -> None:
    said = my_turn([here(0), to_come(15), here(30, id=ME), here(45)], 1)

    assert (said.place, off(said.earliest), off(said.latest)) == (3, 25, 31)


def test_when_the_doctor_runs_late_the_interval_moves() -> None:
    line = [inside(0, since=2), here(15, id=ME)]

    said = [my_turn(line, now) for now in (10, 17, 30)]

    assert [off(one.earliest) for one in said] == [17, 17, 30]
    assert [off(one.latest) for one in said] == [17, 17, 30]


def test_what_visits_took_today_is_believed_more_than_the_plan() -> None:
    quick = [over(-60 + n * 10, took=5) for n in range(4)]

    said = my_turn([*quick, here(0), here(15, id=ME)], 0)

    assert (off(said.earliest), off(said.latest)) == (10, 15)


def test_who_is_not_to_be_seen_any_more_has_no_place() -> None:
    for status in ("admitted", "ended", "noshow", "cancelled"):
        gone = here(0, id=ME, status=status, admitted_at=TEN, ended_at=TEN)
        assert expected([gone], ME, TEN, LIMITS) is None
    assert expected([here(0)], ME, TEN, LIMITS) is None


def simulated(line: list[Visit], now: int) -> tuple[int, int, int]:
    """A clock that ticks minute by minute past a door: place, earliest and latest, in minutes."""
    lengths = sorted(
        round((v.ended_at - v.admitted_at) / minutes(1))
        for v in line
        if v.status == "ended" and v.ended_at and v.admitted_at
    )
    if len(lengths) < 3:
        lengths = sorted([*lengths, 15])
    skip = (len(lengths) - 1) // 4
    short, long = lengths[skip], lengths[-1 - skip]
    me = next(v for v in line if v.id == ME)
    ahead = [v for v in line if v.status in ("booked", "arrived", "waiting")]
    ahead = [v for v in ahead if v.starts_at < me.starts_at]
    ahead.sort(key=lambda v: v.starts_at)
    busy = [round(off(v.admitted_at)) for v in line if v.status == "admitted" and v.admitted_at]
    ends = []
    for length, early, coming in (
        (short, 5, [v for v in ahead if v.presence == "here"]),
        (long, 0, list(ahead)),
    ):
        queue, leaves = [*coming, me], [began + length for began in busy]
        minute = now
        while True:
            is_free = all(minute >= leaving for leaving in leaves)
            if is_free and minute >= round(off(queue[0].starts_at)) - early:
                if queue.pop(0) is me:
                    break
                leaves = [minute + length]
                if length == 0:
                    continue
            minute += 1
        ends.append(minute)
    return len(ahead) + 1, ends[0], ends[1]


@st.composite
def lines(draw: st.DrawFn) -> tuple[list[Visit], int]:
    """A practitioner's morning at some minute of it."""
    now = draw(st.integers(-5, 90))
    line: list[Visit] = []
    mine = draw(st.integers(0, 7))
    for number in range(mine):
        starts = number * 10
        kind = draw(st.sampled_from(["over", "inside", "here", "away", "to come", "noshow"]))
        if kind == "over":
            line.append(over(starts - 100, took=draw(st.integers(1, 40))))
        elif kind == "inside":
            line.append(inside(starts, since=min(now, draw(st.integers(-5, 90)))))
        elif kind == "to come":
            line.append(to_come(starts))
        else:
            status = "noshow" if kind == "noshow" else "waiting"
            presence = "here" if kind == "here" else "away"
            line.append(here(starts, status=status, presence=presence))
    line.append(here(mine * 10, id=ME))
    behind = [here(mine * 10 + 10 * n) for n in range(1, draw(st.integers(0, 2)) + 1)]
    return [*line, *behind], now


@given(lines())
def test_the_reckoning_is_what_a_clock_at_the_door_would_have_seen(
    morning: tuple[list[Visit], int],
) -> None:
    line, now = morning

    said = my_turn(line, now)

    assert (said.place, off(said.earliest), off(said.latest)) == simulated(line, now)


@given(lines(), st.integers(1, 60))
def test_an_interval_is_one_and_only_ever_moves_on(
    morning: tuple[list[Visit], int], later: int
) -> None:
    line, now = morning

    first, then = my_turn(line, now), my_turn(line, now + later)

    assert first.earliest <= first.latest
    assert first.earliest >= TEN + minutes(now)
    assert (then.earliest, then.latest) >= (first.earliest, first.latest)
    assert then.earliest >= first.earliest
    assert then.latest >= first.latest


@given(lines())
def test_nobody_behind_changes_what_is_told_and_who_is_seen_only_helps(
    morning: tuple[list[Visit], int],
) -> None:
    line, now = morning
    said = my_turn(line, now)

    assert my_turn([v for v in line if v.starts_at <= line_of_me(line).starts_at], now) == said
    for visit in line:
        if visit.id != ME and visit.status in ("booked", "waiting"):
            assert my_turn([v for v in line if v is not visit], now).place <= said.place


def line_of_me(line: list[Visit]) -> Visit:
    return next(v for v in line if v.id == ME)


def test_of_two_at_the_same_time_who_came_first_is_first() -> None:
    early, late = TEN - minutes(4), TEN - timedelta(minutes=1)
    mine = here(0, id=ME, arrived_at=late)

    assert my_turn([here(0, arrived_at=early), mine], 0).place == 2
    assert my_turn([here(0, arrived_at=late + minutes(1)), mine], 0).place == 1
    assert my_turn([to_come(0), mine], 0).place == 1
