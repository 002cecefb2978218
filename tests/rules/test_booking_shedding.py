"""Who is asked to come again in a crowd, in which order, and is anybody ever locked out?"""

from collections import Counter
from fractions import Fraction
from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.rules import shedding
from services.booking.rules.shedding import (
    NO_SPEED,
    Allowance,
    Kind,
    Load,
    Pace,
    Speed,
    is_shed,
    lateness_after,
    load_of,
    speed_after,
    use,
    wait_seconds,
)

KINDS: tuple[Kind, ...] = get_args(Kind)
FIRST_SHED_LAST = ("look", "wish", "finish")
SEATS = 1_000
PATIENCE_SECONDS = 2.0
CAPACITY = 200
"""So many are answered a second in the simulation."""

STEP = 0.01
LOOK_SECONDS = 0.1
FEW_SHARE = 0.04
TURN_SECONDS = 0.05
LOOK_TAKES = 0.002
REFUSAL_TAKES = 0.0001
OPEN_MAX = 4_000

shares = st.floats(0, 1)
seconds = st.floats(0, 30)
loads = st.builds(Load, seats_share=shares, wait_seconds=seconds, late_seconds=st.floats(0, 3))
paces = st.builds(Pace, at_once=st.integers(1, 20), per_second=st.sampled_from([0.25, 0.5, 2, 8]))
moments = st.lists(st.integers(0, 400).map(lambda quarter: quarter / 4), max_size=120).map(sorted)


@given(loads)
def test_looking_goes_before_what_is_new_and_that_before_what_finishes(load: Load) -> None:
    shed = [is_shed(kind, load) for kind in FIRST_SHED_LAST]

    assert shed == sorted(shed, reverse=True)


@given(loads, loads, st.sampled_from(KINDS))
def test_nobody_is_let_in_because_there_is_more_to_do(one: Load, other: Load, kind: Kind) -> None:
    more = Load(
        seats_share=max(one.seats_share, other.seats_share),
        wait_seconds=max(one.wait_seconds, other.wait_seconds),
        late_seconds=max(one.late_seconds, other.late_seconds),
    )

    assert is_shed(kind, one) <= is_shed(kind, more)


@given(seconds, st.sampled_from(KINDS))
def test_while_few_wait_nobody_is_turned_away_however_long_it_takes(
    waited: float, kind: Kind
) -> None:
    assert not is_shed(kind, Load(seats_share=0.039, wait_seconds=waited))


@given(st.floats(0, 0.99), seconds)
def test_who_confirms_or_cancels_has_a_seat_while_there_is_one(share: float, waited: float) -> None:
    assert not is_shed("finish", Load(seats_share=share, wait_seconds=waited))


@given(st.integers(1, SEATS), st.floats(0.1, 1e4))
def test_the_wait_is_what_those_before_one_take(seated: int, per_second: float) -> None:
    load = load_of(seated, SEATS, Speed(per_second, 0.0, 1.0))

    assert load.wait_seconds == pytest.approx(seated / per_second)


@given(st.lists(st.integers(0, 500), min_size=11, max_size=30))
def test_the_speed_lies_between_the_slowest_and_the_fastest_that_was_seen(each: list[int]) -> None:
    speed = speed_after(NO_SPEED, 10_000, 0.0)
    for nth, answered in enumerate(each, 1):
        speed = speed_after(speed, answered, nth / 10)

    assert min(each) * 10 - 1e-6 <= speed.per_second <= max(each) * 10 + 1e-6
    assert speed.seconds == pytest.approx(1.0)


@given(st.integers(0, 1_000), st.floats(1.1, 9.0))
def test_few_answers_while_nobody_came_say_nothing_of_how_fast_it_can_be(
    answered: int, quiet_seconds: float
) -> None:
    busy = Speed(800.0, 0.0, 1.0)

    assert speed_after(busy, answered, quiet_seconds).per_second == 800.0


@given(st.lists(st.floats(-0.01, 5), min_size=1, max_size=20))
def test_the_desk_is_as_late_as_it_was_seen_to_be_and_soon_on_time_again(seen: list[float]) -> None:
    late = 0.0
    for overdue in seen:
        late = lateness_after(late, overdue)
        assert late >= overdue

    for _ in range(7):
        late = lateness_after(late, 0.0)

    assert late <= max(0.0, *seen) / 100


@given(st.floats(0, 1), st.floats(1.01, 30))
def test_a_desk_that_is_late_asks_all_to_come_again_but_those_who_finish(
    share: float, late: float
) -> None:
    load = Load(seats_share=min(share, 0.99), wait_seconds=0.0, late_seconds=late)

    assert [is_shed(kind, load) for kind in FIRST_SHED_LAST] == [True, True, False]


@given(paces, moments)
def test_one_person_gets_what_a_plain_count_says(pace: Pace, asked: list[float]) -> None:
    let_in = _let_in(pace, asked)

    assert let_in == _model(pace, asked)


