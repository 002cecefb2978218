"""What does the bench conclude from what it measured?"""

from collections.abc import Sequence

import msgspec
import pytest

from bench.peer_rowlock.place import Counts
from bench.rush import found, lag, where
from bench.rush.audit import Found
from bench.rush.bars import Missed
from bench.rush.conclude import conclude
from bench.rush.cpu import Spent, between
from bench.rush.found import Everything, Tried
from bench.rush.kept import Search, Step
from bench.rush.lag import Lag
from bench.rush.measure import Run
from bench.rush.sizes import Tuning


def a_run(
    per_second: float,
    *,
    caught_up_seconds: float | None = 1.0,
    lag_growth: float = 0.0,
    refused: int = 0,
    slots: str = "hot",
) -> Run:
    booked = 0 if refused else round(10 * per_second)
    return Run(
        side="talon",
        slots=slots,
        connections=64,
        booked=booked,
        per_second=0.0 if refused else per_second,
        undecided=0,
        failed=refused,
        broken=0,
        p50_ms=20.0,
        p99_ms=90.0,
        max_ms=120.0,
        cpu_us={},
        waiting=0.0,
        others=0.0,
        idle=0.0,
        seconds=10.0,
        refused=refused,
        caught_up_seconds=caught_up_seconds,
        lag_growth=lag_growth,
    )


def all_of(**rates: Sequence[float]) -> Everything:
    """A bench in which each was so fast, round by round; what is not named made 1,000 a second."""
    usual = {
        "talon_hot": [10_000.0],
        "talon_uniform": [5_000.0],
        "peer_hot": [1_000.0],
        "peer_uniform": [1_000.0],
        "peer_by_statements_hot": [500.0],
        "peer_by_statements_uniform": [500.0],
        "echo": [20_000.0],
        **rates,
    }
    return Everything(
        profile="full",
        chapters=["peers"],
        runs={
            name.replace("_", " "): [a_run(rate) for rate in rounds]
            for name, rounds in usual.items()
        },
        pgbench={
            "pgbench hot": [1_200.0],
            "pgbench by statements hot": [1_500.0],
            "commits": [20_000.0],
        },
        kept=[Step(wanted=4_000.0, run=a_run(4_000.0))],
        audit=NOTHING_WRONG,
    )


NOTHING_WRONG = Found(
    told=1,
    unsure=0,
    places=2,
    capacity_used=2,
    booked=1,
    bookings=1,
    places_of_bookings=2,
    not_booked=0,
    messages=1,
    told_of=1,
    oversold=0,
    mismatched=0,
    twice=0,
)


def test_a_ratio_is_of_the_medians_and_to_the_faster_way_of_the_peer():
    every = all_of(talon_hot=[9_000.0, 12_000.0, 10_000.0], peer_hot=[900.0, 1_000.0, 4_000.0])

    result = conclude(every)

    assert result["answered_hot_ratio"] == 10.0
    assert result["answered_hot_ratio_statements"] == 20.0
    assert result["kept_hot_ratio"] == 4.0
    assert result["echo_ratio"] == 0.5
    assert result["commits_per_second"] == 20_000
    assert (every.unfit, every.missed) == ([], [])


def test_where_statements_are_faster_than_one_call_they_are_the_peer():
    every = all_of(peer_by_statements_uniform=[1_500.0])

    result = conclude(every)

    assert result["answered_uniform_ratio"] == 3.333
    assert every.missed == [
        Missed(bar="answered_uniform_ratio", wanted="at least 5", measured=3.333)
    ]


def test_settled_counts_the_time_until_everybody_had_heard():
    every = all_of()
    every.runs["talon hot"] = [a_run(10_000.0, caught_up_seconds=10.0)]

    result = conclude(every)

    assert (result["hot_answered"], result["hot_settled"]) == (10_000, 5_000)
    assert (result["answered_hot_ratio"], result["settled_hot_ratio"]) == (10.0, 5.0)


def test_what_is_sold_out_is_counted_in_refusals():
    every = all_of()
    every.runs["talon sold out"] = [a_run(0.0, refused=150_000, slots="sold out")]

    result = conclude(every)

    assert result["sold_out_refused"] == 15_000
    assert result["refusals_ratio"] == 1.5


def test_a_chapter_that_failed_misses_its_bars_and_one_that_was_not_played_does_not():
    every = all_of()
    every.chapters = ["peers", "half"]
    every.failed = {"half": "MistakeError: no"}

    result = conclude(every)

    assert not result["valid"]
    assert every.missed == [Missed(bar="half_load_p99_ms", wanted="at most 40", measured=None)]


