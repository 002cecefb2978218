"""Who comes too late, who leaves too late, and who is let in though all places are taken?"""

from datetime import timedelta
from typing import Any

import pytest

from services.slots.rules import Inventory, decide, evolve
from shared.messages import (
    BookingCancelled,
    BookingMoved,
    CancelBooking,
    PlacesBooked,
    PlacesHeld,
    Refused,
    SlotChanged,
)
from tests import stories
from tests.stories import NOON, TOMORROW, an_id

MONDAY, TUESDAY, MANAGER = an_id("Monday"), an_id("Tuesday"), an_id("the manager")
TWO_HOURS = timedelta(hours=2)
CUT_OFF = TOMORROW - TWO_HOURS
SECOND = timedelta(seconds=1)


class Referee:
    """Decides one wish after the other; Monday and Tuesday are there, of two places each."""

    def __init__(self, **monday: int) -> None:
        self.inventory = Inventory(clinics={}, slots={}, bookings={}, claims={})
        later = TOMORROW + timedelta(days=7)
        self.ask(stories.open_clinic())
        self.ask(stories.open_slot(MONDAY, 2, **monday))
        self.ask(stories.open_slot(TUESDAY, 2, starts_at=later))

    def ask(self, wish: Any, at: Any = NOON) -> Any:
        deadline = at + timedelta(minutes=1)
        wish = type(wish)(
            **{f: getattr(wish, f) for f in wish.__struct_fields__} | {"deadline": deadline}
        )
        reply = decide(self.inventory, wish, at=at, home=0)
        if not isinstance(reply, Refused):
            evolve(self.inventory, reply)
        return reply


def test_a_slot_is_booked_until_its_cut_off_and_not_from_then_on() -> None:
    referee = Referee(closes_minutes_before=120)

    in_time = referee.ask(stories.book(MONDAY), CUT_OFF - SECOND)
    too_late = referee.ask(stories.book(MONDAY), CUT_OFF)

    assert isinstance(in_time, PlacesBooked)
    assert (too_late.reason, too_late.slot_id, too_late.until) == ("too_late", MONDAY, CUT_OFF)


def test_what_was_held_before_the_cut_off_is_confirmed_until_it_begins() -> None:
    referee = Referee(closes_minutes_before=5)
    just_before = TOMORROW - timedelta(minutes=5) - SECOND
    held = referee.ask(stories.hold(MONDAY, ttl_seconds=900), just_before)
    other = referee.ask(stories.hold(MONDAY, ttl_seconds=900), just_before)

    booked = referee.ask(stories.confirm(held.booking_id, MONDAY), TOMORROW - SECOND)
    begun = referee.ask(stories.confirm(other.booking_id, MONDAY), TOMORROW)

    assert isinstance(held, PlacesHeld)
    assert isinstance(booked, PlacesBooked)
    assert begun.reason == "started"


def test_a_booking_keeps_its_own_place_past_the_cut_off_and_takes_no_other_there() -> None:
    referee = Referee(closes_minutes_before=120)
    mine = referee.ask(stories.book(MONDAY, TUESDAY))

    same = referee.ask(stories.move(mine.booking_id, MONDAY, TUESDAY), CUT_OFF)
    more = referee.ask(stories.move(mine.booking_id, MONDAY, MONDAY), CUT_OFF)

    assert isinstance(same, BookingMoved)
    assert more.reason == "too_late"


def test_a_booking_of_a_later_slot_is_not_moved_into_one_past_its_cut_off() -> None:
    referee = Referee(closes_minutes_before=120)
    mine = referee.ask(stories.book(TUESDAY))

    moved = referee.ask(stories.move(mine.booking_id, MONDAY), CUT_OFF)

    assert moved.reason == "too_late"


@pytest.mark.parametrize(("before", "late"), [(TWO_HOURS, False), (TWO_HOURS - SECOND, True)])
def test_who_cancels_later_than_was_asked_is_late_and_the_place_is_free_at_once(
    before: timedelta, late: bool
) -> None:
    referee = Referee(cancel_until_minutes_before=120)
    mine = referee.ask(stories.book(MONDAY))

    cancelled = referee.ask(stories.cancel(mine.booking_id), TOMORROW - before)

    assert isinstance(cancelled, BookingCancelled)
    assert cancelled.late is late
    assert referee.inventory.slots[MONDAY].free == 2


def test_whoever_books_is_told_until_when_cancelling_is_in_time() -> None:
    referee = Referee(cancel_until_minutes_before=120)

    [monday, tuesday] = referee.ask(stories.book(MONDAY, TUESDAY)).places

    assert (monday.cancel_until, tuesday.cancel_until) == (CUT_OFF, None)


def test_a_clinic_that_cancels_makes_nobody_late() -> None:
    referee = Referee(cancel_until_minutes_before=120)
    mine = referee.ask(stories.book(MONDAY))
    by_clinic = CancelBooking(booking_id=mine.booking_id, reason="clinic", **stories.a_head())

    cancelled = referee.ask(by_clinic, TOMORROW - SECOND)

    assert cancelled.late is False


def test_who_moves_away_late_is_late_as_if_they_had_cancelled() -> None:
    referee = Referee(cancel_until_minutes_before=120)
    mine, other = (referee.ask(stories.book(MONDAY)) for _ in range(2))

    in_time = referee.ask(stories.move(mine.booking_id, TUESDAY), CUT_OFF)
    late = referee.ask(stories.move(other.booking_id, TUESDAY), CUT_OFF + SECOND)

    assert (in_time.late, late.late) == (False, True)


def test_nobody_is_late_by_a_rule_that_was_made_after_they_booked() -> None:
    referee = Referee(cancel_until_minutes_before=60)
    referee.ask(stories.book(MONDAY))

    stricter = referee.ask(stories.change_slot(MONDAY, cancel_until_minutes_before=61))
    milder = referee.ask(stories.change_slot(MONDAY, cancel_until_minutes_before=59))

    assert stricter.reason == "in_use"
    assert isinstance(milder, SlotChanged)


def test_a_person_lets_more_people_in_than_there_are_places_and_it_is_told_as_such() -> None:
    referee = Referee()
    for _ in range(2):
        referee.ask(stories.book(MONDAY))

    full = referee.ask(stories.book(MONDAY))
    changed = referee.ask(stories.change_slot(MONDAY, extra=1, by=MANAGER))
    let_in = referee.ask(stories.book(MONDAY))

    assert full.reason == "full"
    assert (changed.by, changed.count.capacity, changed.count.extra) == (MANAGER, 2, 1)
    [count] = let_in.counts
    assert (count.capacity, count.extra, count.booked) == (2, 1, 3)


def test_nobody_is_let_in_by_nobody() -> None:
    referee = Referee()

    assert referee.ask(stories.change_slot(MONDAY, extra=1)).reason == "failed"
    assert referee.inventory.slots[MONDAY].extra == 0


def test_extra_is_not_lowered_below_those_who_are_in() -> None:
    referee = Referee()
    referee.ask(stories.change_slot(MONDAY, extra=2, by=MANAGER))
    for _ in range(3):
        referee.ask(stories.book(MONDAY))

    none = referee.ask(stories.change_slot(MONDAY, extra=0, by=MANAGER))
    one = referee.ask(stories.change_slot(MONDAY, extra=1, by=MANAGER))
    instead = referee.ask(stories.change_slot(MONDAY, capacity=3, extra=0, by=MANAGER))

    assert none.reason == "in_use"
    assert isinstance(one, SlotChanged)
    assert (instead.count.capacity, instead.count.extra) == (3, 0)
