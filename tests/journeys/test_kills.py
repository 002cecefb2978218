"""What is left of a morning in which a part is killed or frozen? Every word that was given."""

import os
import signal
import time
from collections.abc import Sequence

import pytest

from tests.town import Town

RUSH_SECONDS = 7
STRIKE_AFTER_SECONDS = 3.0
FROZEN_SECONDS = 3.0
RATE = 60

VICTIMS = [("slots", "slots-1"), ("booking",), ("notify",), ("kafka",), ("postgres",)]


@pytest.mark.parametrize("parts", VICTIMS, ids=" and ".join)
def test_a_part_killed_in_mid_rush_costs_nobody_what_they_were_told(
    town: Town, parts: Sequence[str]
) -> None:
    victims = [town.part(name) for name in parts]
    rush = town.start("rush", "--rate", str(RATE), "--seconds", str(RUSH_SECONDS))
    time.sleep(STRIKE_AFTER_SECONDS)

    for victim in victims:
        os.kill(victim["pid"], signal.SIGKILL)
    told, _ = rush.communicate(timeout=150)

    assert rush.returncode == 0, told
    report = town.talon("audit")
    assert "audit: clean" in report, report
    for victim in victims:
        assert town.part(victim["name"])["restarts"] == victim["restarts"] + 1


def test_a_referee_that_freezes_and_wakes_up_decides_nothing_that_is_another_s(town: Town) -> None:
    victim = town.part("slots-1")
    rush = town.start("rush", "--rate", str(RATE), "--seconds", str(RUSH_SECONDS))
    time.sleep(STRIKE_AFTER_SECONDS)

    os.kill(victim["pid"], signal.SIGSTOP)
    time.sleep(FROZEN_SECONDS)
    os.kill(victim["pid"], signal.SIGCONT)
    told, _ = rush.communicate(timeout=150)

    assert rush.returncode == 0, told
    report = town.talon("audit")
    assert "audit: clean" in report, report
