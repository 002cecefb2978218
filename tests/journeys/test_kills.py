"""What is left of a morning in which a part is killed or frozen? Every word that was given."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import pytest

from talon.doors import Answer, Doors, open_doors
from talon.tokens import Signer
from tests.town import DESKS, Town

RUSH_SECONDS = 7
STRIKE_AFTER_SECONDS = 3.0
FROZEN_SECONDS = 3.0
ANSWER_SECONDS_MAX = 60.0
RATE = 60

VICTIMS = [("slots", "slots-1"), DESKS, ("notify",), ("kafka",), ("postgres",)]


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
    assert "accesses: booking: whole" in town.talon("accesses", "verify")
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


async def test_hours_that_break_off_when_all_referees_are_killed_are_opened_by_asking_again(
    town: Town,
) -> None:
    victims = [town.part(name)["pid"] for name in ("slots", "slots-1")]
    async with open_doors(town.stack) as doors:
        staff = Staff(doors, Signer(town.stack).sign(uuid4(), ["operator"], hours=1))
        clinic = {"name": "Polyclinic No. 901", "time_zone": "Europe/Moscow"}
        made = await staff.ask("POST", "/clinics", clinic)
        path = f"/clinics/{json.loads(made.body)['id']}/schedules"

        first = asyncio.create_task(staff.ask("POST", path, hours()))
        while not json.loads((await staff.ask("GET", path)).body)["schedules"]:
            pass
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        broken, opened = await first, await staff.asked_until_done(path, hours())
        again = await staff.ask("POST", path, hours())

    told = json.loads(opened.body)
    assert broken.status != 201, "the referees were killed too late"
    assert (told["slots"], told["opened"], told["refused"]) == (2_000, 2_000, [])
    assert again.body == opened.body


class Staff:
    """Somebody of a clinic's staff, who gives the same wish the same key."""

    def __init__(self, doors: Doors, token: str) -> None:
        self._doors = doors
        self._token = token

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """One request."""
        url = f"{self._doors.api}{path}"
        key = str(uuid5(NAMESPACE_URL, url))
        return await self._doors.ask(method, url, token=self._token, key=key, body=body)

    async def asked_until_done(self, path: str, body: Any) -> Answer:
        """Ask, and ask again while it is said that asking again may help."""
        deadline = time.monotonic() + ANSWER_SECONDS_MAX
        while True:
            answer = await self.ask("POST", path, body)
            if answer.status == 201 or time.monotonic() > deadline:
                return answer
            assert answer.status in (0, 502, 503, 504), answer
            await asyncio.sleep(1)


def hours() -> dict[str, Any]:
    """As many slots as one schedule may have: 250 on each of eight days."""
    first = datetime.now(UTC).date() + timedelta(days=3)
    return {
        "service": "clinic-visit",
        "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        "starts": "09:00",
        "ends": "13:10",
        "slot_minutes": 1,
        "capacity": 1,
        "valid_from": first.isoformat(),
        "valid_to": (first + timedelta(days=7)).isoformat(),
    }
