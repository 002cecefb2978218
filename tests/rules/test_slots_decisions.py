"""Who gets a place, and who does not."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from services.slots.rules import Inventory, decide, evolve, expire_dead, sweep
from shared.messages import (
    BookingCancelled,
    BookingMoved,
    HoldExpired,
    HoldReleased,
    HoldRenewed,
    PlacesBooked,
    PlacesHeld,
    Refused,
    SlotChanged,
)
from tests import stories
from tests.stories import NOON, TOMORROW, a_claim, an_id

MONDAY, TUESDAY = an_id("Monday"), an_id("Tuesday")


def a_day(**capacities: int) -> Inventory:
    """A clinic with slots of these capacities, by name."""
    inventory = Inventory()
    told(inventory, stories.open_clinic())
    for name, capacity in capacities.items():
        told(inventory, stories.open_slot(an_id(name), capacity))
    return inventory


def told(inventory: Inventory, command: Any, *, at: Any = NOON, home: int = 0) -> Any:
    """Decide, make it so, and say what was answered."""
    reply = decide(inventory, command, at=at, home=home)
    if not isinstance(reply, Refused):
        evolve(inventory, reply)
    return reply


def test_the_second_patient_is_refused_when_the_slot_is_full():
    inventory = a_day(Monday=1)

    first = told(inventory, stories.book(MONDAY))
    second = told(inventory, stories.book(MONDAY))

    assert isinstance(first, PlacesBooked)
    assert (second.reason, second.slot_id) == ("full", MONDAY)


def test_a_pair_is_booked_whole_or_not_at_all():
    inventory = a_day(Monday=5, Tuesday=1)
    told(inventory, stories.book(TUESDAY))

    refused = told(inventory, stories.book(MONDAY, TUESDAY))

    assert refused.reason == "full"
    assert inventory.slots[MONDAY].booked == 0


def test_a_family_larger_than_the_slot_is_refused_as_full():
    inventory = a_day(Monday=2)

    refused = told(inventory, stories.book(MONDAY, MONDAY, MONDAY))

    assert (refused.reason, refused.slot_id) == ("full", MONDAY)


def test_one_person_has_one_place_per_claim_until_it_is_given_back():
    inventory = a_day(Monday=5)
    first = told(inventory, stories.book(MONDAY, claims=(a_claim("one"),)))

    again = told(inventory, stories.book(MONDAY, claims=(a_claim("one"),)))
    told(inventory, stories.cancel(first.booking_id))
    after = told(inventory, stories.book(MONDAY, claims=(a_claim("one"),)))

    assert again.reason == "claim_taken"
    assert isinstance(after, PlacesBooked)


def test_the_same_claim_twice_in_one_wish_is_refused():
    inventory = a_day(Monday=5)

    refused = told(inventory, stories.book(MONDAY, MONDAY, claims=(a_claim("one"), a_claim("one"))))

    assert refused.reason == "claim_taken"


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ({"deadline": NOON - timedelta(seconds=1)}, "expired"),
        ({"not_before": NOON + timedelta(seconds=1)}, "not_open"),
    ],
)
def test_a_wish_is_judged_by_the_time_of_its_decision(head: dict[str, Any], reason: str):
    inventory = a_day(Monday=1)

    refused = told(inventory, stories.book(MONDAY, **head))

    assert refused.reason == reason


def test_unknown_closed_and_begun_slots_are_refused_by_their_own_reason():
    inventory = a_day(Monday=1, Tuesday=1)
    told(inventory, stories.change_slot(TUESDAY, open=False))

    reasons = [
        told(inventory, stories.book(an_id("never opened"))).reason,
        told(inventory, stories.book(TUESDAY)).reason,
        told(inventory, stories.book(MONDAY), at=TOMORROW).reason,
    ]

    assert reasons == ["unknown", "closed", "started"]


def test_a_move_into_a_full_slot_leaves_the_old_place_as_it_was():
    inventory = a_day(Monday=1, Tuesday=1)
    mine = told(inventory, stories.book(MONDAY))
    told(inventory, stories.book(TUESDAY))

    refused = told(inventory, stories.move(mine.booking_id, TUESDAY))

    assert refused.reason == "full"
    assert inventory.slots[MONDAY].booked == 1


def test_a_move_frees_the_old_place_and_takes_the_new_with_the_same_claim():
    inventory = a_day(Monday=1, Tuesday=1)
    mine = told(inventory, stories.book(MONDAY, claims=(a_claim("one"),)))

    moved = told(inventory, stories.move(mine.booking_id, TUESDAY, claims=(a_claim("one"),)))

    assert isinstance(moved, BookingMoved)
    assert moved.version == 2
    assert (inventory.slots[MONDAY].booked, inventory.slots[TUESDAY].booked) == (0, 1)


def test_a_move_within_a_full_slot_counts_its_own_seat_as_free():
    inventory = a_day(Monday=1)
    mine = told(inventory, stories.book(MONDAY))

    moved = told(inventory, stories.move(mine.booking_id, MONDAY))

    assert isinstance(moved, BookingMoved)
    assert inventory.slots[MONDAY].booked == 1


def test_a_booking_is_unknown_to_every_partition_but_its_home():
    inventory = a_day(Monday=1)
    mine = told(inventory, stories.book(MONDAY), home=2)

    elsewhere = told(inventory, stories.cancel(mine.booking_id), home=1)
    at_home = told(inventory, stories.cancel(mine.booking_id), home=2)

    assert elsewhere.reason == "unknown"
    assert isinstance(at_home, BookingCancelled)


def test_what_has_begun_is_neither_moved_nor_cancelled():
    inventory = a_day(Monday=1, Tuesday=1)
    mine = told(inventory, stories.book(MONDAY))

    refused = [
        told(inventory, stories.cancel(mine.booking_id), at=TOMORROW),
        told(inventory, stories.move(mine.booking_id, TUESDAY), at=TOMORROW),
    ]

    assert [refusal.reason for refusal in refused] == ["started", "started"]


def test_a_hold_keeps_others_out_until_it_is_released():
    inventory = a_day(Monday=1)
    held = told(inventory, stories.hold(MONDAY))

    refused = told(inventory, stories.book(MONDAY))
    released = told(inventory, stories.release(held.booking_id))
    booked = told(inventory, stories.book(MONDAY))

    assert refused.reason == "full"
    assert isinstance(released, HoldReleased)
    assert isinstance(booked, PlacesBooked)


def test_a_confirmed_hold_is_a_booking_of_the_same_id_with_its_claim():
    inventory = a_day(Monday=1)
    held = told(inventory, stories.hold(MONDAY))

    booked = told(inventory, stories.confirm(held.booking_id, MONDAY, claims=(a_claim("one"),)))

    assert isinstance(held, PlacesHeld)
    assert (booked.booking_id, booked.version) == (held.booking_id, 2)
    assert inventory.claims == {a_claim("one"): held.booking_id}
    assert (inventory.slots[MONDAY].held, inventory.slots[MONDAY].booked) == (0, 1)


def test_a_hold_whose_time_ran_out_cannot_be_confirmed_or_renewed_and_its_place_is_free():
    inventory = a_day(Monday=1)
    held = told(inventory, stories.hold(MONDAY, ttl_seconds=30))
    later = NOON + timedelta(seconds=30)

    expired = list(expire_dead(inventory, later))
    refused = [
        told(inventory, stories.confirm(held.booking_id, MONDAY), at=later),
        told(inventory, stories.renew(held.booking_id), at=later),
    ]
    gone = list(sweep(inventory, [held.booking_id], later))

    assert [event.place_id for event in expired] == [held.places[0].id]
    assert [refusal.reason for refusal in refused] == ["hold_gone", "hold_gone"]
    assert isinstance(gone[0], HoldExpired)
    assert isinstance(told(inventory, stories.book(MONDAY), at=later), PlacesBooked)


def test_a_renewed_hold_lives_longer():
    inventory = a_day(Monday=1)
    held = told(inventory, stories.hold(MONDAY, ttl_seconds=30))

    renewed = told(inventory, stories.renew(held.booking_id, ttl_seconds=300))

    assert isinstance(renewed, HoldRenewed)
    assert list(expire_dead(inventory, NOON + timedelta(seconds=31))) == []


def test_a_hold_is_confirmed_for_its_own_slots_only():
    inventory = a_day(Monday=1, Tuesday=1)
    held = told(inventory, stories.hold(MONDAY))

    refused = told(inventory, stories.confirm(held.booking_id, TUESDAY))

    assert refused.reason == "hold_gone"


def test_capacity_never_falls_below_what_is_taken():
    inventory = a_day(Monday=3)
    told(inventory, stories.book(MONDAY, MONDAY))

    refused = told(inventory, stories.change_slot(MONDAY, capacity=1))
    changed = told(inventory, stories.change_slot(MONDAY, capacity=2))

    assert refused.reason == "in_use"
    assert isinstance(changed, SlotChanged)
    assert told(inventory, stories.book(MONDAY)).reason == "full"


def test_whose_time_a_slot_is_and_how_one_is_seen_there_is_told_with_every_place():
    inventory, doctor = a_day(), an_id("a doctor")
    about: Any = {"practitioner_id": doctor, "modality": "virtual", "resource": "service"}

    opened = told(inventory, stories.open_slot(MONDAY, **about))

    [place] = told(inventory, stories.book(MONDAY)).places
    assert (opened.practitioner_id, opened.modality, opened.resource) == tuple(about.values())
    assert (place.practitioner_id, place.modality) == (doctor, "virtual")


@pytest.mark.parametrize(("shown", "reason"), [("referral", None), ("attachment", "unknown")])
def test_a_slot_that_asks_for_a_paper_is_not_had_unless_the_front_desk_saw_it(
    shown: Any, reason: str | None
):
    inventory = a_day(Tuesday=1)
    told(inventory, stories.open_slot(MONDAY, 2, asks_for="referral"))
    seen = replace(stories.book(MONDAY).places[0], shown=shown)

    booked = told(inventory, replace(stories.book(MONDAY), places=(seen,)))
    without = told(inventory, stories.book(MONDAY))
    into_it = told(inventory, stories.move(told(inventory, stories.book(TUESDAY)).id, MONDAY))

    assert getattr(booked, "reason", None) == reason
    assert (without.reason, into_it.reason) == ("unknown", "unknown")


def test_what_is_held_is_nobody_s_yet_so_no_paper_is_looked_for():
    inventory = a_day()
    told(inventory, stories.open_slot(MONDAY, asks_for="referral"))
    held = told(inventory, stories.hold(MONDAY))

    assert held.counts[0].held == 1
    assert told(inventory, stories.confirm(held.booking_id, MONDAY)).reason == "unknown"


def test_a_slot_is_the_time_of_one():
    about: Any = {"practitioner_id": an_id("a doctor"), "resource": "room"}

    assert told(a_day(), stories.open_slot(MONDAY, **about)).reason == "failed"


def test_clinics_and_slots_are_opened_once_and_only_where_they_belong():
    inventory = a_day(Monday=1)

    reasons = [
        told(inventory, stories.open_clinic()).reason,
        told(inventory, stories.open_slot(MONDAY)).reason,
        decide(Inventory(), stories.open_slot(MONDAY), at=NOON, home=0),
    ]

    assert reasons[:2] == ["exists", "exists"]
    assert isinstance(reasons[2], Refused)
    assert reasons[2].reason == "unknown"
