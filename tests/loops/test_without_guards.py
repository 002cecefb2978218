"""Would the histories find it? Each guard is taken away by itself, and some history goes wrong."""

import logging
from collections.abc import Callable, Iterator

import pytest

from tests.loops import sabotage
from tests.loops.city import City
from tests.loops.history import History

HISTORIES_MAX = 1_000
"""How many are tried until one goes wrong; mostly it is one of the first dozens."""

HELD_BY_THE_NEXT = 100


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def _goes_wrong(without: Callable[[City], None], how: str) -> None:
    for seed in range(HISTORIES_MAX):
        try:
            History(seed, without).run()
        except AssertionError as error:
            if how in str(error).splitlines()[0]:
                return
    pytest.fail(f"{HISTORIES_MAX} histories kept every promise")


def test_without_the_fence_two_events_get_one_number() -> None:
    _goes_wrong(sabotage.without_the_fence, "have the number")


def test_without_recorded_answers_a_wish_asked_twice_gets_two_answers() -> None:
    _goes_wrong(sabotage.without_recorded_answers, "a command has two answers")


def test_without_the_claims_constraint_somebody_gets_two_places() -> None:
    _goes_wrong(sabotage.without_the_claims_constraint, "one claim has two places")


def test_without_any_guard_on_slots_one_is_oversold() -> None:
    _goes_wrong(sabotage.without_any_guard_on_slots, "oversold")


def test_without_locks_on_slots_the_version_that_was_read_still_guards_them() -> None:
    for seed in range(HELD_BY_THE_NEXT):
        History(seed, sabotage.without_locks_on_slots).run()


def test_without_order_in_what_is_left_behind_readers_miss_events() -> None:
    _goes_wrong(sabotage.without_order_in_what_is_left, "for its readers")


def test_without_order_after_a_failure_readers_miss_events() -> None:
    _goes_wrong(sabotage.without_order_after_a_failure, "for its readers")


def test_without_numbers_for_readers_what_is_told_again_is_taken_again() -> None:
    _goes_wrong(sabotage.without_numbers_for_readers, "has two numbers")


def test_with_lost_messages_sent_again_somebody_is_told_twice() -> None:
    _goes_wrong(sabotage.with_the_lost_sent_again, "was told 2 times")
