"""What do people notice while front desks and referees come and go?

A crowd books at the edge, each wish somebody else's. Meanwhile the stack gets more processes, and
fewer. Told are the longest time in which nobody was answered, the longest that anybody waited, and
whether everything that was acknowledged is there afterwards. Every number is of each step.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import msgspec
import uvloop

from deploy.local.settings import CHECKOUT
from deploy.local.stack import Stack, named
from talon.doors import Answer, Doors, open_doors
from talon.mistakes import MistakeError
from talon.progress import console
from talon.tokens import Signer

PEOPLE = 24
STEPS = (1, 2, 4, 1)
STEADY_SECONDS = 5.0
"""How long nothing changes between two steps."""

AGAIN_SECONDS = 0.2
"""When somebody asks again who got no answer and was not told when to."""

LOOKING_MAX = 16
WISH_SECONDS_MAX = 30.0
SETTLED_SECONDS_MAX = 30.0
STALL_SECONDS_MAX = 3.0
"""The bar: nobody waits longer for an answer."""

SLOTS = 60
ROOM = 1_000
HALF_AN_HOUR = timedelta(minutes=30)
SHOWN_SECONDS = 1.5


class Told(msgspec.Struct, frozen=True):
    """One wish that was answered: when it was first asked, when answered, and with what."""

    asked_at: float
    answered_at: float
    status: int
    booking_id: str
    person: UUID


class Step(msgspec.Struct, kw_only=True):
    """What was seen while the number of processes changed."""

    processes: str
    change_seconds: float
    answered: int
    gap_seconds: float
    wait_seconds: float


class Crowd:
    """People who book one place after the other until it is over."""

    def __init__(self, doors: Doors, signer: Signer, slots: list[str]) -> None:
        self.told: list[Told] = []
        self.unanswered = 0
        self.seen: Counter[str] = Counter()
        self._doors = doors
        self._signer = signer
        self._slots = slots
        self._over = asyncio.Event()
        self._people: list[asyncio.Task[None]] = []

    def come(self, people: int) -> None:
        """So many begin."""
        self._people = [asyncio.create_task(self._book()) for _ in range(people)]

    async def go(self) -> None:
        """Everybody finishes what they have begun."""
        self._over.set()
        await asyncio.gather(*self._people)

    def token(self, person: UUID) -> str:
        """Somebody's own."""
        return self._signer.sign(person, ["patient"], hours=1)

    async def _book(self) -> None:
        while not self._over.is_set():
            person, began = uuid4(), time.monotonic()
            answer = await self._until_answered(self.token(person), began)
            if answer is None:
                self.unanswered += 1
                continue
            made = msgspec.json.decode(answer.body)
            self.told.append(
                Told(began, time.monotonic(), answer.status, made.get("id", ""), person)
            )

    async def _until_answered(self, token: str, began: float) -> Answer | None:
        """As an honest program does: no answer, or none yet, and it asks again for the same."""
        key, body = str(uuid4()), {"places": [{"slot_id": random.choice(self._slots)}]}
        while time.monotonic() < began + WISH_SECONDS_MAX:
            answer = await self._doors.ask(
                "POST", f"{self._doors.api}/bookings", token=token, key=key, body=body
            )
            self.seen[answer.code or str(answer.status)] += 1
            if answer.status in (201, 202):
                return answer
            await asyncio.sleep(answer.retry_after or AGAIN_SECONDS)
        return None

    async def missing(self) -> list[str]:
        """What was acknowledged and is not there, or has not become a booking in time."""
        few = asyncio.Semaphore(LOOKING_MAX)

        async def look(told: Told) -> str:
            async with few:
                return await self._is_missing(told)

        return [each for each in await asyncio.gather(*map(look, self.told)) if each]

    async def _is_missing(self, told: Told) -> str:
        deadline = time.monotonic() + SETTLED_SECONDS_MAX
        said = ""
        while time.monotonic() < deadline:
            answer = await self._doors.ask(
                "GET",
                f"{self._doors.api}/bookings/{told.booking_id}",
                token=self.token(told.person),
            )
            said = f"{told.status} {told.booking_id}: {answer.status}"
            if answer.status == 200:
                status = msgspec.json.decode(answer.body)["status"]
                said = f"{said} {status}"
                if status == "booked":
                    return ""
            await asyncio.sleep(AGAIN_SECONDS)
        return said


