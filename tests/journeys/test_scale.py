"""Is anybody left without an answer, or a booking lost, while processes come and go in a rush?"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bench.scale import Crowd, a_clinic, come_and_go
from talon.doors import open_doors
from talon.tokens import Signer
from tests.town import Town

PEOPLE = 8
BEFORE = 2
"""So many front desks and referees the town has."""

REST_SECONDS = 0.5
WAIT_SECONDS_MAX = 10.0
"""On a machine that does other things too. What is promised is 3; `python -m bench.scale` tells."""


@pytest.fixture
async def crowd(town: Town) -> AsyncIterator[Crowd]:
    """People who book all the while, at the edge of the town."""
    signer = Signer(town.stack)
    async with open_doors(town.stack) as doors:
        made = Crowd(doors, signer, await a_clinic(doors, signer))
        made.come(PEOPLE)
        yield made


async def test_processes_come_and_go_and_nobody_s_booking_is_lost_or_late(
    town: Town, crowd: Crowd
) -> None:
    await asyncio.sleep(REST_SECONDS)

    fewer = await come_and_go(town.stack, crowd, 1, rest=REST_SECONDS)
    alone = town.parts()
    more = await come_and_go(town.stack, crowd, BEFORE, rest=REST_SECONDS)
    together = town.parts()
    await crowd.go()

    assert (fewer.answered > 0, more.answered > 0) == (True, True)
    assert {"booking-1", "slots-1"} & alone == set()
    assert {"booking-1", "slots-1"} <= together
    assert (await crowd.missing(), crowd.unanswered) == ([], 0)
    assert max(fewer.wait_seconds, more.wait_seconds) < WAIT_SECONDS_MAX, (fewer, more)
