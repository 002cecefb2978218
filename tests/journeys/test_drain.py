"""Is anybody turned away when one of two processes is told to go in the middle of a rush?"""

import asyncio
import os
import random
import signal
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
BEFORE_SECONDS = 1.5
AFTER_SECONDS = 4.0
DAYS = 10


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


@pytest.mark.parametrize("part", ["booking-1", "slots-1"])
async def test_a_process_that_is_told_to_go_costs_nobody_their_answer(
    town: Town, part: str
) -> None:
    answers: Counter[tuple[str, int]] = Counter()
    told_to_go = town.part(part)
    async with open_doors(town.stack) as doors:
        slots = await _slots(doors)
        over = asyncio.Event()
        crowd = Crowd(doors, Signer(town.stack), slots, answers, over)
        people = [asyncio.create_task(crowd.book()) for _ in range(PEOPLE)]
        await asyncio.sleep(BEFORE_SECONDS)

        os.kill(told_to_go["pid"], signal.SIGTERM)
        await asyncio.sleep(AFTER_SECONDS)
        over.set()
        await asyncio.gather(*people)

    assert town.part(part)["restarts"] == told_to_go["restarts"] + 1
    assert answers["looked", 200] > 100
    assert answers["asked", 201] > 50
    assert set(answers) <= {("looked", 200), ("asked", 201), ("asked", 202), ("asked", 409)}


async def _slots(doors: Doors) -> list[str]:
    """What one clinic has in the coming days."""
    (clinic, *_) = (await _read(doors, "/clinics?limit=1"))["clinics"]
    days = [(datetime.now(UTC) + timedelta(days=n)).date() for n in range(1, DAYS)]
    pages = [await _read(doors, f"/slots?clinic={clinic['id']}&date={day}") for day in days]
    return [slot["id"] for page in pages for slot in page["slots"]]


async def _read(doors: Doors, path: str) -> dict[str, Any]:
    answer = await doors.ask("GET", doors.api + path, token="")
    assert answer.status == 200, answer
    read: dict[str, Any] = msgspec.json.decode(answer.body)
    return read
