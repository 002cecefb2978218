"""What is known of each line, and who moves it? Looked at twice a second, moved by one process.

Whoever asks how far the line is reads what this process last saw. All of it is in the database, so
it goes on after a kill where it was.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from uuid import UUID

from services.booking import metrics
from services.booking.admission.promises import Promise, Promises, Told
from services.booking.config import Config
from services.booking.rules.line import Bounds, Came, Pace, Pressure, Room, Wait, pace_of, wait_of
from services.booking.store import Rooms
from services.booking.store.database import OUTAGES
from shared.counting import Found
from shared.pulse import Pulse

log = logging.getLogger(__name__)

PACE_SECONDS = 10.0
"""Over how long a pace is taken."""

PACES_MAX = 30
"""How many paces are kept: five minutes of them."""

FRESH_SECONDS = 5.0
"""How old what a front desk told of its pressure may be."""

SILENCE_SECONDS_MAX = 10.0


class Paces:
    """How fast a line has moved of late."""

    def __init__(self) -> None:
        self.lately: deque[float] = deque(maxlen=PACES_MAX)
        self._from: tuple[float, float] | None = None

    def see(self, at: float, room: Room) -> None:
        """So far it was at that moment; while nobody stands in it, it has no pace."""
        if room.serving >= room.arrivals or room.drawn_at is None:
            self._from = None
            return
        if self._from is None:
            self._from = at, room.serving
            return
        seconds = at - self._from[0]
        if seconds >= PACE_SECONDS:
            self.lately.append((room.serving - self._from[1]) / seconds)
            self._from = at, room.serving


class Lines:
    """The rooms as this process last saw them."""

    def __init__(self, rooms: Rooms, config: Config, read_pressure: Callable[[], Pressure]) -> None:
        self.pulse = Pulse(SILENCE_SECONDS_MAX)
        self._rooms = rooms
        self._config = config
        self._read_pressure = read_pressure
        self._known: dict[UUID, Room] = {}
        self._open = 0
        self._paces: dict[UUID, Paces] = {}
        self._promises = Promises(_count)
        self._bounds = Bounds(
            answer_seconds_max=config.admission_answer_seconds_max,
            seats_share_max=config.admission_seats_share_max,
        )

    @property
    def is_anywhere(self) -> bool:
        """True where any campaign has a waiting room that is not closed."""
        return self._open > 0

    def room(self, campaign_id: UUID) -> Room | None:
        """The campaign's room, if it has one."""
        return self._known.get(campaign_id)

    def rooms_before(self, campaign_id: UUID | None, services: Iterable[str]) -> list[Room]:
        """Through which of these rooms one comes to a place: the campaign's own, or, whatever the
        wish calls itself, one that stands before the same service.
        """
        own = None if campaign_id is None else self._known.get(campaign_id)
        if own is not None:
            return [] if own.closed_at is not None else [own]
        wanted = set(services)
        return [room for room in self._open_rooms() if room.service in wanted]

    def pace(self, room: Room) -> Pace:
        """How many people a second will go in, by how many went in of late."""
        seen = self._paces.get(room.campaign_id)
        return pace_of(room, list(seen.lately) if seen is not None else [])

    def wait_for(self, room: Room, place: int) -> Wait:
        """How long it takes until it is that place's turn; whoever is told so holds us to it."""
        wait = wait_of(place - int(room.serving), self.pace(room))
        at = asyncio.get_running_loop().time()
        self._promises.tell(room.campaign_id, Promise(place, "ticket", at, wait))
        return wait

    def people(self) -> Found:
        """How many stand in each line."""
        return [((str(r.campaign_id),), r.arrivals - int(r.serving)) for r in self._open_rooms()]

    def serving(self) -> Found:
        """How far each line has moved."""
        return [((str(room.campaign_id),), room.serving) for room in self._open_rooms()]

    def speeds(self) -> Found:
        """How many people a second come in from each."""
        return [((str(room.campaign_id),), room.speed) for room in self._open_rooms()]

    def limits(self) -> Found:
        """Between how many people a second somebody lets come in from each."""
        for room in self._open_rooms():
            yield (str(room.campaign_id), "least"), room.speed_min
            yield (str(room.campaign_id), "most"), room.speed_max

    def _open_rooms(self) -> list[Room]:
        return [room for room in self._known.values() if room.closed_at is None]

    async def look(self) -> None:
        """See the rooms as they are now."""
        now = asyncio.get_running_loop().time()
        rooms = await self._rooms.all()
        for room in rooms:
            self._paces.setdefault(room.campaign_id, Paces()).see(now, room)
            self._promises.see(room, self.pace(room), now)
        self._known = {room.campaign_id: room for room in rooms}
        self._open = len(self._open_rooms())

    async def step(self) -> None:
        """Tell how those inside fare, draw what is due, move what is to be moved, look."""
        if self._open:
            await self._rooms.tell_pressure(self._config.instance, self._read_pressure())
            for campaign_id, people in await self._rooms.draw_what_is_due():
                log.info("drawn", extra={"campaign": str(campaign_id), "people": people})
            every = self._config.admission_seconds
            await self._rooms.move_lines(every, FRESH_SECONDS, self._bounds)
        await self.look()

    async def run(self) -> None:
        """Step after step; while the database is away nobody comes in or loses a place."""
        while True:
            try:
                await self.step()
                self.pulse.beat()
            except OUTAGES as error:
                log.warning("the lines stand still", extra={"error": repr(error)})
                self.pulse.beat()
            await asyncio.sleep(self._config.admission_seconds)


def _count(told: Told, came: Came) -> None:
    metrics.line_promises[told, came].inc()
