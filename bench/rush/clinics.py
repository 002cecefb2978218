"""What is there to book? One slot that everyone wants, and a thousand others, set up by HTTP."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from deploy.local.stack import SUPERUSER, Stack
from shared.messages import CAPACITY_MAX
from shared.statements import load
from talon.doors import Doors
from talon.mistakes import MistakeError
from talon.tokens import Signer

CLINICS = 40
SLOTS_PER_CLINIC = 25
DOSES = 4
"""So often may each patient book under one campaign, as is said in `bookings.lua`."""

DAYS_APART_MAX = 3_650
SERVICE = "vaccination"
HOT_CAPACITY = 100_000_000
FIRST_IN = timedelta(days=30)
LENGTH = timedelta(minutes=30)
TOKEN_HOURS = 12.0
ATTEMPTS_MAX = 40
PAUSE_SECONDS = 0.5
MADE = 201

SQL = load("bench.rush")


class Town(msgspec.Struct, frozen=True, kw_only=True):
    """The slots by what they are for."""

    hot: UUID
    uniform: tuple[UUID, ...]
    clinics: tuple[UUID, ...]
    """Whose the thousand are, in their order."""

    full: UUID
    """Room for one person, who has it."""


class Operator:
    """Whoever sets clinics and campaigns up, through the edge like any other, or at one `door`."""

    def __init__(self, stack: Stack, doors: Doors, door: str = "") -> None:
        self._doors = doors
        self._api = f"{door}/api/v1" if door else doors.api
        self._signer = Signer(stack)
        self._token = self._signer.sign(uuid4(), ["operator"], hours=TOKEN_HOURS)

    async def town(self, clinics: int = CLINICS) -> Town:
        """One clinic with the hot slot, and the thousand others over forty clinics."""
        _, (hot,) = await self._clinic("Polyclinic No. 1", 1)
        _, (full,) = await self._clinic(f"Polyclinic No. {clinics + 2}", 1, capacity=1)
        await self._fill(full)
        others = [
            await self._clinic(f"Polyclinic No. {number + 2}", SLOTS_PER_CLINIC)
            for number in range(clinics)
        ]
        return Town(
            hot=hot,
            uniform=tuple(slot_id for _, slot_ids in others for slot_id in slot_ids),
            clinics=tuple(clinic_id for clinic_id, _ in others),
            full=full,
        )

    async def campaign(self) -> UUID:
        """A new one, so that everybody may book anew."""
        campaign_id = uuid4()
        body = {
            "id": campaign_id,
            "name": "For the bench",
            "service": SERVICE,
            "opens_at": datetime.now(UTC) - timedelta(days=1),
            "doses": DOSES,
            "min_days": 0,
            "max_days": DAYS_APART_MAX,
        }
        await self._insist("/campaigns", body)
        return campaign_id

    async def _fill(self, slot_id: UUID) -> None:
        """Somebody takes the one place."""
        token = self._signer.sign(uuid4(), ["patient"], hours=TOKEN_HOURS)
        await self._insist("/bookings", {"places": [{"slot_id": slot_id}]}, token)

    async def _clinic(
        self, name: str, slots: int, capacity: int = CAPACITY_MAX
    ) -> tuple[UUID, list[UUID]]:
        clinic_id, slot_ids = uuid4(), [uuid4() for _ in range(slots)]
        about = {"id": clinic_id, "name": name, "time_zone": "Europe/Moscow"}
        await self._insist("/clinics", about)
        await self._insist(f"/clinics/{clinic_id}/slots", {"slots": _slots(slot_ids, capacity)})
        return clinic_id, slot_ids

    async def _insist(self, path: str, body: Any, token: str = "") -> None:
        """Ask until it is made; whatever else is answered ends the bench with what was said."""
        token = token or self._token
        url, key = f"{self._api}{path}", str(uuid4())
        for _ in range(ATTEMPTS_MAX):
            answer = await self._doors.ask("POST", url, token=token, key=key, body=body)
            if answer.status == MADE:
                return
            # A slot that was made this moment the front desk may not know yet.
            if 0 < answer.status < 500 and answer.code != "slot_unknown":
                break
            await asyncio.sleep(PAUSE_SECONDS)
        said = answer.body.decode(errors="replace") or answer.code
        raise MistakeError(f"POST {path} answered {answer.status}: {said}")


async def widen(stack: Stack, slot_id: UUID) -> None:
    """Room for a whole bench in one slot: no door takes so much, so the cluster's owner does it."""
    connection = await asyncpg.connect(stack.dsn(SUPERUSER))
    try:
        await connection.execute(SQL["widen"], slot_id, HOT_CAPACITY)
    finally:
        await connection.close()


def _slots(slot_ids: Sequence[UUID], capacity: int) -> list[dict[str, Any]]:
    first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + FIRST_IN
    return [
        {
            "id": slot_id,
            "service": SERVICE,
            "starts_at": first + nth * LENGTH,
            "ends_at": first + (nth + 1) * LENGTH,
            "capacity": capacity,
        }
        for nth, slot_id in enumerate(slot_ids)
    ]
