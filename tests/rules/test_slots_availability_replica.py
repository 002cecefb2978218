"""Is a copy of what is free true, whatever the log stumbles over and whenever it was loaded?"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.slots.availability import replica as replicas
from services.slots.availability.records import microseconds
from services.slots.availability.replica import Replica
from shared.messages import ClinicChanged
from tests.histories import (
    PARTITIONS,
    History,
    acts,
    counted,
    history_of,
    latest_end,
    shown,
    stumbles,
    time_of,
    told,
)
from tests.stories import NOON

NOW_US = microseconds(NOON)

steps = st.lists(st.sampled_from(["read", "read", "read", "ask", "answer"]), max_size=120)


class Reading:
    """A copy that was loaded at some moment and reads the partitions in some order."""

    def __init__(self, history: History, logs: Sequence[list[int]], draw: Any) -> None:
        self.history = history
        self.moment = draw(st.integers(0, len(history.commits)), label="loaded after")
        self.replica = history.loaded(self.moment)
        numbers = history.numbers(self.moment)
        self.logs = logs
        self.offsets = [
            draw(st.integers(0, latest_end(log, numbers.get(p, 0))), label=f"end of {p}")
            for p, log in enumerate(logs)
        ]
        self.asked: list[tuple[Any, int]] = []

    def read(self, partition: int) -> None:
        """The next record of a partition, if there is one; it was committed before it was told."""
        if self.offsets[partition] == len(self.logs[partition]):
            return
        number = self.logs[partition][self.offsets[partition]]
        self.offsets[partition] += 1
        [(nth, commit)] = [
            (nth, commit)
            for nth, commit in enumerate(self.history.commits, start=1)
            if (commit.partition, commit.number) == (partition, number)
        ]
        self.moment = max(self.moment, nth)
        self.replica.take(partition, number, commit.value, now_us=NOW_US)
        self.replica.settle()

    def ask(self, later: int) -> None:
        """The database is asked; some more may have been committed by then."""
        self.moment = min(self.moment + later, len(self.history.commits))
        self.asked.append((self.replica.ask(), self.moment))

    def answer(self) -> None:
        """An answer comes back, perhaps late."""
        if self.asked:
            question, moment = self.asked.pop(0)
            self.replica.answer(question, time_of(moment), self.history.numbers(moment))

    def check(self) -> None:
        """All that was so at `as_of` is here, or something newer; and no slot is out of balance."""
        moment = int((self.replica.as_of - NOON) / timedelta(seconds=1))
        here = shown(self.replica.board)
        for slot_id, count in self.history.states[moment].items():
            assert here[slot_id][0] >= count.version
        for slot in self.replica.board.slots.values():
            assert slot.free + slot.held + slot.booked == slot.capacity


@given(acts=acts, stumbles=st.tuples(*[stumbles] * PARTITIONS), steps=steps, data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_copy_is_true_as_of_what_it_says_and_in_the_end_altogether(
    acts: Any, stumbles: Any, steps: Sequence[str], data: Any
) -> None:
    history = history_of(acts)
    last = history.numbers(len(history.commits))
    logs = [told(last.get(p, 0), stumbles[p]) for p in range(PARTITIONS)]
    reading = Reading(history, logs, data.draw)

    for step in steps:
        if step == "read":
            reading.read(data.draw(st.integers(0, PARTITIONS - 1)))
        elif step == "ask":
            reading.ask(data.draw(st.integers(0, 3)))
        else:
            reading.answer()
        reading.check()
    for partition in range(PARTITIONS):
        for _ in logs[partition]:
            reading.read(partition)
    reading.ask(len(history.commits))
    while reading.asked:
        reading.answer()

    reading.check()
    assert reading.replica.doubt is None
    assert reading.replica.as_of == time_of(len(history.commits))
    assert shown(reading.replica.board) == counted(history.states[-1])


# ---- one by one ----------------------------------------------------------------------------------

OPENED = history_of([("open", 0, 0, [0]), ("book", 0, 1, [0]), ("book", 0, 1, [0])])
"""Clinic and slot on partition 0, then two bookings on partition 1."""

CLINIC, SLOT, FIRST, SECOND = OPENED.commits


def take(replica: Replica, *commits: Any, now_us: int = NOW_US) -> list[bool]:
    return [replica.take(c.partition, c.number, c.value, now_us=now_us) for c in commits]


def learn(replica: Replica, moment: int) -> None:
    """The database is asked, and answers at once."""
    replica.answer(replica.ask(), time_of(moment), OPENED.numbers(moment))


def test_a_booking_that_is_read_before_its_slot_counts_when_the_slot_comes() -> None:
    replica = OPENED.loaded(0)

    take(replica, FIRST, CLINIC, SLOT)

    assert shown(replica.board) == counted(OPENED.states[3])


def test_a_slot_that_is_read_before_its_clinic_is_there_when_the_clinic_comes() -> None:
    replica = OPENED.loaded(0)
    replica.hear(SLOT.event, now_us=NOW_US)

    take(replica, FIRST, CLINIC, SLOT)

    assert shown(replica.board) == counted(OPENED.states[3])


def test_a_count_of_a_slot_that_is_over_is_not_kept_for_ever() -> None:
    replica = OPENED.loaded(0)
    take(replica, FIRST)
    question = replica.ask()
    take(replica, SECOND)

    replica.answer(question, time_of(0), {1: 1})
    kept_while_the_slot_may_come = len(replica._early_counts)
    replica.answer(replica.ask(), time_of(1), {1: 2})

    assert (kept_while_the_slot_may_come, len(replica._early_counts)) == (1, 0)


def test_a_slot_at_a_clinic_that_nobody_opened_puts_the_copy_in_doubt() -> None:
    replica = OPENED.loaded(0)
    replica.hear(SLOT.event, now_us=NOW_US)

    learn(replica, 0)

    assert replica.doubt == "a slot was opened at a clinic that nobody opened"


def test_what_waits_is_never_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "EARLY_MAX", 0)
    replica = OPENED.loaded(0)

    take(replica, FIRST)

    assert replica.doubt is not None
    assert len(replica._early_counts) == 0


def test_what_comes_before_its_turn_is_missed_until_what_is_missing_comes() -> None:
    replica = OPENED.loaded(2)

    early = take(replica, SECOND)
    missed = dict(replica.missing_since_us)
    again = take(replica, FIRST, SECOND)

    assert (early, missed) == ([False], {1: NOW_US})
    assert (again, replica.missing_since_us) == ([True, True], {})
    assert shown(replica.board) == counted(OPENED.states[4])


@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b'{"type":"SlotVanished"}', b"[]"])
def test_what_cannot_be_read_uses_up_its_number_and_nothing_is_certain_after_it(
    value: bytes,
) -> None:
    replica = OPENED.loaded(2)

    taken = replica.take(1, 1, value, now_us=NOW_US)
    follows = take(replica, SECOND)
    learn(replica, 4)

    assert (taken, follows) == (True, [True])
    assert replica.doubt is not None
    assert replica.as_of == time_of(2)


def test_a_database_that_went_back_in_time_puts_the_copy_in_doubt() -> None:
    replica = OPENED.loaded(4)

    learn(replica, 3)

    assert replica.doubt is not None
    assert replica.as_of == time_of(4)


def test_an_event_that_came_while_the_database_was_asked_is_no_doubt() -> None:
    replica = OPENED.loaded(2)
    question = replica.ask()
    take(replica, FIRST)

    replica.answer(question, time_of(2), OPENED.numbers(2))

    assert replica.doubt is None


def test_while_what_was_committed_is_not_told_as_of_stands_still_and_then_catches_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replicas, "TRUTHS_MAX", 2)
    replica = OPENED.loaded(2)

    for moment in (3, 4, 4, 4):
        learn(replica, moment)
    stood = replica.as_of
    take(replica, FIRST)
    replica.settle()
    halfway = replica.as_of
    take(replica, SECOND)
    replica.settle()

    assert (stood, halfway, replica.as_of) == (time_of(2), time_of(3), time_of(4))


def test_staff_see_what_they_did_at_once_and_the_log_repeats_it_without_effect() -> None:
    change = history_of([("open", 0, 0, [0]), ("book", 0, 1, [0]), ("change", 0, 2, [0])])
    clinic, slot, booking, shut = change.commits
    replica = change.loaded(0)
    for commit in (clinic, slot, shut):
        replica.hear(commit.event, now_us=NOW_US)
    at_once = shown(replica.board)

    take(replica, clinic, slot, booking, shut)

    assert at_once == counted(change.states[4])
    assert shown(replica.board) == at_once


def test_staff_who_ask_again_are_told_what_was_and_see_what_is() -> None:
    replica = OPENED.loaded(4)

    replica.hear(CLINIC.event, now_us=NOW_US)
    replica.hear(SLOT.event, now_us=NOW_US)

    assert shown(replica.board) == counted(OPENED.states[4])


def test_the_number_of_an_event_is_not_enough_without_its_place_in_the_log() -> None:
    """The sibling: the log is read from where it ends after the snapshot."""
    replica = OPENED.loaded(2)
    behind_the_first = [SECOND]

    taken = take(replica, *behind_the_first)
    learn(replica, 4)

    assert taken == [False]
    assert (replica.as_of, replica.missing_since_us) == (time_of(2), {1: NOW_US})
    assert shown(replica.board) != counted(OPENED.states[4])


def test_what_is_said_of_a_clinic_last_is_so() -> None:
    replica = OPENED.loaded(4)
    about = msgspec.structs.asdict(CLINIC.event)
    for name in ("North", "South"):
        replica.hear(ClinicChanged(**about | {"name": name}), now_us=NOW_US)

    assert [clinic.name for clinic in replica.board.clinics.values()] == ["South"]
