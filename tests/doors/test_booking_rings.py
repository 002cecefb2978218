"""What does a request leave behind? Nothing that only the collector could find."""

import gc
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from shared.policy.gate import Allowed
from tests.booking_doors import a_door

REQUESTS = 20
STANDING = 2
"""What a connection may still have of its last request."""


async def left_behind(dsn: str, folder: Path) -> int:
    """How many of so many requests are still there while the collector does not look."""
    async with a_door(dsn, folder) as door:
        slot_id = await door.open_slot("a slot", capacity=REQUESTS)
        gc.collect()
        gc.disable()
        try:
            for _ in range(REQUESTS):
                answer = await door.book(slot_id)
                await answer.read()
            return sum(type(thing) is web.Request for thing in gc.get_objects())
        finally:
            gc.enable()


async def test_a_request_goes_by_itself_when_it_is_over(booking_dsn: str, tmp_path: Path) -> None:
    assert await left_behind(booking_dsn, tmp_path) <= STANDING


async def test_what_points_back_to_its_request_keeps_it_for_the_collector(
    booking_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Allowed.__init__

    def in_a_ring(self: Allowed, request: web.Request, *more: Any, **words: Any) -> None:
        made(self, request, *more, **words)
        request["ring"] = request

    monkeypatch.setattr(Allowed, "__init__", in_a_ring)

    assert await left_behind(booking_dsn, tmp_path) >= REQUESTS - STANDING