@given(paces, moments, moments)
def test_asking_in_vain_takes_nothing_from_anybody(
    pace: Pace, asked: list[float], more: list[float]
) -> None:
    # Whoever is let in when asking seldom is let in as often when asking like mad: never less.
    everything = sorted(asked + more)

    assert len(_let_in(pace, everything)) >= len(_let_in(pace, asked))


@given(paces, moments)
def test_who_waits_as_long_as_was_said_is_let_in(pace: Pace, asked: list[float]) -> None:
    allowance: Allowance | None = None
    for moment in asked:
        allowance = use(allowance, pace, moment) or allowance
    now = asked[-1] if asked else 0.0

    later = now + wait_seconds(allowance, pace, now)

    assert use(allowance, pace, later + 1e-6) is not None
    assert later - now <= 1 / pace.per_second + 1e-6


def _let_in(pace: Pace, asked: list[float]) -> list[float]:
    allowance: Allowance | None = None
    let_in = []
    for moment in asked:
        after = use(allowance, pace, moment)
        if after is not None:
            allowance = after
            let_in.append(moment)
    return let_in


def _model(pace: Pace, asked: list[float]) -> list[float]:
    """By what was let in before alone: no span has more in it than is allowed for its length.

    Shares nothing with the code: neither a level nor how it was before, but all spans, exactly.
    """
    let_in: list[float] = []
    for moment in asked:
        fits = all(
            len(let_in) - first + 1
            <= pace.at_once + (Fraction(moment) - Fraction(since)) * Fraction(pace.per_second)
            for first, since in enumerate(let_in)
        )
        if fits:
            let_in.append(moment)
    return let_in


# ---- a morning, second by second: a desk that answers so many a second, and a crowd before it


