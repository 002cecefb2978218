"""How do thousands a second get a place in line? Those who come together are written together."""

import asyncio
import logging
from collections import deque
from uuid import UUID

from services.booking.store import Rooms
from services.booking.store.database import OUTAGES

log = logging.getLogger(__name__)

Coming = tuple[UUID, asyncio.Future[int | None]]


class TooManyComeError(Exception):
    """As many wait to be written down as may; whoever comes now is asked to come again."""


class NotOpenError(Exception):
    """The room was not open yet, by PostgreSQL's clock."""


class Joining:
    """Takes people into the line in the order in which they came to this process."""

    def __init__(self, rooms: Rooms, *, batch_max: int, waiting_max: int) -> None:
        self._rooms = rooms
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._waiting = 0
        self._come: dict[UUID, deque[Coming]] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}

    async def join(self, campaign_id: UUID, person_id: UUID) -> int | None:
        """Their place, which they keep however often they come; None until it is drawn.

        Raises NotOpenError, TooManyComeError, or what the database raises when it is away.
        """
        if self._waiting >= self._waiting_max:
            raise TooManyComeError
        mine: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._come.setdefault(campaign_id, deque()).append((person_id, mine))
        self._waiting += 1
        if campaign_id not in self._tasks:
            self._tasks[campaign_id] = asyncio.create_task(self._write(campaign_id))
        try:
            return await mine
        finally:
            self._waiting -= 1

    async def _write(self, campaign_id: UUID) -> None:
        """Batch after batch while somebody is there: the next gathers while one is written."""
        come = self._come[campaign_id]
        try:
            while come:
                batch = [come.popleft() for _ in range(min(len(come), self._batch_max))]
                await self._write_batch(campaign_id, batch)
        finally:
            del self._tasks[campaign_id]

    async def _write_batch(self, campaign_id: UUID, batch: list[Coming]) -> None:
        # Whoever comes twice at once, by two tabs, comes once.
        persons = list(dict.fromkeys(person_id for person_id, _ in batch))
        try:
            places = await self._rooms.join(campaign_id, persons)
        except OUTAGES as error:
            _fail(batch, error)
            return
        except Exception as error:
            log.error("people cannot be taken into the line", exc_info=error)
            _fail(batch, error)
            return
        for person_id, future in batch:
            if future.done():
                continue  # They left; their place is kept for them all the same.
            if person_id in places:
                future.set_result(places[person_id])
            else:
                future.set_exception(NotOpenError())


def _fail(batch: list[Coming], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
