"""Does a small morning of a waiting room go as a large one is measured?"""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4, uuid5

import aiohttp
import pytest

from bench.rush.patients import PEOPLE
from bench.waiting.morning import SHORT, Morning, Place
from services.booking.api.desk import DESK
from talon.doors import Doors
from talon.progress import console
from tests.booking_doors import a_door, bearer
from tests.worlds import LINK_KEYS


def token(who: Any, *roles: str) -> str:
    """Somebody's, who has these roles."""
    return bearer(who, roles=list(roles))["Authorization"].removeprefix("Bearer ")


async def test_a_small_morning_is_drawn_fairly_in_order_and_at_its_speed(
    booking_dsn: str, tmp_path: Path
) -> None:
    async with (
        a_door(booking_dsn, tmp_path, link_keys=LINK_KEYS) as door,
        aiohttp.ClientSession() as session,
    ):
        url = str(door.client.make_url("/")).rstrip("/")
        people = range(SHORT.people + SHORT.late)
        place = Place(
            door=url,
            dsn=booking_dsn,
            operator=token(uuid4(), "operator"),
            tokens=[token(uuid5(PEOPLE, str(number)), "patient") for number in people],
            roots={},
        )
        moving = asyncio.create_task(door.client.app[DESK].waiting.lines.run())

        result = await Morning(place, SHORT, console(), Doors(session, url)).run()
        moving.cancel()

    # Of so few people places and arrivals correlate by chance: this much in one of 2,000 mornings.
    assert abs(result.correlation) <= 0.2
    assert result.people == SHORT.people
    assert (result.inversions, result.compared > 0) == (0.0, True)
    assert result.bots_places == SHORT.bots
    assert result.bots_gain_sigmas <= 3.5
    assert result.admissions_per_second == pytest.approx(SHORT.speed, rel=0.25)
