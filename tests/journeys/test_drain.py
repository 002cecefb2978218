"""Is anybody turned away when one of two processes is told to go in the middle of a rush?"""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
import pytest

from talon.doors import Doors, open_doors
from talon.tokens import Signer
from tests.town import Town

PEOPLE = 24
ENOUGH = 150
"""So many are answered before it is told to go, and as many more once another is in its place."""

PATIENCE_SECONDS = 90.0
LOOK_SECONDS = 0.1
SLOTS = 20
ROOM = 1_000
HALF_AN_HOUR = timedelta(minutes=30)
SHOWN_SECONDS_MAX = 1.5
"""What is opened is shown by every process after so long."""


class Crowd(NamedTuple):
    """People who look at one place after the other and book it, until it is over."""

    doors: Doors
    signer: Signer
    slots: list[str]
    answers: Counter[tuple[str, int]]
    over: asyncio.Event

    async def book(self) -> None:
        """One of them; each wish is somebody else's. They sign in to read past the edge."""
        while not self.over.is_set():
            slot = random.choice(self.slots)
            token = self.signer.sign(uuid4(), ["patient"], hours=1)
            seen = await self.doors.ask("GET", f"{self.doors.api}/slots/{slot}", token=token)
            self.answers["looked", seen.status] += 1
            answer = await self.doors.ask(
                "POST",
                f"{self.doors.api}/bookings",
                token=token,
                key=str(uuid4()),
                body={"places": [{"slot_id": slot}]},
            )
            self.answers["asked", answer.status] += 1

    async def until_answered(self, count: int) -> None:
        """Wait until so many were answered, in whatever way."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.answers.total() < count:  # noqa: ASYNC110 - whoever counts does not call
                await asyncio.sleep(LOOK_SECONDS)


@pytest.mark.parametrize("part", ["booking-1", "slots-1"])
async def test_a_process_that_is_told_to_go_costs_nobody_their_answer(
    town: Town, part: str
) -> None:
    answers: Counter[tuple[str, int]] = Counter()
    told_to_go = town.part(part)
    async with open_doors(town.stack) as doors:
        signer = Signer(town.stack)
        slots = await _slots(doors, signer)
        over = asyncio.Event()
        crowd = Crowd(doors, signer, slots, answers, over)
        people = [asyncio.create_task(crowd.book()) for _ in range(PEOPLE)]
        await crowd.until_answered(ENOUGH)

        os.kill(told_to_go["pid"], signal.SIGTERM)
        back = await asyncio.to_thread(_until_back, town, told_to_go)
        await crowd.until_answered(answers.total() + ENOUGH)
        over.set()
        await asyncio.gather(*people)

    assert back["restarts"] == told_to_go["restarts"] + 1
    assert answers["asked", 201] > 0
    assert set(answers) <= {("looked", 200), ("asked", 201), ("asked", 202)}


def _until_back(town: Town, gone: dict[str, Any]) -> dict[str, Any]:
    """Another process is there in its place, and serves."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (part := town.part(gone["name"]))["state"] != "ready" or part["pid"] == gone["pid"]:
        assert time.monotonic() < deadline, part
        time.sleep(LOOK_SECONDS)
    return part


async def _slots(doors: Doors, signer: Signer) -> list[str]:
    """A new clinic with room for everybody, as soon as every process shows it."""
    operator = signer.sign(uuid4(), ["operator"], hours=1)
    clinic = {"name": "Polyclinic No. 97", "time_zone": "Europe/Moscow"}
    opened = await _made(doors, "/clinics", clinic, operator)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    wanted = [
        {
            "service": "clinic-visit",
            "starts_at": (tomorrow + nth * HALF_AN_HOUR).isoformat(),
            "ends_at": (tomorrow + (nth + 1) * HALF_AN_HOUR).isoformat(),
            "capacity": ROOM,
        }
        for nth in range(SLOTS)
    ]
    made = await _made(doors, f"/clinics/{opened['id']}/slots", {"slots": wanted}, operator)
    slots = [slot["id"] for slot in made["slots"]]
    await asyncio.sleep(SHOWN_SECONDS_MAX)
    return slots


async def _made(doors: Doors, path: str, body: object, token: str) -> dict[str, Any]:
    answer = await doors.ask("POST", doors.api + path, token=token, key=str(uuid4()), body=body)
    assert answer.status == 201, answer
    made: dict[str, Any] = msgspec.json.decode(answer.body)
    return made
