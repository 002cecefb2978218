"""Are people's wishes what the campaign allows, crowded as people are, and the same each time?"""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talon.city.districts import load, share_out
from talon.city.plan import (
    DAYS_APART_MAX,
    DAYS_APART_MIN,
    VACCINATION,
    VISIT,
    draw_up,
    patient_id,
)
from talon.rush.arrivals import Morning, poisson
from talon.rush.choice import Chooser
from talon.rush.mixture import GUARDIANS, KINDS, kind_of
from talon.rush.score import quantile

MONDAY = date(2026, 3, 2)
TOWN = draw_up(1, MONDAY, clinics=30, patients=100)
CHOOSER = Chooser(TOWN)
CLINICS = [clinic.id for clinic in TOWN.clinics]


def test_the_same_seed_and_day_make_the_same_city():
    assert draw_up(1, MONDAY, clinics=30, patients=100) == TOWN
    assert draw_up(2, MONDAY, clinics=30).clinics[0].id != TOWN.clinics[0].id


def test_moscow_has_its_125_districts_in_ten_okrugs():
    atlas = load()

    assert len(atlas.districts) == 125
    assert len({district.name for district in atlas.districts}) == 125
    assert {district.okrug for district in atlas.districts} == {o.code for o in atlas.okrugs}
    assert len(atlas.okrugs) == 10
    assert all(55.4 < d.latitude < 56.1 and 37.1 < d.longitude < 38.0 for d in atlas.districts)
    assert {"real", "approximate", "made up"} == set(atlas.note)


def test_clinics_are_shared_out_by_population():
    districts = load().districts
    shares = share_out(districts, 120)

    assert sum(shares) == 120
    largest = max(districts, key=lambda district: district.population)
    assert shares[districts.index(largest)] == max(shares)


@pytest.mark.parametrize("first_day", [MONDAY + timedelta(days=n) for n in range(7)])
def test_two_weeks_have_about_as_many_places_whichever_day_they_begin_on(first_day):
    city = draw_up(1, first_day)

    assert 40_000 <= city.places <= 50_000
    assert len({slot.id for slot in city.slots}) == len(city.slots)
    assert all(slot.starts_at.weekday() != 6 for slot in city.slots)


@given(st.integers(), st.sampled_from(CLINICS), st.sampled_from(CLINICS))
def test_two_doses_are_as_far_apart_as_the_campaign_wants(seed, one_clinic, other_clinic):
    one, two = CHOOSER.pair(Random(seed), one_clinic, other_clinic)

    assert DAYS_APART_MIN <= (two.day - one.day).days <= DAYS_APART_MAX
    assert (one.service, two.service) == (VACCINATION, VACCINATION)


@given(st.integers(), st.sampled_from(CLINICS), st.integers(1, 4))
def test_a_family_sits_together_and_never_more_in_a_slot_than_it_takes(seed, clinic, people):
    first = CHOOSER.slot(Random(seed), clinic, VACCINATION)
    seats = CHOOSER.together(first, people)

    assert len(seats) == people
    assert {seat.day for seat in seats} == {first.day}
    assert all(count <= slot.capacity for slot, count in Counter(seats).items())


def test_the_popular_clinic_is_wanted_about_twice_as_often_as_the_next():
    dice = Random(1)
    wanted = Counter(CHOOSER.clinic(dice) for _ in range(40_000)).most_common()

    assert 1.8 < wanted[0][1] / wanted[1][1] < 2.2
    assert len(wanted) == len(CLINICS)


def test_people_come_at_the_rate_whatever_became_of_those_before():
    moments = list(poisson(Random(1), Morning(peak=200, seconds=30)))

    assert moments == sorted(moments)
    assert moments[0] > 0
    assert moments[-1] < 30
    assert 0.95 < len(moments) / 6_000 < 1.05
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert mean(gaps) == pytest.approx(1 / 200, rel=0.05)


def test_few_come_at_first_and_seventy_times_as_many_at_the_peak():
    morning = Morning(peak=700, rise=70, seconds=100)

    moments = list(poisson(Random(1), morning))

    quiet = sum(1 for moment in moments if moment < 20)
    peak = sum(1 for moment in moments if moment >= 50)
    rising = [sum(1 for m in moments if at <= m < at + 10) for at in (20, 30, 40)]
    assert 140 < quiet < 270
    assert 0.98 < peak / (700 * 50) < 1.02
    assert 3 * rising[0] < rising[1] < rising[2] / 3
    assert (morning.rate(0), morning.rate(50), morning.rate(99)) == (10, 700, 700)


def test_everyone_comes_for_something_and_families_only_where_there_are_some():
    dice = Random(1)

    assert {kind_of(dice, has_dependants=False) for _ in range(2_000)} == set(KINDS)
    assert {kind_of(dice, has_dependants=True) for _ in range(2_000)} == set(GUARDIANS)


def test_a_visit_is_no_vaccination():
    assert CHOOSER.slot(Random(1), CLINICS[0], VISIT).service == VISIT


def test_a_quantile_is_a_value_that_occurred():
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.5) == 3.0
    assert quantile([1.0], 0.99) == 1.0
    assert quantile([], 0.5) == 0.0


def test_patients_are_numbered_and_each_is_another():
    assert len({patient_id(1, number) for number in range(1_000)}) == 1_000
