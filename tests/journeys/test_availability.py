"""What do the copies of what is free say after a morning in which parts were killed? The truth."""

import asyncio
import json
import os
import signal
import time
from datetime import datetime, timedelta
from typing import Any
from urllib.request import urlopen

import asyncpg
import pytest

from tests.town import Town

RUSH_SECONDS = 7
STRIKE_AFTER_SECONDS = 3.0
RATE = 60
QUIET_SECONDS_MAX = 20.0
PROCESSES = 2
DAYS = 16
"""The city's two weeks, and a day before and after."""

Counts = dict[str, tuple[int, int, int, int]]
"""Of each slot its capacity, what is held and booked, and the version."""


@pytest.mark.parametrize("victim", ["slots-1", "kafka", "postgres"])
def test_every_process_s_copy_is_the_truth_after_a_rush_in_which_something_was_killed(
    town: Town, victim: str
) -> None:
    killed = town.part(victim)
    rush = town.start("rush", "--rate", str(RATE), "--seconds", str(RUSH_SECONDS))
    time.sleep(STRIKE_AFTER_SECONDS)

    os.kill(killed["pid"], signal.SIGKILL)
    told, _ = rush.communicate(timeout=150)

    assert rush.returncode == 0, told
    town.talon("audit")  # returns when all is at rest
    quiet, truth = asyncio.run(_truth(town))
    assert sum(booked for _, _, booked, _ in truth.values()) > 0
    for process in range(PROCESSES):
        assert _copy(town, process, as_of=quiet) == truth
    assert town.part(victim)["restarts"] == killed["restarts"] + 1


async def _truth(town: Town) -> tuple[datetime, Counts]:
    """What the database says now of every slot that is to come."""
    connection = await asyncpg.connect(town.stack.dsn("auditor"))
    try:
        now = await connection.fetchval("SELECT clock_timestamp()")
        rows = await connection.fetch(
            """SELECT id, capacity, held, booked, version FROM slots.slot
                WHERE starts_at > now() + interval '1 hour'"""
        )
    finally:
        await connection.close()
    return now, {str(row["id"]): tuple(row)[1:] for row in rows}  # type: ignore[misc]


def _copy(town: Town, process: int, as_of: datetime) -> Counts:
    """What a process says of all of them, as of then or later."""
    api = f"{town.stack.api('slots', process)}/api/v1"
    deadline = time.monotonic() + QUIET_SECONDS_MAX
    while datetime.fromisoformat(_read(f"{api}/clinics")["as_of"]) < as_of:
        assert time.monotonic() < deadline, "it never caught up"
        time.sleep(0.1)
    days = [as_of.date() + timedelta(days=n) for n in range(DAYS)]
    counts: Counts = {}
    for clinic in _read(f"{api}/clinics")["clinics"]:
        for day in days:
            page = _read(f"{api}/slots?clinic={clinic['id']}&date={day}")
            assert page["cursor"] is None
            for slot in page["slots"]:
                assert slot["free"] + slot["held"] + slot["booked"] == slot["capacity"]
                if datetime.fromisoformat(slot["starts_at"]).timestamp() > time.time() + 3_600:
                    numbers = (slot["capacity"], slot["held"], slot["booked"], slot["version"])
                    counts[slot["id"]] = numbers
    return counts


def _read(url: str) -> Any:
    with urlopen(url) as answer:
        return json.loads(answer.read())
