"""Does a seed say what fails when, and do three of them have enough of everything?"""

from collections import Counter

import pytest

from services.booking.api import API
from shared.asking import anew
from tests import stories
from tests.faults.naming import ROUTES, next_name
from tests.faults.schedule import DEFAULT, LONG, SEEDS, SERVICES, SHORT, Profile, draw_up, of_seed
from tests.faults.strikes import Struck
from tests.faults.totals import KILLS_MIN, OUTAGE_SECONDS_MIN, OUTAGES_MIN, Totals

PEOPLE_SECONDS_MAX = 800.0
"""What three seeds may take of their twenty minutes for the people themselves."""


@pytest.mark.parametrize("profile", [SHORT, DEFAULT, LONG], ids=lambda profile: profile.name)
def test_a_seed_says_what_fails_when(profile: Profile):
    once, again, other = draw_up(1, profile), draw_up(1, profile), draw_up(2, profile)

    assert once == again
    assert once != other
    assert len(once) == len(other) == len(profile.faults)
    assert all(fault.at + fault.seconds <= profile.seconds for fault in once)


def test_three_seeds_of_the_default_profile_have_enough_of_everything():
    seeds = range(1, SEEDS + 1)

    faults = [fault for seed in seeds for fault in draw_up(seed, DEFAULT)]
    seconds = sum(of_seed(DEFAULT, seed).seconds for seed in seeds)

    kills = Counter(fault.target.partition("-")[0] for fault in faults if fault.kind == "kill")
    of_all = sum(fault.kind == "kill-all" for fault in faults)
    kills.update({name.partition("-")[0]: of_all for name in (*SERVICES, "kafka", "postgres")})
    assert {service: kills[service] for service, least in KILLS_MIN.items()} == {
        service: max(kills[service], least) for service, least in KILLS_MIN.items()
    }
    for part, least in OUTAGE_SECONDS_MIN.items():
        away = [f.seconds for f in faults if (f.kind, f.target) == ("away", part)]
        assert len(away) >= OUTAGES_MIN
        assert max(away) >= least
    assert seconds <= PEOPLE_SECONDS_MAX


def test_the_long_profile_has_kafka_away_for_three_minutes_in_every_seed():
    for seed in range(1, SEEDS + 1):
        away = {f.target: f.seconds for f in draw_up(seed, LONG) if f.kind == "away"}

        assert away["kafka"] == 180.0


def test_what_did_not_happen_often_enough_is_no_proof():
    totals = Totals()
    kill = next(fault for fault in DEFAULT.faults if fault.kind == "kill")
    totals.kills.update(Struck(fault=kill, at=0.0, killed=("slots",)).killed)

    missed = {bar.name for bar in totals.bars(seconds=1.0) if not bar.is_met}

    assert {"kills of slots", "kills of kafka", "outages of postgres"} <= missed
    assert "answers lost after COMMIT" in missed
    assert "all in all" not in missed


def test_what_took_more_than_twenty_minutes_is_told_where_the_machine_was_not_busy():
    totals = Totals()

    assert "all in all" in {bar.name for bar in totals.bars(seconds=1300.0) if not bar.is_met}
    totals.is_timed = False
    assert "all in all" not in {bar.name for bar in totals.bars(seconds=1300.0)}


def test_a_wish_that_ran_out_is_looked_for_under_its_next_name():
    wish = stories.book(stories.an_id("Monday"))

    assert anew(wish).id == next_name(wish.id)


def test_a_wish_is_called_by_the_doors_that_there_are():
    doors = {f"{route.method} {route.path}" for route in API.routes}

    assert set(ROUTES.values()) <= doors
