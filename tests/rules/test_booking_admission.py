"""Whom does a campaign's rule book admit, and what is whoever is refused told?"""

from datetime import date, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.rules.admission import (
    Facts,
    NotAdmitted,
    Phase,
    admits,
    born_by,
    wrong_with,
)
from services.booking.rules.publications import (
    Published,
    RuleBook,
    Scope,
    beyond_what_they_had,
    ruled_services,
    share_of,
)
from tests.campaign_stories import NOON, a_phase, admitting, fits, some_facts, some_phases
from tests.stories import CLINIC, an_id

CAMPAIGN = an_id("a campaign")
SIXTY_FIVE_TODAY = Facts(born_month=date(1961, 3, 1))


def refused(*phases: Phase, facts: Facts = SIXTY_FIVE_TODAY) -> NotAdmitted:
    said = admits(phases, facts, NOON)
    assert isinstance(said, NotAdmitted)
    return said


def test_a_phase_without_conditions_is_for_everybody() -> None:
    assert admits([a_phase()], Facts(), NOON) == a_phase()


def test_the_month_of_the_birthday_counts_whole() -> None:
    phase = a_phase("from-65", age_min=65)
    a_month_later = Facts(born_month=date(1961, 4, 1))

    assert admits([phase], SIXTY_FIVE_TODAY, NOON) == phase
    assert refused(phase, facts=a_month_later).facts == ("age",)


def test_whoever_is_too_old_since_this_month_is_for_others() -> None:
    assert refused(a_phase("to-64", age_max=64)).why == "other"


def test_the_soonest_phase_that_will_open_for_them_is_named() -> None:
    late, soon = a_phase("late", opens=9), a_phase("soon", opens=2, age_min=65)

    said = refused(a_phase("others", age_max=30), late, soon)

    assert (said.why, said.phase, said.at) == ("later", soon, soon.opens_at)


def test_whoever_is_of_age_when_it_opens_waits_for_it_though_too_young_today() -> None:
    said = refused(a_phase("soon", opens=40, age_min=66), facts=Facts(born_month=date(1960, 4, 1)))

    assert said.why == "later"


def test_what_is_not_known_is_named_so_that_it_can_be_shown() -> None:
    said = refused(a_phase("doctors", professions=("doctor",), age_min=18))

    assert (said.why, said.facts) == ("unknown", ("profession",))


def test_what_is_over_is_said_to_be() -> None:
    said = refused(a_phase("was", opens=-9, closes=-2))

    assert (said.why, said.at) == ("over", NOON - timedelta(days=2))


@pytest.mark.parametrize(
    "phases",
    [
        (a_phase("one"), a_phase("one")),
        (a_phase("one", opens=2, closes=2),),
        (a_phase("one", age_min=40, age_max=30),),
    ],
)
def test_what_cannot_be_meant_is_wrong(phases: tuple[Phase, ...]) -> None:
    assert wrong_with(phases) is not None


@given(some_phases(), some_facts)
def test_whoever_is_admitted_is_admitted_by_the_phase_that_the_model_says(
    phases: tuple[Phase, ...], facts: Facts
) -> None:
    said = admits(phases, facts, NOON)

    name = None if isinstance(said, NotAdmitted) else said.id
    assert name == admitting(phases, facts, NOON)


@given(some_phases(), some_facts)
def test_a_refusal_names_a_phase_of_the_book_and_tells_the_truth_about_it(
    phases: tuple[Phase, ...], facts: Facts
) -> None:
    said = admits(phases, facts, NOON)

    if isinstance(said, NotAdmitted):
        assert said.phase in phases
        assert (said.at is not None) == (said.why in ("later", "over"))
        if said.why == "later":
            assert said.at is not None
            assert said.at > NOON
            assert fits(said.phase.who, facts, said.at)
        if said.why == "over":
            assert said.at is not None
            assert said.at <= NOON
        if said.why in ("unknown", "other"):
            assert said.facts
        known = {
            "age": facts.born_month,
            "district": facts.district,
            "profession": facts.profession,
            "risk_groups": facts.risk_groups,
        }
        assert all((known[fact] is None) == (said.why == "unknown") for fact in said.facts)


