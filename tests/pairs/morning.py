"""What is there to be had? A campaign of two doses, and slots at clinics of several homes."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import msgspec

from deploy.local.stack import Stack
from talon.doors import Doors
from talon.tokens import Signer
from tests.pairs.sizes import Size

CLINICS = 4
DAYS_APART = 21
SLOT = timedelta(minutes=15)
SERVICE = "vaccination"
READ_PAGE = 100
READY_SECONDS = 0.5


class Morning(NamedTuple):
    """The campaign, and the slots of each dose: which clinic's, by their id."""

    campaign: UUID
    product: str
    firsts: dict[UUID, UUID]
    seconds: dict[UUID, UUID]

    @property
    def slots(self) -> list[UUID]:
        """All of them."""
        return [*self.firsts, *self.seconds]


async def open_morning(stack: Stack, doors: Doors, size: Size) -> Morning:
    """Staff open it."""
    staff = _Staff(doors, Signer(stack).sign(uuid4(), ["operator"], hours=1))
    clinics = [await staff.clinic(n) for n in range(CLINICS)]
    morning = Morning(uuid4(), f"Product No. {uuid4().int % 10**9:09}", {}, {})
    await staff.ask(
        "/campaigns",
        {
            "id": str(morning.campaign),
            "name": f"Campaign of {size.people} people",
            "service": SERVICE,
            "opens_at": "2026-01-12T08:00:00+03:00",
            "doses": 2,
            "min_days": DAYS_APART - 1,
            "max_days": DAYS_APART + 1,
        },
    )
    doses = (
        (1, 3, size.firsts, morning.firsts),
        (2, 3 + DAYS_APART, size.seconds, morning.seconds),
    )
    for dose, days, places, slots in doses:
        for nth, clinic in enumerate(clinics):
            some = [uuid4() for _ in range(nth, places // size.capacity, len(clinics))]
            slots.update(dict.fromkeys(some, clinic))
            about = {"service": SERVICE, "product": morning.product, "dose": dose}
            about |= {"capacity": size.capacity}
            await staff.open(clinic, some, days, about)
    return morning


class _Staff:
    def __init__(self, doors: Doors, token: str) -> None:
        self._doors = doors
        self._token = token

    async def ask(self, path: str, body: dict[str, Any]) -> Any:
        url = f"{self._doors.api}{path}"
        said = await self._doors.ask("POST", url, token=self._token, key=str(uuid4()), body=body)
        assert said.status in (200, 201), (path, said)
        return msgspec.json.decode(said.body)

    async def clinic(self, number: int) -> UUID:
        place = {"latitude": 55.7 + number / 100, "longitude": 37.6}
        named = {"name": f"Polyclinic No. {number + 1} of pairs", "time_zone": "Europe/Moscow"}
        return UUID((await self.ask("/clinics", named | place))["id"])

    async def open(self, clinic: UUID, ids: list[UUID], days: int, about: dict[str, Any]) -> None:
        begins = datetime.now(UTC).replace(hour=7, minute=0, second=0, microsecond=0)
        begins += timedelta(days=days)
        slots = [
            {
                "id": str(slot_id),
                "starts_at": (begins + nth * SLOT).isoformat(),
                "ends_at": (begins + (nth + 1) * SLOT).isoformat(),
            }
            | about
            for nth, slot_id in enumerate(ids)
        ]
        if slots:
            await self.ask(f"/clinics/{clinic}/slots", {"slots": slots})
