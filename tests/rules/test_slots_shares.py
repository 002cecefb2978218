"""Of several in one booking, does each come and go alone, and is nobody else touched by it?"""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.slots.rules import Inventory, decide, evolve
from shared.messages import Apart, BookingMoved, MovePlaces, PlaceWish, Refused
from tests import stories
from tests.stories import NOON, TOMORROW, a_claim, an_id

SLOTS = [an_id(day) for day in ("Monday", "Tuesday", "Wednesday")]
MONDAY, TUESDAY, WEDNESDAY = SLOTS
PEOPLE = [an_id(name) for name in ("Alice", "Boris", "Vera")]
SEATS = 2


class Referee:
    """Three slots of two places each, a week apart, and a booking for several."""

    def __init__(self, *at: UUID) -> None:
        self.inventory = Inventory(clinics={}, slots={}, bookings={}, claims={})
        self.told: Any = ()
        self.ask(stories.open_clinic())
        for week, slot in enumerate(SLOTS):
            starts_at = TOMORROW + timedelta(days=7 * week)
            self.ask(stories.open_slot(slot, SEATS, starts_at=starts_at))
        wishes = tuple(
            PlaceWish(slot_id=slot, patient_id=who, claim=a_claim(str(who)))
            for who, slot in zip(PEOPLE, at, strict=False)
        )
        self.id = self.ask(replace(stories.book(MONDAY), places=wishes)).booking_id

    @property
    def booking(self) -> Any:
        return self.inventory.bookings.get(self.id)

    def ask(self, wish: Any, at: Any = NOON) -> Any:
        reply = decide(
            self.inventory, replace(wish, deadline=at + timedelta(minutes=1)), at=at, home=0
        )
        if not isinstance(reply, Refused):
            evolve(self.inventory, reply)
            self.told = getattr(reply, "places", self.told)
        return reply

    def as_it_is(self) -> dict[UUID, Any]:
        """Who was told of which place."""
        return {place.patient_id: place for place in self.told}


def change(
    referee: Referee, seen: dict[UUID, Any], who: UUID, to: UUID | None, **more: Any
) -> MovePlaces:
    """Of the booking as it was seen, one goes elsewhere, or leaves, and the others stay."""
    places = [PlaceWish(slot_id=to, patient_id=who, claim=a_claim(str(who)))] if to else []
    places += [
        PlaceWish(slot_id=place.slot_id, patient_id=other, keeps=place.id)
        for other, place in seen.items()
        if other != who
    ]
    return replace(stories.move(referee.id, MONDAY), places=tuple(places), **more)


def test_who_stays_keeps_their_claim_though_their_slot_was_shut_meanwhile() -> None:
    referee = Referee(MONDAY, TUESDAY)
    referee.ask(stories.change_slot(MONDAY, open=False))

    moved = referee.ask(change(referee, referee.as_it_is(), PEOPLE[1], WEDNESDAY, version=1))

    assert isinstance(moved, BookingMoved)
    places = {place.patient_id: (place.slot_id, place.claim) for place in moved.places}
    assert places == {
        PEOPLE[0]: (MONDAY, a_claim(str(PEOPLE[0]))),
        PEOPLE[1]: (WEDNESDAY, a_claim(str(PEOPLE[1]))),
    }
    anew = PlaceWish(slot_id=MONDAY, patient_id=PEOPLE[1])
    into_it = replace(stories.move(referee.id, MONDAY), places=(anew,))
    assert referee.ask(into_it).reason == "closed"


def test_another_version_is_another_booking_and_nothing_is_changed() -> None:
    referee = Referee(MONDAY, TUESDAY)
    seen = referee.as_it_is()

    moved = referee.ask(change(referee, seen, PEOPLE[1], WEDNESDAY, version=2))
    cancelled = referee.ask(replace(stories.cancel(referee.id), version=2))

    assert (moved.reason, cancelled.reason) == ("unknown", "unknown")
    assert referee.as_it_is() == seen
    assert referee.ask(replace(stories.cancel(referee.id), version=1)).booking_id == referee.id


