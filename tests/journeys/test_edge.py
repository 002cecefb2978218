"""What does a patient meet at the edge of the whole stack, on a good day and on a bad one?"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from talon.tokens import Signer
from tests.town import DESKS, Town, family

OLDEST_SECONDS = 1.5
RETURN_SECONDS_MAX = 10.0


class Visitor:
    """Somebody at the edge, with a token of their own or with none."""

    def __init__(self, town: Town, session: aiohttp.ClientSession, role: str = "") -> None:
        self._api = f"{town.stack.edge}/api/v1"
        self._session = session
        self._headers = {}
        if role:
            token = Signer(town.stack).sign(uuid4(), [role], hours=1)
            self._headers = {"Authorization": f"Bearer {token}"}

    async def get(self, path: str) -> tuple[int, Any]:
        """Status and body of a read."""
        async with self._session.get(self._api + path, headers=self._headers) as said:
            return said.status, await said.json(content_type=None)

    async def post(self, path: str, body: object, key: str = "") -> tuple[int, Any]:
        """Status and body of a wish, under a new key if none is given."""
        headers = self._headers | {"Idempotency-Key": key or str(uuid4())}
        async with self._session.post(self._api + path, json=body, headers=headers) as said:
            return said.status, await said.json(content_type=None)


class Street:
    """Before the edge: anybody may come, and a slot can be had."""

    def __init__(self, town: Town, session: aiohttp.ClientSession) -> None:
        self._town = town
        self._session = session

    def somebody(self, role: str = "") -> Visitor:
        """A newcomer."""
        return Visitor(self._town, self._session, role)

    async def open_slot(self, capacity: int) -> str:
        """A slot in a new clinic, the day after tomorrow."""
        operator = self.somebody("operator")
        clinic = {"name": "Polyclinic No. 98", "time_zone": "Europe/Moscow"}
        status, made = await operator.post("/clinics", clinic)
        assert status == 201, made
        soon = datetime.now(UTC) + timedelta(days=2)
        slot = {
            "service": "clinic-visit",
            "starts_at": soon.isoformat(),
            "ends_at": (soon + timedelta(minutes=15)).isoformat(),
            "capacity": capacity,
        }
        status, opened = await operator.post(f"/clinics/{made['id']}/slots", {"slots": [slot]})
        assert status == 201, opened
        slot_id: str = opened["slots"][0]["id"]
        await self._until_it_is_shown(slot_id)
        return slot_id

    async def _until_it_is_shown(self, slot_id: str) -> None:
        """Whoever opened it sees it at once; other processes of the referee are told."""
        async with asyncio.timeout(RETURN_SECONDS_MAX):
            while (await self.somebody().get(f"/slots/{slot_id}"))[0] != 200:  # noqa: ASYNC110
                await asyncio.sleep(OLDEST_SECONDS / 10)
        # The next half second's page is asked for of any of them.
        await asyncio.sleep(OLDEST_SECONDS / 2)


@pytest.fixture
async def street(town: Town) -> AsyncIterator[Street]:
    async with aiohttp.ClientSession() as session:
        yield Street(town, session)


def _wish(slot_id: str) -> dict[str, Any]:
    return {"places": [{"slot_id": slot_id}]}


async def test_a_patient_sees_what_is_theirs_and_another_sees_nothing_of_it(street: Street) -> None:
    slot_id = await street.open_slot(capacity=1)
    one, other = street.somebody("patient"), street.somebody("patient")

    status, booking = await one.post("/bookings", _wish(slot_id))

    assert status == 201
    for _ in range(3):
        _, own = await one.get("/bookings")
        assert [each["id"] for each in own["bookings"]] == [booking["id"]]
        assert (await other.get("/bookings"))[1]["bookings"] == []
        assert (await other.get(f"/bookings/{booking['id']}"))[0] == 404


async def test_what_can_be_asked_is_told_at_the_edge(street: Street) -> None:
    status, document = await street.somebody().get("/openapi.json")

    assert (status, document["openapi"][:3]) == (200, "3.1")
    assert "/api/v1/bookings" in document["paths"]


async def test_a_slot_s_count_is_never_older_than_promised_while_people_book(
    street: Street,
) -> None:
    slot_id = await street.open_slot(capacity=60)
    granted: list[float] = []
    shown: list[tuple[float, int]] = []
    stranger = street.somebody()

    async def book() -> None:
        for _ in range(60):
            status, _ = await street.somebody("patient").post("/bookings", _wish(slot_id))
            assert status == 201
            granted.append(time.monotonic())
            await asyncio.sleep(0.03)

    async def look() -> None:
        while True:
            asked = time.monotonic()
            _, slot = await stranger.get(f"/slots/{slot_id}")
            shown.append((asked, slot["booked"]))
            await asyncio.sleep(0.005)

    looking = asyncio.create_task(look())
    await book()
    looking.cancel()

    assert len(shown) > 100
    for asked, booked in shown:
        assert booked >= sum(moment < asked - OLDEST_SECONDS for moment in granted)


async def test_what_was_booked_is_shown_by_every_page_of_the_edge_in_time(street: Street) -> None:
    slot_id = await street.open_slot(capacity=9)
    stranger = street.somebody()
    _, slot = await stranger.get(f"/slots/{slot_id}")
    day = slot["starts_at"][:10]
    about = f"clinic={slot['clinic_id']}&service=clinic-visit"
    pages = (f"/slots/{slot_id}", f"/slots?{about}&date={day}", f"/availability?{about}&from={day}")
    took: list[float] = []

    async def until_shown(page: str, free: int) -> None:
        booked_at = time.monotonic()
        while free not in _free(await stranger.get(page)):  # noqa: ASYNC110
            await asyncio.sleep(OLDEST_SECONDS / 100)
        took.append(time.monotonic() - booked_at)

    for free in (8, 7, 6):
        status, _ = await street.somebody("patient").post("/bookings", _wish(slot_id))
        assert status == 201
        async with asyncio.timeout(RETURN_SECONDS_MAX):
            await asyncio.gather(*(until_shown(page, free) for page in pages))

    assert max(took) < OLDEST_SECONDS


def _free(answer: tuple[int, Any]) -> list[int]:
    """How many places a page shows as free, of whatever kind it is."""
    status, said = answer
    assert status == 200, said
    days = [day for clinic in said.get("clinics", []) for day in clinic["days"]]
    return [each["free"] for each in [*said.get("slots", []), *days, said] if "free" in each]


async def test_a_referee_that_stands_still_keeps_no_reader_for_long(
    town: Town, street: Street
) -> None:
    reader = street.somebody()
    with town.frozen("slots-1"):
        began = time.monotonic()
        answers = await asyncio.gather(*(reader.get(f"/clinics?limit={n}") for n in range(1, 11)))

    assert [status for status, _ in answers] == [200] * 10
    assert time.monotonic() - began < 4.0


async def test_who_was_told_that_nobody_knows_asks_again_and_has_one_booking(
    town: Town, street: Street
) -> None:
    slot_id = await street.open_slot(capacity=5)
    patient, key = street.somebody("patient"), str(uuid4())
    with town.frozen(*DESKS):
        status, problem = await patient.post("/bookings", _wish(slot_id), key)
    assert (status, problem["code"]) == (504, "outcome_unknown")

    # A desk that has just come to itself may first find its connections gone: nothing is changed.
    async with asyncio.timeout(10.0):
        status, booking = await patient.post("/bookings", _wish(slot_id), key)
        while status == 503:
            await asyncio.sleep(0.2)
            status, booking = await patient.post("/bookings", _wish(slot_id), key)

    assert status == 201, booking
    _, own = await patient.get("/bookings")
    assert [each["id"] for each in own["bookings"]] == [booking["id"]]


async def test_an_edge_that_is_killed_comes_back_and_leaves_nobody_behind(
    town: Town, street: Street
) -> None:
    killed = town.part("edge")["pid"]
    _, *workers = family(killed)
    assert len(workers) >= 2

    os.kill(killed, signal.SIGKILL)

    deadline = time.monotonic() + RETURN_SECONDS_MAX
    while (part := town.part("edge"))["state"] != "ready" or part["pid"] == killed:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    assert not any(_lives(pid) for pid in workers)
    assert (await street.somebody().get("/clinics?limit=1"))[0] == 200


def _lives(pid: int) -> bool:
    """False also for what has died and whose parent has not asked how."""
    try:
        said = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return said.rpartition(")")[2].split()[0] != "Z"