async def come_and_go(stack: Stack, crowd: Crowd, counts: int, *, rest: float) -> Step:
    """The stack gets so many processes of each, and then nothing changes for a while."""
    began = time.monotonic()
    await scale(stack, counts)
    changed = time.monotonic()
    await asyncio.sleep(rest)
    return step_of(crowd.told, began, time.monotonic(), counts=counts, changed=changed)


def step_of(told: list[Told], since: float, until: float, *, counts: int, changed: float) -> Step:
    """The longest silence, and the longest wait of a wish that was open in that time."""
    open_then = [each for each in told if each.answered_at >= since and each.asked_at < until]
    moments = sorted(each.answered_at for each in open_then if each.answered_at <= until)
    edges = [since, *moments, until]
    return Step(
        processes=f"{counts} of each",
        change_seconds=round(changed - since, 2),
        answered=len(moments),
        gap_seconds=round(max(after - one for one, after in pairwise(edges)), 3),
        wait_seconds=round(
            max((each.answered_at - each.asked_at for each in open_then), default=0.0), 3
        ),
    )


async def scale(stack: Stack, counts: int) -> None:
    """`make up SCALE=counts`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local", "up", f"--stack={stack.name}", f"--scale={counts}"),
        cwd=CHECKOUT,
        env=dict(os.environ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise MistakeError(said.decode(errors="replace"))


async def a_clinic(doors: Doors, signer: Signer) -> list[str]:
    """Slots of a new clinic with room for everybody, when every process shows them."""
    operator = signer.sign(uuid4(), ["operator"], hours=1)
    clinic = {"name": "Polyclinic No. 96", "time_zone": "Europe/Moscow"}
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
    await asyncio.sleep(SHOWN_SECONDS)
    return [slot["id"] for slot in made["slots"]]


async def _made(doors: Doors, path: str, body: object, token: str) -> dict[str, Any]:
    answer = await doors.ask("POST", doors.api + path, token=token, key=str(uuid4()), body=body)
    if answer.status != 201:
        raise MistakeError(f"{path}: {answer.status} {answer.code}")
    made: dict[str, Any] = msgspec.json.decode(answer.body)
    return made


async def _measure(stack: Stack, people: int, steps: list[int], rest: float) -> int:
    signer = Signer(stack)
    out = console()
    async with open_doors(stack) as doors:
        crowd = Crowd(doors, signer, await a_clinic(doors, signer))
        crowd.come(people)
        await asyncio.sleep(rest)
        seen = []
        for counts in steps:
            step = await come_and_go(stack, crowd, counts, rest=rest)
            seen.append(step)
            out.print(f"  {msgspec.json.encode(step).decode()}")
        await crowd.go()
        missing = await crowd.missing()
    result = {
        "steps": msgspec.to_builtins(seen),
        "acknowledged": len(crowd.told),
        "lost": len(missing),
        "unanswered": crowd.unanswered,
        "longest_wait_seconds": max(each.wait_seconds for each in seen),
        "longest_gap_seconds": max(each.gap_seconds for each in seen),
        "answers": dict(crowd.seen),
    }
    kept = not missing and not crowd.unanswered
    print("RESULT", json.dumps(result))
    return 0 if kept and result["longest_wait_seconds"] <= STALL_SECONDS_MAX else 1


def main() -> int:
    """Measure on a stack that is up."""
    words = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    words.add_argument("--stack", default="bench")
    words.add_argument("--people", type=int, default=PEOPLE)
    words.add_argument("--steps", type=int, nargs="+", default=list(STEPS))
    words.add_argument("--rest", type=float, default=STEADY_SECONDS)
    told = words.parse_args()
    try:
        return uvloop.run(_measure(named(told.stack), told.people, told.steps, told.rest))
    except MistakeError as reason:
        print(f"bench scale: {reason}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