def test_a_place_that_is_not_there_is_kept_for_nobody_nor_one_place_twice() -> None:
    referee = Referee(MONDAY, TUESDAY)
    mine = referee.as_it_is()[PEOPLE[0]]
    elsewhere = PlaceWish(slot_id=TUESDAY, keeps=mine.id)
    kept = PlaceWish(slot_id=MONDAY, keeps=mine.id)

    refused = [
        referee.ask(replace(stories.move(referee.id, MONDAY), places=places))
        for places in ((elsewhere,), (kept, kept), (replace(kept, keeps=an_id("no place")),))
    ]

    assert [one.reason for one in refused] == ["unknown"] * 3
    assert len(referee.booking.places) == 2


def test_what_has_begun_for_one_keeps_nobody_else_from_leaving() -> None:
    referee = Referee(MONDAY, TUESDAY)

    left = referee.ask(change(referee, referee.as_it_is(), PEOPLE[1], None, version=1), TOMORROW)

    assert isinstance(left, BookingMoved)
    assert [(p.slot_id, p.claim) for p in left.places] == [(MONDAY, a_claim(str(PEOPLE[0])))]


def test_doses_of_others_that_stay_are_not_asked_how_far_apart_they_are() -> None:
    referee = Referee(MONDAY, MONDAY)
    alice, boris = PEOPLE[:2]
    first, second = (
        PlaceWish(slot_id=slot, patient_id=alice, dose=dose)
        for dose, slot in enumerate((MONDAY, TUESDAY), 1)
    )
    own = PlaceWish(slot_id=MONDAY, patient_id=boris, dose=1)
    two = replace(stories.move(referee.id, MONDAY), places=(first, second, own))
    moved = referee.ask(two)
    kept = [
        PlaceWish(slot_id=p.slot_id, patient_id=alice, dose=p.dose, keeps=p.id)
        for p in moved.places
        if p.patient_id == alice
    ]
    wish = replace(own, slot_id=WEDNESDAY)

    alone = referee.ask(
        replace(
            stories.move(referee.id, MONDAY),
            places=(wish, *kept),
            apart=Apart(min_days=21, max_days=42),
        )
    )

    assert isinstance(alone, BookingMoved)


WHO, WHERE = st.integers(0, 2), st.sampled_from([*SLOTS, None])
ACTS = st.lists(st.tuples(WHO, WHERE, st.booleans()), max_size=8)


@given(at=st.lists(st.sampled_from(SLOTS[:2]), min_size=3, max_size=3), acts=ACTS)
def test_whoever_comes_and_goes_the_others_sit_where_a_child_with_a_list_has_them(
    at: list[UUID], acts: list[tuple[int, UUID | None, bool]]
) -> None:
    at = [*at[:2], WEDNESDAY]
    referee = Referee(*at)
    listed, looked = dict(zip(PEOPLE, at, strict=True)), (referee.as_it_is(), 1)

    for who, to, looks in acts:
        person = PEOPLE[who]
        if looks:
            looked = (referee.as_it_is(), referee.booking.version)
        seen, version = looked
        if person not in seen or (to is None and len(seen) == 1):
            continue
        is_now = version == referee.booking.version
        taken = Counter(slot for other, slot in listed.items() if other != person)
        fits = to is None or taken[to] < SEATS

        reply = referee.ask(change(referee, seen, person, to, version=version))

        assert isinstance(reply, BookingMoved) == (is_now and fits)
        if is_now and fits:
            listed.pop(person)
            listed |= {person: to} if to else {}
        assert {who: p.slot_id for who, p in referee.as_it_is().items()} == listed
        claims = {place.claim for place in referee.booking.places}
        assert claims == {a_claim(str(who)) for who in listed} == referee.inventory.claims.keys()