@given(st.integers(0, 130))
def test_the_latest_month_of_birth_of_an_age_is_that_many_years_ago(years: int) -> None:
    assert born_by(NOON, years) == date(NOON.year - years, NOON.month, 1)


# ---- for some first, then for all ----------------------------------------------------------------

OLD, NEW = (
    RuleBook(id=an_id(name), campaign_id=CAMPAIGN, number=nth, phases=(a_phase(name),))
    for nth, name in enumerate(("old", "new"), 1)
)


def published(**scope: object) -> Published:
    said = msgspec.convert(scope, Scope)
    return Published(
        campaign_id=CAMPAIGN,
        service="vaccination",
        number=2,
        scope=said,
        book=NEW,
        before=OLD,
    )


def book_for(what: Published, person: UUID, district: str | None = None) -> RuleBook | None:
    return what.book_for(person, district=district, clinic_id=CLINIC)


@given(st.uuids(), st.integers(0, 100), st.integers(0, 100))
def test_whoever_is_in_a_small_share_is_in_every_larger_one(
    person: UUID, one: int, two: int
) -> None:
    small, large = sorted((one, two))

    if book_for(published(percent=small), person) == NEW:
        assert book_for(published(percent=large), person) == NEW
    assert book_for(published(percent=100), person) == NEW
    assert book_for(published(percent=0), person) == OLD


def test_a_tenth_is_about_a_tenth_and_other_people_in_another_campaign() -> None:
    people = [an_id(f"person {n}") for n in range(5_000)]

    here = {person for person in people if share_of(CAMPAIGN, person) < 10}
    there = {person for person in people if share_of(an_id("another"), person) < 10}

    assert 400 < len(here) < 600
    assert len(here & there) < 100


def test_named_clinics_and_districts_come_first() -> None:
    somebody = an_id("somebody")

    assert book_for(published(percent=0, clinics=[str(CLINIC)]), somebody) == NEW
    assert book_for(published(percent=0, clinics=[str(an_id("x"))]), somebody) == OLD
    assert book_for(published(percent=0, districts=["north"]), somebody, "north") == NEW
    assert book_for(published(percent=0, districts=["north"]), somebody) == OLD


def test_what_the_next_replaces_is_what_is_in_force_for_everybody() -> None:
    assert published().base == NEW
    assert published(percent=10).base == OLD
    assert Scope(percent=0).is_nobody


# ---- whoever names no campaign ------------------------------------------------------------------

PEOPLE = [an_id(f"person {n}") for n in range(3)]
_seats = st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from("abc")), max_size=8)


@given(_seats, _seats, st.sets(st.sampled_from("abc")))
def test_nobody_has_more_places_of_a_ruled_service_than_they_had(
    wanted: list[tuple[UUID, str]], had: list[tuple[UUID, str]], ruled: set[str]
) -> None:
    # The model: each place that was had is crossed out once, and nothing ruled may be left.
    left = list(wanted)
    for seat in had:
        if seat in left:
            left.remove(seat)

    service = beyond_what_they_had(wanted, had, ruled)

    assert (service is None) == all(of not in ruled for _, of in left)
    assert service is None or service in {of for _, of in left}


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.booleans(), st.booleans(), st.integers(0, 100)),
        max_size=5,
    )
)
def test_a_service_is_ruled_while_somebody_is_judged_by_a_book_of_a_campaign_of_it(
    said: list[tuple[str, bool, bool, int]],
) -> None:
    campaigns = [
        Published(
            campaign_id=an_id(f"campaign {n}"),
            service=service,
            number=1,
            scope=Scope(percent=percent),
            book=NEW if has_book else None,
            before=OLD if had_book else None,
        )
        for n, (service, has_book, had_book, percent) in enumerate(said)
    ]

    ruled = ruled_services(campaigns)

    for one in campaigns:
        is_named = one.campaign_id in ruled.get(one.service, ())
        assert is_named == (one.book is not None or one.before is not None)
    assert all(ruled.values()), "no service is ruled by nobody"
