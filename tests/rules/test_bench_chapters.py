"""Has a bench a chapter for every bar, and does one that fails leave the others alone?"""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import msgspec
import pytest
from rich.console import Console

from bench import overload, wrk
from bench.chapters import overload as overload_chapter
from bench.chapters import waiting as waiting_chapter
from bench.rush import bars, chapters, load, shapes
from bench.rush.bars import BARS
from bench.rush.chapters import Book
from bench.rush.found import Everything
from bench.rush.sizes import FULL, QUICK, SHORT, Sizes
from bench.rush.trouble import told
from deploy.local.stack import named
from talon.mistakes import MistakeError
from tests.rules.test_bench_waiting import GOOD

SLOTS = [UUID(int=nth + 1) for nth in range(100)]


def test_every_bar_is_some_chapter_s_and_has_a_name_of_its_own():
    assert {bar.chapter for bar in BARS} <= set(chapters.ALL)
    assert max(Counter(bar.key for bar in BARS).values()) == 1
    assert all((bar.least is None) != (bar.most is None) for bar in BARS)


@pytest.mark.parametrize(
    ("key", "measured", "missed"),
    [
        ("answered_hot_ratio", 10, False),
        ("answered_hot_ratio", 9.999, True),
        ("half_load_p99_ms", 40.0, False),
        ("half_load_p99_ms", 40.1, True),
        ("waiting_correlation", -0.031, True),
        ("waiting_bots_more_places", 0, False),
        ("overload_admitted_p99_seconds", None, True),
    ],
)
def test_a_bar_is_missed_by_what_is_beyond_it_or_was_not_measured(
    key: str, measured: float | None, missed: bool
):
    chapter = next(bar.chapter for bar in BARS if bar.key == key)
    reached = {bar.key: bar.least or 0.0 for bar in BARS}

    found = bars.missed(reached | {key: measured}, [chapter])

    assert [(one.bar, one.measured) for one in found] == ([(key, measured)] if missed else [])


@pytest.mark.parametrize("sizes", [FULL, SHORT, QUICK], ids=lambda sizes: sizes.name)
def test_what_is_quoted_has_the_size_that_the_bars_speak_of(sizes: Sizes):
    assert sizes.places == tuple(sorted(sizes.places))
    assert len(sizes.places) > 1
    if sizes is not QUICK:
        assert sizes.waiting.people >= 100_000
        assert sizes.waiting.bots == 500
        assert sizes.overload_cap == 1_000
        assert (sizes.places[0], sizes.places[-1]) == (10_000, 10_000_000)
        assert sizes.looks == (50, 700)
        assert sizes.rounds >= 3


def test_chapters_are_chosen_by_name_and_played_in_their_order():
    assert chapters.chosen("") == chapters.ALL
    assert chapters.chosen("places, zipf") == ("zipf", "places")
    with pytest.raises(MistakeError, match="no chapter is called sipf"):
        chapters.chosen("sipf")


