"""Which of a person's papers is it that a slot asks for, and what is wrong with the others?"""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.booking.rules.eligibility import SlotFacts, Wanted, claim_of
from services.booking.rules.papers import Referral, not_attached, referral_for
from tests.booking_stories import ALICE, BORIS, MONDAY, TUESDAY
from tests.stories import CLINIC, TOMORROW, an_id

ELSEWHERE, BOOKING = an_id("another clinic"), an_id("a booking")
HOUR = timedelta(hours=1)
SLOT = SlotFacts(
    id=MONDAY,
    clinic_id=CLINIC,
    service="cardiology",
    starts_at=TOMORROW,
    ends_at=TOMORROW + HOUR,
    asks_for="referral",
)


def a_referral(name: str = "one", **about: Any) -> Referral:
    """To the cardiologist of any clinic, for one visit, until after the slot."""
    given: dict[str, Any] = {
        "service": "cardiology",
        "clinic_id": None,
        "valid_until": TOMORROW + HOUR,
        "once": True,
    }
    return Referral(id=an_id(name), **given | about)


@pytest.mark.parametrize(
    ("clinics", "wrong"),
    [({CLINIC}, None), ({ELSEWHERE, CLINIC}, None), ({ELSEWHERE}, "elsewhere"), (set(), "none")],
)
def test_who_is_attached_to_the_clinic_of_the_slot_has_it(clinics: Any, wrong: Any) -> None:
    assert not_attached(SLOT, clinics) == wrong


@pytest.mark.parametrize(
    ("about", "wrong"),
    [
        ({}, None),
        ({"clinic_id": CLINIC}, None),
        ({"valid_until": TOMORROW}, None),
        ({"once": False, "used_by": BORIS, "used_in": TUESDAY}, None),
        ({"used_by": BOOKING, "used_in": TUESDAY}, None),
        ({"used_by": BORIS, "used_in": MONDAY}, None),
        ({"service": "neurology"}, "none"),
        ({"clinic_id": ELSEWHERE}, "elsewhere"),
        ({"valid_until": TOMORROW - HOUR}, "over"),
        ({"used_by": BORIS, "used_in": TUESDAY}, "used"),
    ],
)
def test_a_referral_is_for_a_service_a_clinic_a_time_and_a_visit(
    about: dict[str, Any], wrong: str | None
) -> None:
    referral = a_referral(**about)

    found = referral_for(SLOT, [referral], booking_id=BOOKING)

    assert found == (wrong or referral)


def test_of_several_what_need_not_be_used_up_comes_first_then_what_ends_first() -> None:
    often = a_referral("often", once=False, valid_until=TOMORROW + 9 * HOUR)
    soon, later = a_referral("soon"), a_referral("later", valid_until=TOMORROW + 5 * HOUR)

    assert referral_for(SLOT, [later, soon, often]) == often
    assert referral_for(SLOT, [later, soon]) == soon
    assert referral_for(SLOT, [later, soon], gone={soon.id}) == later
    assert referral_for(SLOT, [soon], gone={soon.id}) == "used"


def test_a_referral_for_one_visit_is_not_used_up_by_a_campaign() -> None:
    often = a_referral("often", once=False)

    assert referral_for(SLOT, [a_referral()], in_campaign=True) == "campaign"
    assert referral_for(SLOT, [a_referral(), often], in_campaign=True) == often


def test_a_referral_for_one_visit_has_one_claim_in_whichever_slot() -> None:
    def claim(slot_id: Any, **about: Any) -> bytes:
        wanted = Wanted(slot_id=slot_id, patient_id=ALICE, dose=None, based_on=BOOKING, **about)
        return claim_of(None, wanted)

    assert claim(MONDAY, uses_up=True) == claim(TUESDAY, uses_up=True)
    assert claim(MONDAY) != claim(TUESDAY)


# ---- by a model ----------------------------------------------------------------------------------

referrals = st.lists(
    st.builds(
        dict,
        service=st.sampled_from(["cardiology", "neurology"]),
        clinic_id=st.sampled_from([None, CLINIC, ELSEWHERE]),
        valid_until=st.integers(-1, 1).map(lambda hours: TOMORROW + hours * HOUR),
        once=st.booleans(),
        used_by=st.sampled_from([None, BOOKING, BORIS]),
        used_in=st.sampled_from([MONDAY, TUESDAY]),
    ),
    max_size=5,
)


@given(said=referrals, in_campaign=st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_referral_is_found_where_somebody_who_crosses_out_the_others_has_one_left(
    said: list[dict[str, Any]], in_campaign: bool
) -> None:
    papers = [a_referral(f"paper {n}", **about) for n, about in enumerate(said)]

    found = referral_for(SLOT, papers, booking_id=BOOKING, in_campaign=in_campaign)

    left = set()
    for paper, about in zip(papers, said, strict=True):
        crossed_out = [
            about["service"] != "cardiology",
            about["clinic_id"] == ELSEWHERE,
            about["valid_until"] < TOMORROW,
            about["once"] and in_campaign,
            about["once"] and about["used_by"] == BORIS and about["used_in"] == TUESDAY,
        ]
        if not any(crossed_out):
            left.add(paper.id)
    assert (found.id in left) if isinstance(found, Referral) else (not left)
