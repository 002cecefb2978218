"""How far behind is a follower said to be, while it keeps up, falls behind and stands still?"""

from typing import Any, NamedTuple, cast

from shared.batch import Batch
from shared.lag import Lag, Lags


class Came(NamedTuple):
    """When a record came, as the log says it: in milliseconds."""

    timestamp: int


class Handled(NamedTuple):
    """The two facts of an item that a lag is made of."""

    partition: int
    record: Came


class Clock:
    """The wall clock of a test."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def batch(position: int, *, came_at: float) -> Batch:
    """The last record of partition 0 that was handled, and where that leads to."""
    items = cast("Any", [Handled(0, Came(int(came_at * 1000)))])
    return Batch(items, 0.01, {0: position})


def test_who_has_handled_all_is_not_behind_however_long_ago_that_was():
    clock = Clock()
    lags = Lags("slots.events", clock)
    lags.follow({0: 5}, {0: 5})

    clock.now += 3600
    lags.reach({0: 5})

    assert lags.look() == {0: Lag(0, 0.0)}


def test_one_record_after_a_quiet_hour_is_as_old_as_it_is_and_not_an_hour():
    clock = Clock()
    lags = Lags("slots.events", clock)
    lags.follow({0: 5}, {0: 5})
    clock.now += 3600
    lags.reach({0: 5})

    clock.now += 0.2
    lags.reach({0: 6})

    lag = lags.look()[0]
    assert (lag.records, round(lag.seconds, 3)) == (1, 0.2)


def test_who_is_never_quite_done_is_as_far_behind_as_the_last_record_was_old():
    clock = Clock()
    lags = Lags("slots.events", clock)
    lags.follow({0: 0}, {0: 1_000})

    for second in range(1, 600):
        clock.now += 1
        lags.handled(batch(second * 100, came_at=clock.now - 0.3))
        lags.reach({0: second * 100 + 30})

    lag = lags.look()[0]
    assert (lag.records, round(lag.seconds, 3)) == (30, 0.3)


def test_who_stands_still_is_a_second_further_behind_each_second():
    clock = Clock()
    lags = Lags("slots.events", clock)
    lags.follow({0: 5}, {0: 5})
    lags.reach({0: 5})

    clock.now += 1
    lags.reach({0: 9})
    clock.now += 60

    assert lags.look() == {0: Lag(4, 61.0)}


def test_a_partition_that_was_lost_is_not_spoken_of():
    lags = Lags("slots.events", Clock())
    lags.follow({0: 5, 1: 7}, {0: 5, 1: 8})

    lags.lose([1])
    lags.handled(batch(6, came_at=1_000.0))
    lags.reach({1: 99})

    assert lags.positions() == [(("slots.events", "0"), 6)]
    assert lags.records() == [(("slots.events", "0"), 0)]
