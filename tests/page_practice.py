"""What is there for a visitor to find? A practice of their own, with the slots they need."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import aiohttp

from deploy.local.stack import Stack
from talon.tokens import Signer

MOSCOW = ZoneInfo("Europe/Moscow")
VISIT = "clinic-visit"
SLOT = timedelta(minutes=30)
TOKEN_HOURS = 1.0
REFEREES = 2
"""As many as the stack of the tests has (`tests/town.py`)."""

LOOK_SECONDS = 0.05
KNOWN_SECONDS = 10.0
"""How long it may take until what was opened is known everywhere."""


class Desk:
    """Asks the API at the edge, as staff or as any patient."""

    def __init__(self, session: aiohttp.ClientSession, stack: Stack) -> None:
        self._session = session
        self._stack = stack
        self._signer = Signer(stack)
        self.operator = self._signer.sign(uuid4(), ["operator"], hours=TOKEN_HOURS)

    def patient(self, hours: float = TOKEN_HOURS) -> str:
        """The token of a patient whom nobody has seen before."""
        return self._signer.sign(uuid4(), ["patient"], hours=hours)

    async def ask(self, method: str, path: str, token: str, body: Any = None) -> Any:
        """Ask for something that must be granted, and get what is said of it."""
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
        url = f"{self._stack.edge}/api/v1{path}"
        async with asyncio.timeout(KNOWN_SECONDS):
            while True:
                async with self._session.request(method, url, json=body, headers=headers) as answer:
                    said = await answer.json()
                    status = answer.status
                # What was opened a moment ago may not be known at the front desk yet.
                if said.get("code") != "slot_unknown":
                    break
                headers["Idempotency-Key"] = str(uuid4())
                await asyncio.sleep(LOOK_SECONDS)
        assert status in (200, 201), f"{method} {path}: {status} {said}"
        return said

    async def look(self, path: str) -> str:
        """In which state something is, as one of the processes says at this moment."""
        headers = {"Authorization": f"Bearer {self.operator}"}
        url = f"{self._stack.edge}/api/v1{path}"
        async with self._session.get(url, headers=headers) as answer:
            said: dict[str, Any] = await answer.json()
            return str(said.get("state", said.get("code")))

    async def book(self, slot: str, token: str, dose: int | None = None) -> str:
        """A booking of one place, by its id."""
        body = {"places": [{"slot_id": slot, "dose": dose}]}
        return str((await self.ask("POST", "/bookings", token, body))["id"])

    async def bookings(self, token: str) -> list[dict[str, Any]]:
        """What this patient has that is booked."""
        said = await self.ask("GET", "/bookings", token)
        return [booking for booking in said["bookings"] if booking["status"] == "booked"]

    async def televisit(self, practice: "Practice", token: str) -> dict[str, Any]:
        """A telemedicine visit in three minutes, booked: who comes by which link to what."""
        slot, soon = str(uuid4()), datetime.now(MOSCOW)
        opened = {"service": "telemedicine-visit", "modality": "virtual", "capacity": 1, "id": slot}
        opened |= {"starts_at": (soon + timedelta(minutes=3)).isoformat()}
        opened |= {"ends_at": (soon + timedelta(minutes=18)).isoformat()}
        doctor = {"id": str(uuid4()), "name": "Practitioner No. 7", "qualification": "Therapist"}
        opened |= {"practitioner_id": doctor["id"]}
        path = f"/clinics/{practice.id}"
        await self.ask("PUT", f"{path}/practitioners", self.operator, doctor)
        await self.ask("POST", f"{path}/slots", self.operator, {"slots": [opened]})
        booking = await self.book(slot, token)
        said = await self.ask("GET", f"/bookings/{booking}/visits", token)
        found: dict[str, Any] = said["visits"][0]
        return found

    async def campaign(self) -> str:
        """A campaign of two doses, the second three to five days after the first."""
        about = {"name": f"Campaign No. {uuid4().int % 10**9:09}", "service": "vaccination"}
        about |= {"opens_at": "2026-01-12T08:00:00+03:00"}
        doses = {"doses": 2, "min_days": 3, "max_days": 5}
        return str((await self.ask("POST", "/campaigns", self.operator, about | doses))["id"])

    async def practice(self, **about: Any) -> "Practice":
        """A clinic that no other test knows, far from all others."""
        number = uuid4().int
        name = f"Polyclinic No. {number % 10**9:09}"
        place = {"latitude": number % 9_000 / 100 - 45, "longitude": number % 17_000 / 100 - 85}
        body = {"name": name, "time_zone": "Europe/Moscow", "address": "Nowhere 1"} | place | about
        said = await self.ask("POST", "/clinics", self.operator, body)
        await self._learned(f"/clinics/{said['id']}")
        return Practice(self, said["id"], said["name"], ZoneInfo(said["time_zone"]))

    async def _learned(self, path: str) -> None:
        """Each referee says that it is there: one hears of it from another, by the log."""
        async with asyncio.timeout(KNOWN_SECONDS):
            for instance in range(REFEREES):
                url = f"{self._stack.api('slots', instance)}/api/v1{path}"
                while True:
                    async with self._session.get(url) as answer:
                        if answer.status == 200:
                            break
                    await asyncio.sleep(LOOK_SECONDS)


class Practice:
    """One clinic and its slots by their time."""

    def __init__(self, desk: Desk, clinic: str, name: str, zone: ZoneInfo) -> None:
        self._desk = desk
        self.id = clinic
        self.name = name
        self.day: date = datetime.now(zone).date() + timedelta(days=2)
        self.slots: dict[str, str] = {}
        self._zone = zone

    async def doctor(self) -> str:
        """Somebody who has slots of their own here."""
        said = {"id": str(uuid4()), "name": "Practitioner No. 1"}
        await self._desk.ask("PUT", f"/clinics/{self.id}/practitioners", self._desk.operator, said)
        return said["id"]

    async def afar(self, times: Sequence[str]) -> "Practice":
        """Half an hour each in which a doctor sees people from afar."""
        about = {"modality": "virtual", "practitioner_id": await self.doctor()}
        return await self.opens(times, service="telemedicine-visit", **about)

    async def gives(self, dose: int, time: str, *, later: int = 0, product: str) -> "Practice":
        """Half an hour for one person's dose, in two days or so many days later."""
        about = {"service": "vaccination", "product": product, "dose": dose}
        return await self.opens([time], later=later, **about)

    async def opens(
        self,
        times: Sequence[str],
        capacity: int = 1,
        service: str = VISIT,
        later: int = 0,
        **about: Any,
    ) -> "Practice":
        """Slots of half an hour at these times, in two days or so many days later."""
        days = timedelta(days=later)
        slots = [
            {
                "id": str(uuid4()),
                "service": service,
                "starts_at": (self.at(clock) + days).isoformat(),
                "ends_at": (self.at(clock) + days + SLOT).isoformat(),
                "capacity": capacity,
            }
            | about
            for clock in times
        ]
        path = f"/clinics/{self.id}/slots"
        await self._desk.ask("POST", path, self._desk.operator, {"slots": slots})
        self.slots |= {clock: str(slot["id"]) for clock, slot in zip(times, slots, strict=True)}
        return self

    def at(self, clock: str) -> datetime:
        """The moment of this time of day."""
        return datetime.combine(self.day, time.fromisoformat(clock), self._zone)

    def address(self, service: str = VISIT) -> str:
        """Where on the page it is."""
        return f"#/clinic/{UUID(self.id)}?service={service}&date={self.day}"