class Desk:
    """Answers in the order of coming, at a steady rate; who is shed is counted and gone."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Kind]] = []
        self.answered: Counter[Kind] = Counter()
        self.shed: Counter[Kind] = Counter()
        self.longest = 0.0
        self._speed = NO_SPEED
        self._counted = 0
        self._owed = 0.0

    def step(self, now: float, comes: list[Kind], share: float = 1.0) -> None:
        """Let in who may come in, then answer whoever is first; with a share of what it can do."""
        for kind in comes:
            if self._is_shed(kind, now):
                self.shed[kind] += 1
            else:
                self.waiting.append((now, kind))
        self._owed += CAPACITY * STEP * share
        while self._owed >= 1 and self.waiting:
            since, kind = self.waiting.pop(0)
            self.longest = max(self.longest, now - since)
            self.answered[kind] += 1
            self._counted += 1
            self._owed -= 1
        self._owed = min(self._owed, 1.0)

    def _is_shed(self, kind: Kind, now: float) -> bool:
        if len(self.waiting) < SEATS * FEW_SHARE:
            return False
        if now - self._speed.at >= LOOK_SECONDS:
            self._speed = speed_after(self._speed, self._counted, now)
            self._counted = 0
        return is_shed(kind, load_of(len(self.waiting), SEATS, self._speed))


def _morning(desk: Desk, rates: dict[Kind, float], since: float, until: float) -> None:
    chance = Random(1)
    for nth in range(int(since / STEP), int(until / STEP)):
        comes = [kind for kind, rate in rates.items() for _ in range(_poisson(chance, rate))]
        chance.shuffle(comes)
        desk.step(nth * STEP, comes)


def _poisson(chance: Random, rate: float) -> int:
    return sum(chance.random() < rate * STEP / 20 for _ in range(20))


@pytest.mark.parametrize("times", [5, 10])
def test_in_a_rush_everybody_answered_is_worth_it_and_the_order_of_shedding_holds(
    times: int,
) -> None:
    desk = Desk()
    crowd: dict[Kind, float] = {"finish": 40, "wish": CAPACITY * times, "look": 100}

    _morning(desk, crowd, 0.0, 20.0)

    assert desk.answered.total() >= 0.95 * CAPACITY * 20
    assert desk.longest < PATIENCE_SECONDS / 1.5
    assert desk.shed["finish"] == 0
    assert desk.answered["finish"] >= 0.85 * 40 * 20
    assert desk.shed["look"] / (100 * 20) > desk.shed["wish"] / (CAPACITY * times * 20)


def _with_others_on_the_machine(desk: Desk) -> float:
    """Twice in three seconds others take nine tenths of it for half a second; what it could do."""
    chance, could = Random(1), 0.0
    for nth in range(int(20 / STEP)):
        share = 0.1 if nth * STEP % 1.5 > 1.0 else 1.0
        could += CAPACITY * STEP * share
        desk.step(nth * STEP, ["wish"] * _poisson(chance, CAPACITY * 10), share)
    return could


def test_where_the_machine_is_taken_away_now_and_then_people_are_answered_in_time() -> None:
    desk = Desk()

    could = _with_others_on_the_machine(desk)

    assert desk.longest < PATIENCE_SECONDS
    assert desk.answered.total() >= 0.95 * could


def test_if_as_many_were_let_in_as_a_steady_machine_answers_in_time_they_would_wait_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bar = shedding.Bar(seats_share=0.9, wait_seconds=1.5, late_seconds=0.5)
    monkeypatch.setitem(shedding.BARS, "wish", bar)
    desk = Desk()

    _with_others_on_the_machine(desk)

    assert desk.longest > PATIENCE_SECONDS


def test_when_the_rush_is_over_nobody_is_shed_ten_seconds_later() -> None:
    desk = Desk()
    _morning(desk, {"finish": 40, "wish": CAPACITY * 10, "look": 100}, 0.0, 10.0)

    quiet: dict[Kind, float] = {"finish": 10, "wish": CAPACITY * 0.3, "look": 20}
    _morning(desk, quiet, 10.0, 15.0)
    desk.shed.clear()
    desk.longest = 0.0
    _morning(desk, quiet, 15.0, 25.0)

    assert desk.shed.total() == 0
    assert desk.longest < 0.2


def test_without_the_bars_the_last_ones_wait_longer_than_anybody_has_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shedding, "BUSY_SHARE", 2.0)
    desk = Desk()

    _morning(desk, {"finish": 40, "wish": CAPACITY * 10, "look": 100}, 0.0, 10.0)

    assert desk.longest > PATIENCE_SECONDS


# ---- whoever decides does it for many at a time, on a machine of which others have most


def _in_batches(seconds: float = 20.0) -> tuple[int, float]:
    """How many were answered of 500 who come each second, and how long they waited at most.

    A batch takes a fifth of a second whatever is in it, and a millisecond more for each.
    """
    waiting: list[float] = []
    batch: list[float] = []
    speed, counted, answered, longest, over_at = NO_SPEED, 0, 0, 0.0, 0.0
    for nth in range(int(seconds / STEP)):
        now = nth * STEP
        if now >= over_at:
            answered += len(batch)
            counted += len(batch)
            longest = max([longest, *(now - at for at in batch)])
            batch, waiting = waiting[:128], waiting[128:]
            over_at = now + 0.2 + 0.001 * len(batch)
        for _ in range(5):
            inside = len(waiting) + len(batch)
            if inside >= SEATS * 5 * shedding.BUSY_SHARE:
                if now - speed.at >= LOOK_SECONDS:
                    speed, counted = speed_after(speed, counted, now), 0
                if is_shed("wish", load_of(inside, SEATS * 5, speed)):
                    continue
            waiting.append(now)
    return answered, longest


def test_so_many_are_let_in_that_batches_are_full() -> None:
    answered, longest = _in_batches()

    assert answered >= 0.9 * 128 / (0.2 + 0.128) * 20
    assert longest < PATIENCE_SECONDS


def test_if_no_more_are_let_in_than_are_answered_in_less_than_it_takes_hardly_anybody_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bar = shedding.Bar(seats_share=0.9, wait_seconds=0.25, late_seconds=1.0)
    monkeypatch.setitem(shedding.BARS, "wish", bar)
    monkeypatch.setattr(shedding, "BUSY_SHARE", 0.01)

    answered, _ = _in_batches()

    assert answered <= 0.5 * 128 / (0.2 + 0.128) * 20


# ---- a crowd that only looks: nobody of it takes a seat, but everybody is looked at in turn


def _looked_at(looks_per_second: float, seconds: float, *, is_told: bool) -> tuple[float, int]:
    """How long the slowest wish took that was served, and how many were: ten come each second.

    In a turn the desk sees to all who came before it began, one after the other; so many looks
    are open at a time, the others are refused before it.
    """
    now, late, longest, served = 0.0, 0.0, 0.0, 0
    came_until, looks, wishes = 0.0, 0.0, [nth / 10 for nth in range(int(seconds * 10))]
    while now < seconds:
        looks = min(OPEN_MAX, looks + looks_per_second * (now - came_until))
        came_until = now
        here, wishes = [at for at in wishes if at <= now], [at for at in wishes if at > now]
        load = Load(seats_share=0.0, wait_seconds=0.0, late_seconds=late if is_told else 0.0)
        turn = looks * (REFUSAL_TAKES if is_shed("look", load) else LOOK_TAKES)
        turn = max(turn, TURN_SECONDS)
        if not is_shed("wish", load):
            served += len(here)
            longest = max([longest, *(now + turn - at for at in here)])
        now, looks = now + turn, 0.0
        late = lateness_after(late, turn - TURN_SECONDS)
    return longest, served


def test_a_crowd_that_only_looks_keeps_nobody_waiting_who_wants_a_place() -> None:
    longest, served = _looked_at(1_000, 30.0, is_told=True)

    assert longest < PATIENCE_SECONDS
    assert served >= 0.5 * 10 * 30


def test_where_nobody_sees_that_the_desk_is_late_the_crowd_keeps_all_of_them_waiting() -> None:
    longest, _ = _looked_at(1_000, 30.0, is_told=False)

    assert longest > 2 * PATIENCE_SECONDS