def test_a_peer_below_half_of_pgbench_makes_the_bench_unfit():
    every = all_of(peer_hot=[599.0])

    assert not conclude(every)["valid"]
    assert every.unfit == ["the peer is no match: it makes 50% of what pgbench makes"]


def test_what_others_disturbed_is_not_valid_be_it_only_beside_pgbench():
    every = all_of()
    every.pgbench_others = {"pgbench hot": [0.0, 0.2, 0.0]}

    result = conclude(every)

    assert result["disturbed"]
    assert not result["valid"]


def test_who_has_not_caught_up_in_time_makes_the_bench_unfit():
    every = all_of()
    every.runs["talon uniform"] = [a_run(5_000.0), a_run(5_000.0, caught_up_seconds=None)]

    assert not conclude(every)["valid"]
    assert every.unfit == ["projection and ledger did not catch up in time"]


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({}, 0),
        ({"told": 2}, 1),
        ({"told": 0}, 1),
        ({"told": 0, "unsure": 1}, 0),
        ({"oversold": 1}, 1),
        ({"mismatched": 1}, 1),
        ({"twice": 1}, 1),
        ({"places": 3}, 1),
        ({"told_of": 0}, 1),
    ],
)
def test_the_audit_counts_bookings_and_their_places(changed: dict[str, int], wrong: int):
    found = msgspec.structs.replace(NOTHING_WRONG, **changed)

    assert len(found.wrong) == wrong


def counts_of(bookings: int, **changed: int) -> Counts:
    same = {"capacity_used": bookings, "answers": bookings, "events": bookings, "oversold": 0}
    return Counts(bookings=bookings, **(same | changed))


@pytest.mark.parametrize(
    ("bookings", "changed", "wrong"),
    [
        (110, {}, 0),
        (118, {}, 0),
        (109, {}, 1),
        (119, {}, 1),
        (110, {"capacity_used": 111}, 1),
        (110, {"oversold": 1}, 1),
        (110, {"answers": 109}, 1),
        (110, {"events": 111}, 1),
    ],
)
def test_the_peer_has_as_many_bookings_as_it_told_and_at_most_those_nobody_waited_for(
    bookings: int, changed: dict[str, int], wrong: int
):
    before = counts_of(10)

    after = counts_of(bookings, **changed)

    assert len(after.wrong(before, told=100, unsure=8)) == wrong


def test_the_search_ends_at_a_rate_that_is_kept_near_one_that_is_not():
    search = Search(1_000.0)

    for _ in range(20):
        growing = 500.0 if search.wanted > 1_600.0 else 0.0
        search.learn(Step(wanted=search.wanted, run=a_run(search.wanted, lag_growth=growing)))
        if search.done:
            break

    assert search.done
    assert search.kept is not None
    assert 1_500.0 < search.kept.wanted <= 1_600.0


def test_lag_that_grew_only_in_the_beginning_does_not_grow():
    behind = [0, 400, 800, 800, 800, 800]

    lags = [Lag(at=at, commands=0, projection=n, ledger=0) for at, n in enumerate(behind)]

    assert lag.growth(lags) == 0.0
    assert lag.growth(lags[:4]) == 0.0
    assert lag.growth(lags[:2]) == 0.0
    assert lag.growth(lags[1:3] * 2) == 400.0


def test_the_best_tuning_is_the_fastest():
    tried = [
        Tried(tuning=Tuning(processes=p, sessions=8), per_second=rate)
        for p, rate in ((1, 900), (2, 1_100), (3, 1_000))
    ]

    assert found.best(tried).tuning.processes == 2


def test_cpu_is_told_by_whose_it_was():
    before = Spent(
        by_name={"peer": 1.0}, client=0.0, waiting=5.0, others=1.0, busy=10.0, possible=100.0
    )
    after = Spent(
        by_name={"peer": 3.0}, client=0.5, waiting=5.1, others=3.0, busy=15.0, possible=110.0
    )

    used = between(before, after)

    assert used.by_name == {"peer": 2.0, "client": 0.5}
    assert (round(used.waiting, 3), used.others, used.idle) == (0.01, 0.2, 0.5)


def test_time_belongs_to_whose_code_ran_or_called_python():
    raw = "\n".join(
        (
            "main (app.py:3);decide (services/slots/rules/places.py:9) 3",
            "main (app.py:3);send (aiokafka/client.py:1);dumps (json/__init__.py:2) 2",
            "main (app.py:3);run (asyncio/runners.py:5) 5",
        )
    )

    seen = where.seen(raw)

    assert seen.looks == 10
    assert seen.parts == {"asyncio and Python": 0.5, "Talon's own code": 0.3, "Kafka's client": 0.2}
    assert seen.functions["decide (services/slots/rules/places.py)"] == 0.3