class Ended(NamedTuple):
    """What became of a bench."""

    every: Everything
    towns: int
    played: list[str]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bench whose chapters only say that they were played, or fail."""

    def with_failing(*failing: str, only: str = "half,looks,backlog,edge,overload") -> Ended:
        towns, played = 0, []

        @asynccontextmanager
        async def standing(*_: Any) -> Any:
            nonlocal towns
            towns += 1
            if f"town {towns}" in failing:
                raise MistakeError(f"no town {towns}")
            yield towns

        def chapter(name: str) -> Any:
            async def its(_: Any) -> None:
                played.append(name)
                if name in failing:
                    raise MistakeError(f"{name}: no")

            return its

        async def rounds(_: Any) -> None:
            await chapter("rounds")(None)

        class Rounds:
            def __init__(self, *_: Any) -> None:
                self.play = lambda: rounds(None)

        async def up(*_: Any) -> None:
            played.append("up")

        monkeypatch.setattr(chapters, "standing", standing)
        monkeypatch.setattr(chapters, "Rounds", Rounds)
        monkeypatch.setattr(chapters.Scene, "up", up)
        for name in chapters.IN_TOWN:
            monkeypatch.setitem(chapters.IN_TOWN, name, chapter(name))
        for name in chapters.APART:
            monkeypatch.setitem(chapters.APART, name, chapter(name))
        every = Everything(profile="quick", chapters=list(chapters.chosen(only)))
        book = Book(named("bench"), QUICK, every, Console(quiet=True))
        asyncio.run(book.play())
        return Ended(every, towns, played)

    return with_failing


def test_all_is_played_in_one_town_where_nothing_fails(play: Any):
    ended = play()

    assert ended.every.failed == {}
    assert ended.towns == 1
    assert ended.played == ["rounds", "half", "looks", "backlog", "edge", "overload"]


def test_after_a_chapter_that_failed_the_others_have_a_new_town(play: Any):
    ended = play("looks", "edge")

    assert ended.every.failed == {"looks": "looks: no", "edge": "edge: no"}
    assert ended.towns == 2
    assert ended.played == ["rounds", "half", "looks", "up", "backlog", "edge", "overload"]


def test_where_a_town_cannot_be_only_whoever_needed_it_first_fails(play: Any):
    ended = play("town 1")

    assert ended.every.failed == {"rounds": "no town 1"}
    assert ended.played == ["up", "half", "looks", "backlog", "edge", "overload"]


def test_who_only_asks_for_what_is_apart_needs_no_town(play: Any):
    assert play(only="overload").towns == 0


def test_what_went_wrong_is_one_line():
    together = ExceptionGroup("many", [MistakeError("first\n line"), KeyError("second")])

    assert told(together) == "first line; KeyError: 'second'"


def test_popular_slots_are_drawn_as_often_as_their_rank_says():
    drawn = Counter(shapes.popular(SLOTS)).most_common()

    assert len(drawn) > 90
    assert drawn[0][1] == pytest.approx(shapes.DRAWN / sum(1 / n for n in range(1, 101)), rel=0.1)
    assert drawn[0][1] / drawn[9][1] == pytest.approx(10, rel=0.3)


def test_slots_that_are_taken_together_follow_one_another_at_one_clinic():
    rows = [row.split() for row in shapes.together(SLOTS, clinics=4, places=4)]
    number = {str(slot): nth for nth, slot in enumerate(SLOTS)}

    assert len(rows) == 4 * (25 - 3)
    for row in rows:
        numbers = [number[slot] for slot in row]
        assert all(after == before + 1 for before, after in pairwise(numbers))
        assert len({nth // 25 for nth in numbers}) == 1


def test_every_shape_leaves_doses_for_the_next_booking():
    for shape in shapes.ALL:
        assert 4 % shape.doses == 0
    assert len({shape.name for shape in shapes.ALL} | {shape.people for shape in shapes.ALL}) == (
        len(shapes.ALL) + 2
    ), "choices and people are files in one folder"


def test_an_overload_is_told_by_its_worse_rush():
    came = [overload.Came(0.0, 201, 0.5)] * 50 + [overload.Came(0.0, 429, 0.02)] * 50
    rush = overload.told_of(came, cap=50, seconds=1.0) | {"back_seconds": 1.0}
    worse = rush | {"goodput": 0.5, "back_seconds": 4.0, "refused_p99_seconds": 0.2}

    values = overload_chapter.values_of({"cap_per_second": 50, "times_5": rush, "times_10": worse})

    assert values["overload_goodput_5x"] == 1.0
    assert values["overload_goodput_10x"] == 0.5
    assert (values["overload_back_seconds"], values["overload_refused_p99_ms"]) == (4.0, 200)


def test_a_waiting_room_without_fault_reaches_its_bars():
    values = waiting_chapter.values_of(GOOD)

    assert bars.missed(values, ["waiting"]) == []
    worse = msgspec.structs.replace(GOOD, bots_places=501, admissions_per_second=230.0)
    missed = bars.missed(waiting_chapter.values_of(worse), ["waiting"])
    assert [one.bar for one in missed] == ["waiting_bots_more_places", "waiting_admissions_off"]


def test_lines_are_for_their_owner_alone(tmp_path: Any):
    path = load.write_lines(tmp_path / "tokens", [uuid4(), uuid4()])

    assert path.stat().st_mode & 0o077 == 0
    assert len(path.read_text().splitlines()) == 2


def test_what_wrk_says_is_understood():
    said = wrk._parsed("  99%   12.5ms\nRequests/sec:  31000.50\n")

    assert said == wrk.Said(per_second=31_000.5, p99_ms=12.5, failed=0)
