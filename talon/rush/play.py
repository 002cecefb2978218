"""How are the schedule's people let in, each at their moment, whatever became of those before?"""

import asyncio
import time
from random import Random

from talon.city.home import City
from talon.city.plan import patient_id
from talon.rush.arrivals import Morning, poisson
from talon.rush.score import Score
from talon.rush.visitor import Town, Visitor
from talon.rush.wishes import Person

VISITORS_MAX = 20_000
"""Who comes when so many are at it already is turned away by the client itself, and counted."""

SETTLE_SECONDS = 75.0
"""How long the last wishes are pursued once nobody new comes; more than one wish's patience."""


async def play(city: City, town: Town, morning: Morning, *, name: str) -> None:
    """Let everyone come; returns when each wish has ended or patience has."""
    dice = Random(name)
    order = list(range(len(city.tokens)))
    dice.shuffle(order)
    crowd = Crowd()
    try:
        began = time.monotonic()
        for number, at in enumerate(poisson(dice, morning)):
            await _sleep_until(began + at)
            town.score.arrivals += 1
            _measure_lag(town.score, began + at)
            if len(crowd.visits) >= VISITORS_MAX:
                town.score.missed += 1
                continue
            person = _person(city, order[number % len(order)])
            crowd.let_in(Visitor(town, person, f"{name}-{number}"), began + at)
        await crowd.leave()
    finally:
        await crowd.stop()


class Crowd:
    """Everyone who is at it."""

    def __init__(self) -> None:
        self.visits: set[asyncio.Task[None]] = set()
        self._mistakes: list[BaseException] = []

    def let_in(self, visitor: Visitor, due: float) -> None:
        """One more."""
        visit = asyncio.create_task(visitor.come(due))
        self.visits.add(visit)
        visit.add_done_callback(self._ended)

    async def leave(self) -> None:
        """Wait for those who are still at it. A mistake in the client itself is not hidden."""
        if self.visits:
            await asyncio.wait(set(self.visits), timeout=SETTLE_SECONDS)
        if self._mistakes:
            raise self._mistakes[0]

    async def stop(self) -> None:
        """Everyone goes home; each open wish gets its last line."""
        left = set(self.visits)
        for visit in left:
            visit.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _ended(self, visit: asyncio.Task[None]) -> None:
        self.visits.discard(visit)
        if not visit.cancelled() and (mistake := visit.exception()) is not None:
            self._mistakes.append(mistake)


def _person(city: City, number: int) -> Person:
    return Person(
        id=patient_id(city.plan.seed, number),
        token=city.tokens[number],
        dependants=city.families.get(number, ()),
    )


async def _sleep_until(moment: float) -> None:
    left = moment - time.monotonic()
    if left > 0:
        await asyncio.sleep(left)


def _measure_lag(score: Score, due: float) -> None:
    """How late the client itself was, so that nobody takes its slowness for the system's."""
    score.lag_seconds = max(score.lag_seconds, time.monotonic() - due)
