"""What is forgotten though nobody asks, and when? By rule, some at a time."""

import asyncio
import logging

from services.booking import metrics
from services.booking.config import Config
from services.booking.store import (
    Announcements,
    Consents,
    People,
    Profiles,
    Relations,
    Rooms,
)
from services.booking.store.database import OUTAGES

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.1


class Retention:
    """Erases persons of whom nothing was heard for long; forgets consents and lines long over."""

    def __init__(
        self,
        config: Config,
        *,
        people: People,
        profiles: Profiles,
        consents: Consents,
        rooms: Rooms,
        relations: Relations,
        announcements: Announcements,
    ) -> None:
        self._config = config
        self._people = people
        self._profiles = profiles
        self._consents = consents
        self._rooms = rooms
        self._relations = relations
        self._announcements = announcements

    async def run(self) -> None:
        """Bite after bite while there is something old, then again after a while."""
        while True:
            gone = 0
            try:
                gone = await self.forget()
            except OUTAGES as error:
                log.warning("what is old was not forgotten", extra={"error": repr(error)})
            await asyncio.sleep(PAUSE_SECONDS if gone else self._config.retention_seconds)

    async def forget(self) -> int:
        """One bite: how many persons, consents, places in old lines and tellings are gone."""
        config = self._config
        days, most = config.profiles_kept_days, config.retention_people_max
        erased = 0
        for person_id in await self._profiles.out_of_use(days=days, people_max=most):
            erased += await self._people.erase_unused(person_id, days=days)
        metrics.erased["unused"].inc(erased)
        forgotten = await self._consents.forget_old(days=config.consents_kept_days, rows_max=most)
        forgotten += await self._relations.forget_old(days=config.consents_kept_days, rows_max=most)
        metrics.CONSENTS_FORGOTTEN.inc(forgotten)
        waited = await self._rooms.forget_old(days=config.lines_kept_days, rows_max=most)
        told = await self._announcements.forget_old(days=config.announced_kept_days, rows_max=most)
        return erased + forgotten + waited + told
