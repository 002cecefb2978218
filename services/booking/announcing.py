"""Who lets more people be told of an announcement, as time goes by? Any process, one at a time."""

import asyncio
import logging
from datetime import datetime

from services.booking import metrics
from services.booking.config import Config
from services.booking.pending import SILENCE_SECONDS_MAX
from services.booking.rules.announcements import Announcement, Pace, to_release
from services.booking.store import Announcements
from services.booking.store.database import OUTAGES
from shared.pulse import Pulse

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


def pace_of(config: Config) -> Pace:
    """How fast people are told, as it is set."""
    return Pace(
        people_first=config.announcement_people_first,
        rest_seconds=config.announcement_rest_seconds,
        people_per_second=config.announcement_people_per_second,
    )


class Announcer:
    """Lets as many be told as the pace says; the projector tells them."""

    def __init__(self, announcements: Announcements, pace: Pace) -> None:
        self._announcements = announcements
        self._pace = pace
        self.pulse = Pulse(SILENCE_SECONDS_MAX)

    async def run(self) -> None:
        """Look for ever; an outage is waited out."""
        while True:
            self.pulse.beat()
            try:
                released = await self._announcements.release(self._how_many)
                metrics.ANNOUNCED_PEOPLE.inc(released)
            except OUTAGES as error:
                log.warning("announcements wait", extra={"error": repr(error)})
            await asyncio.sleep(LOOK_SECONDS)

    def _how_many(self, announcement: Announcement, now: datetime) -> int:
        return to_release(announcement, now, self._pace)
