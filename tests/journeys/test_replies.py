"""Does a text message that somebody writes back get to whoever decides, through the whole stack?"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import msgspec
import pytest

from services.notify.channels.sms.twilio import signature_of
from services.notify.rules import Message, key_of
from services.notify.rules.pumping import Limits
from services.notify.rules.reminders import Habits, reminder_of, visits_of
from services.notify.store import Replies, Texting, write_down
from shared.messages import BookingConfirmed
from shared.vault import open_vault
from talon.tokens import Signer
from tests.journeys.test_edge import Street
from tests.town import TEXTS_TOKEN, Town

SOON_SECONDS = 10.0
PHONE = "+79161230042"
LIMITS = Limits(
    number_hour=10,
    number_day=30,
    due_day=10,
    prefix_hour=100,
    country_hour=100,
    share_min=0.0,
    share_after=1_000,
    probes_hour=10,
)


class Reader:
    """Somebody with a phone and a visit ahead, who reads a reminder and writes back."""

    def __init__(self, town: Town, session: aiohttp.ClientSession, person_id: UUID) -> None:
        self.id = person_id
        self._town = town
        self._session = session
        token = Signer(town.stack).sign(person_id, ["patient"], hours=1)
        self._headers = {"Authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What is answered to a request of theirs that has to work."""
        headers = self._headers | {"Idempotency-Key": str(uuid4())}
        address = f"{self._town.stack.edge}/api/v1{path}"
        async with self._session.request(method, address, json=body, headers=headers) as said:
            assert said.status < 300, await said.text()
            return await said.json(content_type=None)

    async def writes(self, text: str) -> None:
        """As the provider brings it, twice."""
        sid = f"SM{uuid4().hex}"
        form = {"MessageSid": sid, "SmsStatus": "received", "From": PHONE, "Body": text}
        address = self._town.texts_come_to
        signed = {"X-Twilio-Signature": signature_of(address, form.items(), TEXTS_TOKEN)}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        for _ in range(2):
            async with self._session.post(
                address, data=urlencode(form), headers=signed | kind
            ) as said:
                assert said.status == 204, await said.text()

    async def is_reminded(self, booking_id: UUID) -> None:
        """As the ledger and the guard have it once a reminder was handed over."""
        told = await soon(lambda: self._told(booking_id))
        event = msgspec.json.decode(told, type=BookingConfirmed)
        [visit] = visits_of(event.places)
        before = Habits.parse("P1D", "21:00-08:00").befores[0]
        reminder = reminder_of(
            visit,
            before,
            booking_id=booking_id,
            owner_id=self.id,
            version=event.version,
            now=datetime.now(UTC),
        )
        message = Message(event=reminder, owner_id=self.id, expires_at=visit.starts_at)
        async with pool_of(self._town, "notify") as pool:
            async with pool.acquire() as connection, connection.transaction():
                await write_down(connection, [message])
            vault = open_vault("notify", str(self._town.stack.vault("notify")))

            async def nobody(ended: Any) -> None:
                raise AssertionError("nothing was handed over")

            texting = Texting(pool, vault, LIMITS, nobody, Replies(pool, vault))
            key = key_of(reminder, "sms")
            assert await texting.ask(key, PHONE, due=False, reminder=reminder) is None

    async def was_told(self, times: int) -> list[str] | None:
        """What is written down to be told them, once it is so much; nobody hands it over here."""
        async with pool_of(self._town, "notify") as pool:
            rows = await pool.fetch(
                "SELECT event ->> 'type' AS type FROM message WHERE owner_id = $1 ORDER BY id",
                self.id,
            )
        return [row["type"] for row in rows] if len(rows) >= times else None

    async def _told(self, booking_id: UUID) -> str | None:
        async with pool_of(self._town, "notify") as pool:
            told: str | None = await pool.fetchval(
                "SELECT event FROM message WHERE booking_id = $1", booking_id
            )
            return told


@asynccontextmanager
async def pool_of(town: Town, service: str) -> AsyncIterator[asyncpg.Pool]:
    """As the service itself comes to its tables."""
    async with asyncpg.create_pool(town.stack.dsn(service), min_size=1, max_size=1) as pool:
        yield pool


async def soon(look: Callable[[], Awaitable[Any]]) -> Any:
    """What is found, once it is."""
    async with asyncio.timeout(SOON_SECONDS):
        while not (found := await look()):  # noqa: ASYNC110 - only the stack knows
            await asyncio.sleep(0.05)
        return found


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def test_one_says_that_they_come_and_two_gives_the_place_to_whoever_is_next(
    town: Town, session: aiohttp.ClientSession
) -> None:
    street = Street(town, session)
    slot_id = await street.open_slot(capacity=1)
    reader = Reader(town, session, uuid4())
    await reader.ask("PUT", "/me/contacts", {"email": None, "phone": PHONE})
    made = await reader.ask("POST", "/bookings", {"places": [{"slot_id": slot_id}]})
    booking_id = UUID(made["id"])
    await reader.is_reminded(booking_id)

    async def comes() -> bool:
        async with pool_of(town, "booking") as pool:
            said = "SELECT count(*) FROM coming WHERE booking_id = $1"
            return bool(await pool.fetchval(said, booking_id))

    async def is_cancelled() -> bool:
        found = await reader.ask("GET", f"/bookings/{booking_id}")
        return bool(found["status"] == "cancelled")

    await reader.writes("Что это?")
    assert not await comes()
    await reader.writes("1")
    await soon(comes)
    assert not await is_cancelled()
    await reader.writes("2!")
    await soon(is_cancelled)

    next_one = street.somebody("patient")
    status, _ = await next_one.post("/bookings", {"places": [{"slot_id": slot_id}]})
    assert status == 201
    assert await soon(lambda: reader.was_told(4)) == [
        "BookingConfirmed",
        "VisitReminder",
        "ReplyAnswer",
        "BookingRevoked",
    ]
