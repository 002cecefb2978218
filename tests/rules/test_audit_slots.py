"""Does the audit see a slot with too many people, wrong counters, and a hold without an end?"""

import pytest

from talon.audit.facts import SlotRow
from tests.audit_stories import (
    EMPTY,
    EVENING,
    MORNING,
    VISIT,
    a_line,
    a_place,
    a_row,
    a_silence,
    a_world,
    broken,
    later,
    seat,
)

HELD = a_line(act="hold", given=(seat(dose=None),), state="held", expires_at=later(30))
IN_SLOTS = a_place(state="held", expires_at=later(30))
AT_THE_DESK = a_row(kind="hold", status="held")


def test_two_people_on_one_seat_are_one_too_many():
    pair = (seat(), seat(name="second"))
    world = a_world(
        places=(a_place(), a_place(name="second")),
        bookings=(a_row(places=pair),),
        capacity=1,
    )

    assert "oversold" in broken([a_line(given=pair)], world)


def test_held_seats_take_room_as_booked_ones_do():
    world = a_world(places=(a_place(), a_place(name="second", state="held")), capacity=1)

    assert "oversold" in broken([a_line()], world)


def test_an_expired_seat_takes_no_room():
    gone = a_place(name="second", state="expired", expires_at=later(-1))

    assert broken([a_line()], a_world(places=(a_place(), gone))) == set()


@pytest.mark.parametrize(
    "counters",
    [
        SlotRow(MORNING, 1, 0, 0),
        SlotRow(MORNING, 1, 1, 0),
        SlotRow(MORNING, 2, 0, 1),
        SlotRow(MORNING, 0, 0, 1),
    ],
)
def test_counters_that_disagree_with_the_seats_or_the_city_are_broken(counters):
    world = a_world(slots={MORNING: counters})

    assert "counters" in broken([a_line()], world)


def test_a_slot_that_is_gone_is_broken():
    nowhere = {EVENING: SlotRow(EVENING, 1, 0, 0)}

    assert "counters" in broken([], a_world(**EMPTY, slots=nowhere))


def test_a_hold_keeps_its_seats_until_its_end():
    world = a_world(places=(IN_SLOTS,), bookings=(AT_THE_DESK,), mails=())

    assert broken([HELD], world) == set()


def test_a_hold_that_ran_out_keeps_nothing():
    still_there = a_world(places=(IN_SLOTS,), bookings=(AT_THE_DESK,), mails=(), now=later(60))
    freed = a_world(**EMPTY, now=later(60))

    assert broken([HELD], still_there) == {"holds"}
    assert broken([HELD], freed) == set()


def test_a_hold_that_was_given_back_keeps_nothing():
    given_back = a_line(wish="release", act="release", about=VISIT, booking=None, version=2)
    world = a_world(places=(IN_SLOTS,), bookings=(AT_THE_DESK,), mails=())

    assert broken([HELD, given_back], world) == {"holds"}
    assert broken([HELD, given_back], a_world(**EMPTY)) == set()


def test_a_hold_that_was_confirmed_is_a_booking_and_must_be_there():
    confirmed = a_line(wish="confirm", act="confirm", about=VISIT, version=2)

    assert broken([HELD, confirmed], a_world(bookings=(a_row(version=2),), now=later(60))) == set()
    assert "lost" in broken([HELD, confirmed], a_world(**EMPTY, now=later(60)))


def test_a_hold_whose_confirmation_was_not_answered_may_be_a_booking():
    perhaps = a_silence(wish="confirm", act="confirm", about=VISIT)

    assert broken([HELD, perhaps], a_world(bookings=(a_row(version=2),), now=later(60))) == set()
