"""May somebody of the staff come in now, beside the line? Who is too early hears so at once."""

import asyncio
from uuid import UUID

from services.booking import metrics
from services.booking.memory import Recent
from services.booking.store.staff_doors import NotYet, StaffDoors

CAME_MAX = 10_000
"""Of so many wishes this process remembers that they came in."""


class StaffEntrance:
    """Asks for one at a time; while none may come in, nobody asks the database.

    So whoever comes too early costs nothing, however many they are.
    """

    def __init__(self, doors: StaffDoors) -> None:
        self._doors = doors
        self._full_until: dict[UUID, float] = {}
        self._came: Recent[UUID, UUID] = Recent(CAME_MAX)
        self._one_at_a_time = asyncio.Lock()

    async def come(self, campaign_id: UUID, wish_id: UUID) -> float | NotYet:
        """0 where the wish has come in, now or before; else how many seconds it is too early."""
        if self._came.get(wish_id) == campaign_id:
            return 0.0
        said = self._too_early(campaign_id)
        if said == 0:
            async with self._one_at_a_time:
                said = self._too_early(campaign_id) or await self._ask(campaign_id, wish_id)
        metrics.staff_turns["in" if said == 0 else "too_early"].inc()
        return said

    def _too_early(self, campaign_id: UUID) -> float | NotYet:
        now = asyncio.get_running_loop().time()
        return max(0.0, self._full_until.get(campaign_id, now) - now)

    async def _ask(self, campaign_id: UUID, wish_id: UUID) -> float | NotYet:
        said = await self._doors.come(campaign_id, wish_id)
        if said == 0:
            self._came.put(wish_id, campaign_id)
        elif not isinstance(said, str):
            self._full_until[campaign_id] = asyncio.get_running_loop().time() + said
        return said
