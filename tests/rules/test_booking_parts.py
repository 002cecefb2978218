"""Of what happened to a booking, does everybody hear what is theirs, and nothing else?"""

from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, structs

from services.booking.rules.parts import Pair, Standing, pairs_in, parts_of
from shared.messages import (
    BookedPlace,
    BookingConfirmed,
    BookingEvent,
    BookingMissed,
    BookingRescheduled,
    BookingRevoked,
)
from tests.notify_bookings import NOON, a_place
from tests.stories import an_id

ALICE, BORIS, VERA = an_id("Alice"), an_id("Boris"), an_id("Vera")
AGREES, CHILD = Standing(agrees=True), Standing(is_child=True)
MADE = Standing(agrees=True, is_made=True)
Seat = tuple[UUID, UUID]


def seats(*wanted: Seat) -> tuple[BookedPlace, ...]:
    """Places of these persons in these slots."""
    return tuple(structs.replace(a_place(), patient_id=who, slot_id=slot) for who, slot in wanted)


def head(version: int = 2) -> dict[str, Any]:
    told = {"id": uuid4(), "cause": uuid4(), "at": NOON, "booking_id": an_id("a booking")}
    return told | {"version": version, "owner_id": ALICE}


def confirmed(*wanted: Seat) -> BookingConfirmed:
    return BookingConfirmed(places=seats(*wanted), **head(1))


def moved(before: list[Seat], after: list[Seat]) -> BookingRescheduled:
    return BookingRescheduled(places=seats(*after), freed=seats(*before), **head())


def revoked(*wanted: Seat) -> BookingRevoked:
    return BookingRevoked(reason="clinic", freed=seats(*wanted), **head())


def hears(event: BookingEvent, standing: dict[Pair, Standing]) -> dict[UUID, BookingEvent]:
    """Who is told what."""
    parts = parts_of(event, standing)
    heard = {part.owner_id: part for part in parts}
    assert len(heard) == len(parts)
    return heard


NINE, TEN = an_id("nine"), an_id("ten")
THREE = [(ALICE, NINE), (BORIS, NINE), (VERA, TEN)]


def test_who_books_for_themselves_is_told_it_as_it_is() -> None:
    event = confirmed((ALICE, NINE))

    assert pairs_in([event, None]) == set()
    assert parts_of(event, {}) == [event]


def test_a_guardian_alone_is_told_of_the_children() -> None:
    event = confirmed((ALICE, NINE), (BORIS, NINE))

    assert parts_of(event, {(ALICE, BORIS): CHILD}) == [event]
    assert parts_of(event, {(ALICE, BORIS): MADE}) == [event]


def test_an_adult_who_agrees_is_told_of_their_own_place_and_who_booked_of_all() -> None:
    event = confirmed(*THREE)

    heard = hears(event, {(ALICE, BORIS): AGREES, (ALICE, VERA): CHILD})

    whole = heard[ALICE]
    assert isinstance(whole, BookingConfirmed)
    assert (whole.id, whole.part) == (event.id, UNSET)
    assert [place.patient_id for place in whole.places if place.hears is True] == [BORIS]
    assert [place.patient_id for place in heard[BORIS].places] == [BORIS]  # type: ignore[union-attr]
    assert (heard[BORIS].part, event.part) == ("own", UNSET)
    assert heard.keys() == {ALICE, BORIS}


def test_what_an_adult_does_who_has_taken_it_back_is_told_to_nobody_else() -> None:
    before, after = THREE, [(ALICE, NINE), (BORIS, TEN), (VERA, TEN)]

    heard = hears(moved(before, after), {(ALICE, VERA): CHILD})

    assert heard.keys() == {BORIS}
    assert isinstance(heard[BORIS], BookingRescheduled)


def test_who_leaves_is_told_that_it_is_cancelled_and_the_others_nothing_of_it() -> None:
    before, after = THREE, [(ALICE, NINE), (VERA, TEN)]

    heard = hears(moved(before, after), {(ALICE, VERA): CHILD})

    assert heard.keys() == {BORIS}
    assert isinstance(heard[BORIS], BookingRevoked)
    assert heard[BORIS].reason == "patient"


def test_who_booked_hears_what_is_left_of_it_as_the_rest() -> None:
    before, after = THREE, [(ALICE, TEN), (BORIS, NINE), (VERA, TEN)]

    heard = hears(moved(before, after), {})

    assert heard.keys() == {ALICE}
    assert heard[ALICE].part == "rest"
    assert str(BORIS) not in str(heard[ALICE])
    assert str(VERA) not in str(heard[ALICE])


def test_what_a_clinic_cancels_is_told_to_each_of_them() -> None:
    heard = hears(revoked(*THREE), {(ALICE, BORIS): AGREES})

    assert {who: [p.patient_id for p in one.freed] for who, one in heard.items()} == {  # type: ignore[union-attr]
        ALICE: [ALICE, BORIS],
        BORIS: [BORIS],
        VERA: [VERA],
    }
    assert {one.reason for one in heard.values() if isinstance(one, BookingRevoked)} == {"clinic"}


PEOPLE = [ALICE, BORIS, VERA, an_id("Gleb")]
SLOTS = [NINE, TEN, an_id("eleven")]
WANTED = st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(SLOTS), min_size=1).map(
    lambda chosen: list(chosen.items())
)
STANDING = st.builds(Standing, is_child=st.booleans(), agrees=st.booleans(), is_made=st.booleans())


@given(
    before=WANTED,
    after=WANTED,
    stands=st.lists(STANDING, min_size=3, max_size=3),
    kind=st.integers(0, 3),
)
def test_everybody_hears_what_became_of_what_they_may_see_and_of_nothing_else(
    before: list[Seat], after: list[Seat], stands: list[Standing], kind: int
) -> None:
    event: BookingEvent = [
        moved(before, after),
        revoked(*before),
        confirmed(*after),
        BookingMissed(freed=seats(*before), **head()),
    ][kind]
    standing = {(ALICE, who): one for who, one in zip(PEOPLE[1:], stands, strict=True)}
    had, has = [] if kind == 2 else before, [] if kind in (1, 3) else after

    heard = hears(event, standing)

    for hearer in PEOPLE:
        # The model: a diary for each, in which there is what they may see.
        if hearer == ALICE:
            mine = {ALICE} | {w for (_, w), s in standing.items() if s.is_child or s.agrees}
        else:
            own = standing[ALICE, hearer]
            mine = set() if own.is_child or (own.agrees and own.is_made) else {hearer}
        old, new = ({s for s in seen if s[0] in mine} for seen in (had, has))
        part = heard.get(hearer)
        if part is None:
            assert old == new
            continue
        told = str(part)
        assert not any(str(who) in told for who in PEOPLE if who not in mine | {hearer})
        assert {(p.patient_id, p.slot_id) for p in getattr(part, "places", ())} == new
        assert {(p.patient_id, p.slot_id) for p in getattr(part, "freed", ())} in (old, set())
        assert old or new
