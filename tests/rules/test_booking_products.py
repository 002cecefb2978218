"""What of a campaign's products may be asked for, by whom, and how far apart?"""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.booking.rules.admission import Words
from services.booking.rules.eligibility import SlotFacts, Wanted
from services.booking.rules.products import (
    Asked,
    Product,
    Products,
    broken_by,
    own_product,
    wrong_with,
)
from tests.booking_stories import ALICE, BORIS
from tests.rules.test_booking_eligibility import CAMPAIGN
from tests.stories import CLINIC, NOON, an_id

WORDS = Words(ru="Слова", en="Words")
ONE = Product(id="one", title=WORDS, service="one shot", doses=1, age_min=18)
TWO = Product(id="two", title=WORDS, service="pair", doses=2, min_days=21, max_days=28)
THREE = Product(
    id="three", title=WORDS, service="three", doses=3, min_days=5, max_days=9, age_max=17
)
OFFERED = (ONE, TWO, THREE)
SERVICES = ("one shot", "pair", "three", "x-ray")


def asked(
    who: UUID,
    dose: int | None,
    day: float,
    service: str,
    *,
    offered: Products = OFFERED,
    **known: Any,
) -> Asked:
    starts_at = NOON + timedelta(days=day)
    slot = SlotFacts(
        id=an_id(f"{who} {dose} {day} {service}"),
        clinic_id=CLINIC,
        service=service,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=15),
    )
    place = Wanted(slot_id=slot.id, patient_id=who, dose=dose)
    return Asked(place=place, slot=slot, offered=offered, **known)


def no_to(*places: Asked, later: tuple[str, ...] = ()) -> str | None:
    said = broken_by(places, later)
    return None if said is None else said.rule


wishes = st.lists(
    st.tuples(
        st.sampled_from([ALICE, BORIS]),
        st.integers(1, 4),
        st.integers(0, 40),
        st.sampled_from(SERVICES),
        st.none() | st.integers(0, 40),
    ),
    min_size=1,
    max_size=6,
)
pairs = st.lists(
    st.tuples(
        st.sampled_from([ALICE, BORIS]),
        st.integers(1, 3),
        st.integers(0, 30),
        st.sampled_from(["pair", "three"]),
        st.integers(0, 17),
    ),
    min_size=1,
    max_size=4,
)


@given(wishes | pairs)
def test_what_is_allowed_is_what_a_nurse_with_the_leaflet_would_allow(
    wanted: list[tuple[UUID, int, int, str, int | None]],
) -> None:
    """A person's age in this wish is said once for each place; the month of birth counts whole."""

    def nurse_says_yes() -> bool:
        [service, *others] = {service for *_, service, _ in wanted}
        if others or service == "x-ray":
            return False
        most, gaps = {
            "one shot": (1, range(4000)),
            "pair": (2, range(21, 29)),
            "three": (3, range(5, 10)),
        }[service]
        for *_, years in wanted:
            if service == "one shot" and (years is None or years < 18):
                return False
            if service == "three" and (years is None or years > 17):
                return False
        for patient in (ALICE, BORIS):
            card = sorted((dose, day) for who, dose, day, *_ in wanted if who == patient)
            doses = [dose for dose, _ in card]
            if len(set(doses)) < len(doses) or max(doses, default=1) > most:
                return False
            for (dose, day), (after, then) in pairwise(card):
                if after == dose + 1 and then - day not in gaps:
                    return False
        return True

    def born(years: int | None, day: int) -> date | None:
        if years is None:
            return None
        visit = NOON + timedelta(days=day)
        return date(visit.year - years, visit.month, 1)

    said = no_to(
        *(
            asked(who, dose, day, service, born_month=born(years, day))
            for who, dose, day, service, years in wanted
        )
    )

    assert (said is None) == nurse_says_yes()


def test_each_rule_is_named() -> None:
    adult = {"born_month": date(1990, 1, 1)}

    assert no_to(asked(ALICE, 1, 0, "x-ray")) == "service"
    assert no_to(asked(ALICE, 1, 0, "pair"), asked(BORIS, 1, 0, "three")) == "product"
    assert no_to(asked(ALICE, 1, 0, "one shot")) == "age", "not known is not old enough"
    assert no_to(asked(ALICE, 1, 0, "three", **adult)) == "age"
    assert no_to(asked(ALICE, 2, 0, "one shot", **adult)) == "dose"
    assert no_to(asked(ALICE, 1, 0, "pair"), asked(ALICE, 2, 20, "pair")) == "interval"
    assert no_to(asked(ALICE, 1, 0, "pair"), asked(ALICE, 2, 21, "pair")) is None


def test_what_is_looked_at_later_is_not_looked_at_here() -> None:
    near = (asked(ALICE, 1, 0, "pair"), asked(ALICE, 2, 1, "pair"))
    twice = (asked(ALICE, 1, 0, "pair"), asked(ALICE, 1, 30, "pair"))

    assert no_to(*near, later=("interval",)) is None
    assert no_to(*twice, later=("dose", "interval")) is None
    assert no_to(asked(ALICE, 1, 0, "x-ray"), later=("dose", "interval")) == "service"


def test_who_has_a_dose_keeps_it_though_it_is_offered_no_more() -> None:
    had = asked(ALICE, 2, 0, "x-ray", is_kept=True)

    assert no_to(had) is None
    assert no_to(had, asked(BORIS, 1, 0, "pair")) == "product", "nobody comes to it beside them"


def test_without_products_it_is_what_the_campaign_says() -> None:
    offered = (own_product(CAMPAIGN),)

    def wish(dose: int, day: int, service: str = "vaccination") -> Asked:
        return asked(ALICE, dose, day, service, offered=offered)

    assert no_to(wish(1, 0), wish(2, 21)) is None
    assert no_to(wish(1, 0), wish(2, 20)) == "interval"
    assert no_to(wish(3, 0)) == "dose"
    assert no_to(wish(1, 0, "pair")) == "service"


def test_products_that_cannot_be_meant_are_said_to_be_so() -> None:
    def wrong(**other: Any) -> str | None:
        return wrong_with((TWO, msgspec.structs.replace(THREE, **other)))

    assert wrong() is None
    assert wrong(id="two") == "No two products have the same id."
    assert wrong(service="pair") == "No two products have the same service."
    assert wrong(min_days=10) == "min_days of the product three is at most its max_days."
    assert wrong(age_min=18) == "age_min of the product three is at most its age_max."
