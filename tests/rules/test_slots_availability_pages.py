"""When is an answer made, when is it made again, and how many are kept?"""

import json
from typing import Any

import pytest

from services.slots.availability import Around, Days, Pages, Part
from services.slots.availability import pages as making
from services.slots.availability.encoded import ENTRY_BYTES, Encoded
from tests.boards import HOUR, NINE, NOW_US, VISIT, Wall
from tests.stories import an_id

DAY = NINE.toordinal()
HERE, THERE = an_id("here"), an_id("there")


@pytest.fixture
def wall() -> Wall:
    """Two clinics with two slots each tomorrow."""
    made = Wall()
    for clinic, north in (("here", 55.0), ("there", 56.0)):
        made.clinic(clinic, at=(north, 37.0))
        for n in range(2):
            made.slot(f"{clinic} {n}", clinic, NINE + n * HOUR)
    return made


@pytest.fixture
def pages(wall: Wall) -> Pages:
    return Pages(wall.board, 1_000_000)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was written out of clinics and slots, each time."""
    written: list[str] = []
    for name in ("slot_body", "clinic_body"):
        make = getattr(making, name)

        def count(*of: Any, make: Any = make, name: str = name) -> Any:
            written.append(name)
            return make(*of)

        monkeypatch.setattr(making, name, count)
    return written


def test_a_day_is_written_out_once_for_each_change(
    wall: Wall, pages: Pages, made: list[str]
) -> None:
    def read() -> Any:
        return pages.slots(Part(10), clinic_id=HERE, day=DAY, service=VISIT)

    first, again = read(), read()
    wall.count("there 0", booked=1)
    elsewhere = read()
    written_before = len(made)
    wall.count("here 0", booked=1)
    changed = read()

    assert first is again is elsewhere
    assert (written_before, len(made)) == (2, 4)
    assert changed.tag != first.tag


def test_clinics_are_written_out_again_when_one_of_them_is_another(
    wall: Wall, pages: Pages, made: list[str]
) -> None:
    around = Around((55.0, 37.0))
    first = pages.clinics(Part(10), service=VISIT, around=around)
    wall.count("here 0", booked=1)
    again = pages.clinics(Part(10), service=VISIT, around=around)
    wall.clinic("new", at=(55.5, 37.0))
    wall.slot("new 0", "new")
    changed = pages.clinics(Part(10), service=VISIT, around=around)

    assert first is again
    assert len(made) == 2 + 3
    assert [clinic["name"] for clinic in json.loads(b"{" + changed.tail)["clinics"]] == [
        "here",
        "new",
        "there",
    ]


def test_a_clinic_leaves_the_list_of_a_service_with_its_last_day(wall: Wall, pages: Pages) -> None:
    before = pages.clinics(Part(10), service=VISIT, around=None)

    wall.board.forget(NOW_US * 2, sheets_max=9)

    after = pages.clinics(Part(10), service=VISIT, around=None)
    assert (before.tail.count(b'"id"'), after.tail.count(b'"id"')) == (2, 0)


def test_what_can_be_booked_is_said_anew_only_where_something_changed(
    wall: Wall, pages: Pages
) -> None:
    def read() -> Any:
        return pages.availability(Part(9), service=VISIT, days=Days(), where=None, now_us=NOW_US)

    read()
    shelf = wall.board.shelves[THERE][VISIT]
    [said] = shelf.said.values()
    wall.count("here 0", booked=1)

    changed = read()

    assert list(shelf.said.values()) == [said]
    free = [c["days"][0]["free"] for c in json.loads(b"{" + changed.tail)["clinics"]]
    assert free == [1, 2]


def test_stretches_of_days_that_somebody_asked_for_once_are_not_kept_for_ever(
    wall: Wall, pages: Pages
) -> None:
    for last in range(20):
        days = Days(DAY, DAY + last)
        pages.availability(Part(9), service=VISIT, days=days, where=HERE, now_us=NOW_US)

    assert len(wall.board.shelves[HERE][VISIT].said) <= 4


def test_a_stretch_is_cut_where_the_clinic_s_today_makes_it_too_long(
    wall: Wall, pages: Pages
) -> None:
    wall.slot("far", "here", NINE + 40 * 24 * HOUR)

    found = pages.availability(
        Part(9), service=VISIT, days=Days(None, DAY + 60), where=HERE, now_us=NOW_US
    )

    assert found is not None
    assert len(json.loads(b"{" + found.tail)["clinics"][0]["days"]) == 1


def test_answers_are_kept_up_to_so_many_bytes_and_the_oldest_go_first() -> None:
    kept = Encoded(3 * (100 + ENTRY_BYTES))
    for name in "abc":
        kept.keep(name, 1, b"x" * 100)
    kept.find("a", 1)

    kept.keep("d", 1, b"x" * 100)

    assert [kept.find(name, 1) is not None for name in "abcd"] == [True, False, True, True]


def test_an_answer_larger_than_all_that_may_be_kept_is_given_and_not_kept() -> None:
    kept = Encoded(10)

    answer = kept.keep("a", 1, b"x" * 100)

    assert answer.tail == b"x" * 100
    assert kept.find("a", 1) is None


def test_an_answer_made_again_weighs_once() -> None:
    kept = Encoded(2 * (100 + ENTRY_BYTES))
    kept.keep("b", 1, b"x" * 100)
    for stamp in range(50):
        kept.keep("a", stamp, b"x" * 100)

    assert kept.find("b", 1) is not None
    assert kept.find("a", 48) is None
