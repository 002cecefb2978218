"""What has another process done that this one is to know? Merged persons, and published rules."""

import asyncio
import logging

from services.booking.memory import Memory
from services.booking.store import Books, People
from services.booking.store.database import OUTAGES

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class Learning:
    """Looks once a second: both are few."""

    def __init__(self, memory: Memory, *, people: People, books: Books) -> None:
        self._memory = memory
        self._people = people
        self._books = books

    async def run(self) -> None:
        """For ever; while the database is away, what is known stays."""
        while True:
            try:
                await self.look()
            except OUTAGES as error:
                log.warning("merges and rules are not known anew", extra={"error": repr(error)})
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Once."""
        into = await self._people.merged()
        if into is not None:
            self._memory.identities.learn(into)
        published = await self._books.published_anew()
        if published is not None:
            self._memory.rules.learn(published)
