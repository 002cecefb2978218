"""What is left of a morning in which a part is killed? Every word that was given."""

import os
import signal
import time

import pytest

from tests.journeys.conftest import Town

RUSH_SECONDS = 7
KILL_AFTER_SECONDS = 3.0
RATE = 60


@pytest.mark.parametrize("part", ["slots", "booking", "notify", "kafka", "postgres"])
def test_a_part_killed_in_mid_rush_costs_nobody_what_they_were_told(town: Town, part: str) -> None:
    victim = town.part(part)
    rush = town.start("rush", "--rate", str(RATE), "--seconds", str(RUSH_SECONDS), "--seed", "7")
    time.sleep(KILL_AFTER_SECONDS)

    os.kill(victim["pid"], signal.SIGKILL)
    told, _ = rush.communicate(timeout=150)

    assert rush.returncode == 0, told
    report = town.talon("audit")
    assert "audit: clean" in report, report
    assert town.part(part)["restarts"] == victim["restarts"] + 1
