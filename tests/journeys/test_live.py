"""What does an open page hear of a whole stack, and what if the messenger is killed meanwhile?"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.journeys.test_edge import Street, Visitor
from tests.notify_live import Listener
from tests.town import Town

SOON_SECONDS = 2.0
RETURN_SECONDS_MAX = 15.0
AGAIN_SECONDS = 0.2


class Patient(Visitor):
    """Somebody with a page open, which comes back by itself as a browser's does."""

    def __init__(self, town: Town, session: aiohttp.ClientSession) -> None:
        super().__init__(town, session, "patient")
        self.listener = Listener()
        self.connections = 0
        self._heard = asyncio.Condition()

    async def keep_page_open(self) -> None:
        """Listen, and whenever the connection is gone, go on where it was."""
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                await self._listen()
            self.listener.hang_up()
            await asyncio.sleep(AGAIN_SECONDS)

    async def hears(self, events: int, seconds: float) -> list[Any]:
        """What was told, once it is so much."""
        async with asyncio.timeout(seconds), self._heard:
            await self._heard.wait_for(lambda: len(self.listener.heard) >= events)
        return self.listener.heard

    async def is_listening(self) -> None:
        """Wait until the first words are there."""
        async with asyncio.timeout(RETURN_SECONDS_MAX), self._heard:
            await self._heard.wait_for(lambda: self.listener.last_id != "")

    async def _listen(self) -> None:
        after = {"Last-Event-ID": self.listener.last_id} if self.listener.last_id else {}
        limits = aiohttp.ClientTimeout(total=None)
        async with self._session.get(
            f"{self._api}/live", headers=self._headers | after, timeout=limits
        ) as answer:
            if answer.status != 200:
                return
            self.connections += 1
            async for came in answer.content.iter_any():
                async with self._heard:
                    self.listener.feed(came)
                    self._heard.notify_all()


@pytest.fixture
async def patient(town: Town) -> AsyncIterator[Patient]:
    async with aiohttp.ClientSession() as session:
        opened = Patient(town, session)
        listening = asyncio.create_task(opened.keep_page_open())
        await opened.is_listening()
        yield opened
        listening.cancel()
        await asyncio.wait([listening])


@pytest.fixture
async def street(town: Town) -> AsyncIterator[Street]:
    async with aiohttp.ClientSession() as session:
        yield Street(town, session)


async def test_what_another_client_of_hers_does_is_on_the_page_soon(
    street: Street, patient: Patient
) -> None:
    slot_id = await street.open_slot(capacity=1)
    asked_at = time.monotonic()

    _, booking = await patient.post("/bookings", {"places": [{"slot_id": slot_id}]})
    [booked] = await patient.hears(1, SOON_SECONDS)
    took = time.monotonic() - asked_at
    await patient.post(f"/bookings/{booking['id']}/cancel", {})
    _, cancelled = await patient.hears(2, SOON_SECONDS)

    assert took < SOON_SECONDS
    assert (booked.event, booked.data["booking_id"]) == ("BookingConfirmed", booking["id"])
    assert booked.data["places"][0]["slot_id"] == slot_id
    assert (cancelled.event, cancelled.data["status"]) == ("BookingRevoked", "cancelled")
    assert cancelled.data["reason"] == "patient"


async def test_a_messenger_killed_meanwhile_costs_the_page_nothing(
    town: Town, street: Street, patient: Patient
) -> None:
    slot_id = await street.open_slot(capacity=9)
    wish = {"places": [{"slot_id": slot_id}]}

    made = []
    for nth in range(9):
        if nth in (2, 5):
            os.kill(town.part("notify")["pid"], signal.SIGKILL)
        status, booking = await patient.post("/bookings", wish)
        assert status == 201, booking
        made.append(booking["id"])
        status, _ = await patient.post(f"/bookings/{booking['id']}/cancel", {})
        assert status == 200
        await asyncio.sleep(AGAIN_SECONDS)

    heard = await patient.hears(2 * len(made), RETURN_SECONDS_MAX)
    await asyncio.sleep(SOON_SECONDS)
    told = [(one.data["booking_id"], one.data["status"]) for one in heard]
    assert told == [(one, status) for one in made for status in ("booked", "cancelled")]
    assert patient.connections >= 2
