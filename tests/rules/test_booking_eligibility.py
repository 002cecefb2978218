"""Who may ask for which places of a campaign?"""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.booking.rules.eligibility import (
    Campaign,
    SlotFacts,
    Wanted,
    claim_of,
    rule_against,
    wishes,
)
from tests.booking_stories import ALICE, BORIS, FRIDAY, MONDAY
from tests.stories import CLINIC, NOON, an_id

CAMPAIGN = Campaign(
    id=an_id("a campaign"),
    name="Autumn",
    service="vaccination",
    opens_at=NOON,
    doses=2,
    min_days=21,
    max_days=28,
)


def a_slot(name: str, *, days: float = 0, service: str = "vaccination") -> SlotFacts:
    starts_at = NOON + timedelta(days=days)
    return SlotFacts(
        id=an_id(name),
        clinic_id=CLINIC,
        service=service,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=15),
    )


def no_to(*wanted: tuple[SlotFacts, UUID, int | None]) -> str | None:
    """The rule that says no to these slots, persons and doses."""
    places = [
        Wanted(slot_id=slot.id, patient_id=patient_id, dose=dose)
        for slot, patient_id, dose in wanted
    ]
    return rule_against(CAMPAIGN, places, {slot.id: slot for slot, _, _ in wanted})


def test_a_first_dose_alone_is_welcome() -> None:
    assert no_to((a_slot("a"), ALICE, None)) is None
    assert no_to((a_slot("a"), ALICE, 1)) is None


def test_another_service_is_not_the_campaign_s() -> None:
    assert no_to((a_slot("a", service="surgery"), ALICE, None)) == "service"


def test_a_third_dose_of_two_is_one_too_many() -> None:
    assert no_to((a_slot("a"), ALICE, 3)) == "dose"


def test_the_same_dose_twice_is_no_dose_pair() -> None:
    assert no_to((a_slot("a"), ALICE, 1), (a_slot("b", days=21), ALICE, None)) == "dose"


def test_days_are_counted_as_people_count_them() -> None:
    assert no_to((a_slot("a"), ALICE, 1), (a_slot("b", days=20.75), ALICE, 2)) is None
    assert no_to((a_slot("a"), ALICE, 1), (a_slot("b", days=20.25), ALICE, 2)) == "interval"


def test_doses_out_of_order_are_no_pair() -> None:
    assert no_to((a_slot("a", days=21), ALICE, 1), (a_slot("b"), ALICE, 2)) == "interval"


def test_a_family_s_doses_are_each_their_own() -> None:
    assert no_to((a_slot("a"), ALICE, 1), (a_slot("b", days=5), BORIS, 2)) is None


@given(
    st.lists(
        st.tuples(st.sampled_from([ALICE, BORIS]), st.integers(1, 3), st.integers(0, 60)),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_allowed_is_what_a_nurse_with_a_calendar_would_allow(
    wanted: list[tuple[UUID, int, int]],
) -> None:
    def nurse_says_yes() -> bool:
        for patient in (ALICE, BORIS):
            card = [(dose, day) for who, dose, day in wanted if who == patient]
            doses = [dose for dose, _ in card]
            if 3 in doses or doses.count(1) > 1 or doses.count(2) > 1:
                return False
            if len(card) == 2 and dict(card)[2] - dict(card)[1] not in range(21, 29):
                return False
        return True

    said = no_to(
        *((a_slot(f"{n}", days=day), who, dose) for n, (who, dose, day) in enumerate(wanted))
    )

    assert (said is None) == nurse_says_yes()


def test_one_claim_per_person_and_dose_wherever_the_slot_is() -> None:
    first = claim_of(CAMPAIGN.id, Wanted(slot_id=MONDAY, patient_id=ALICE, dose=None))
    same = claim_of(CAMPAIGN.id, Wanted(slot_id=FRIDAY, patient_id=ALICE, dose=1))
    second = claim_of(CAMPAIGN.id, Wanted(slot_id=FRIDAY, patient_id=ALICE, dose=2))
    boris = claim_of(CAMPAIGN.id, Wanted(slot_id=MONDAY, patient_id=BORIS, dose=1))

    assert first == same
    assert len({first, second, boris}) == 3


def test_without_a_campaign_one_claim_per_person_and_slot() -> None:
    claims = {
        claim_of(None, Wanted(slot_id=slot, patient_id=patient, dose=dose))
        for slot in (MONDAY, FRIDAY)
        for patient in (ALICE, BORIS)
        for dose in (None, 1)
    }

    assert len(claims) == 4


def test_the_referee_is_told_the_person_and_the_first_dose_of_a_campaign() -> None:
    wanted = [Wanted(slot_id=MONDAY, patient_id=ALICE, dose=None)]

    [in_campaign] = wishes(CAMPAIGN.id, wanted)
    [by_itself] = wishes(None, wanted)

    assert (in_campaign.patient_id, in_campaign.dose) == (ALICE, 1)
    assert by_itself.dose is None
