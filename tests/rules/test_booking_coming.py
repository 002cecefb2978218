"""Of which places does somebody say that they come?"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.booking.rules.coming import reminded_of
from services.booking.rules.life import Place
from tests.stories import an_id

TEN = datetime(2026, 5, 4, 7, 0, 0, 250_000, tzinfo=UTC)
CLINICS = [an_id("a clinic"), an_id("another clinic")]


def a_place(starts_at: datetime = TEN, clinic: UUID = CLINICS[0], nth: int = 1) -> Place:
    return Place(
        id=UUID(int=nth),
        slot_id=UUID(int=nth),
        service="vaccination",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=15),
        clinic_id=clinic,
        clinic_name="Polyclinic No. 1",
        clinic_address="Nowhere 1",
        time_zone="Europe/Moscow",
        patient_id=None,
        dose=None,
    )


def test_it_is_said_of_all_that_one_was_reminded_of_and_of_no_other_day_or_clinic():
    first, next_of_day = a_place(), a_place(TEN + timedelta(hours=1), nth=2)
    second_dose = a_place(TEN + timedelta(days=21), nth=3)
    elsewhere = a_place(TEN + timedelta(hours=2), clinic=CLINICS[1], nth=4)
    places = (second_dose, next_of_day, first, elsewhere)

    assert reminded_of(places, TEN.replace(microsecond=0)) == [first, next_of_day]
    assert reminded_of(places, second_dose.starts_at.replace(microsecond=0)) == [second_dose]


def test_what_was_moved_is_at_no_time_of_which_anybody_was_reminded():
    moved = a_place(TEN + timedelta(minutes=30))

    assert reminded_of((moved,), TEN.replace(microsecond=0)) == []


@given(
    st.lists(st.tuples(st.integers(0, 90), st.sampled_from(CLINICS)), max_size=6),
    st.integers(0, 90),
)
def test_it_is_never_said_of_what_begins_before_or_elsewhere(places, asked):
    kept = tuple(
        a_place(TEN + timedelta(hours=hours), clinic, nth)
        for nth, (hours, clinic) in enumerate(places)
    )
    when = (TEN + timedelta(hours=asked)).replace(microsecond=0)

    said = reminded_of(kept, when)

    begun = [place for place in kept if place.starts_at.replace(microsecond=0) == when]
    assert bool(said) == bool(begun)
    assert {place.id for place in begun} <= {place.id for place in said}
    day = (when + timedelta(hours=3)).date()
    for place in said:
        assert place.clinic_id in {one.clinic_id for one in begun}
        assert place.starts_at >= when
        assert (place.starts_at + timedelta(hours=3)).date() == day
