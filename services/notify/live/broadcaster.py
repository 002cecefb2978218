"""What is told to whom, in which order, so that nobody misses anything or hears it twice?

One loop does all of it, so that nothing can come in between: look what there is, tell it to those
who have caught up, place those who arrive, and let those who are behind catch up to this very
position. All streams that have caught up stand where the loop stands.
"""

import asyncio
import contextlib
import logging
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from services.notify import metrics
from services.notify.config import Config
from services.notify.live import frames
from services.notify.live.positions import START, Position, moved, reaches
from services.notify.live.streams import BEATS, Stream, Streams
from services.notify.store import Gap, LiveEvents, Look, Missed
from shared.database import is_outage
from shared.pulse import Pulse

log = logging.getLogger(__name__)

CATCHING_UP_MAX = 100
"""How many streams catch up in one turn, so that the others do not wait long for theirs."""

GATHER_SECONDS = 0.05
"""How long what wakes the loop may gather: many who arrive at once cost few looks."""

OUTAGE_SECONDS = 0.5
IDLE_SECONDS = 1.0
SILENCE_SECONDS_MAX = 10.0
"""Longer than a look at the database may take; a loop that is silent for so long hangs."""


class Arrival(NamedTuple):
    """A stream that wants to be told what comes after `asked`; None is what comes from now on."""

    stream: Stream
    asked: Position | None
    placed: asyncio.Future[Position]

    def place(self, here: Position) -> None:
        """Let it begin, unless it did not wait so long."""
        if not self.placed.done():
            self.stream.position = here if self.asked is None else self.asked
            self.placed.set_result(self.stream.position)

    def give_up(self) -> None:
        """Nobody will place it here any more."""
        if not self.placed.done():
            self.placed.set_exception(TimeoutError())


class Broadcaster:
    """The streams of this process, and the loop that tells them what happens."""

    def __init__(self, config: Config, events: LiveEvents) -> None:
        self.streams = Streams(
            most=config.live_streams_max,
            most_per_person=config.live_streams_per_person_max,
            waiting_bytes_max=config.live_waiting_bytes_max,
        )
        self._config = config
        self._events = events
        self._position: Position | None = None
        self._arriving: list[Arrival] = []
        self._behind: dict[Stream, None] = {}
        self._work = asyncio.Event()
        self._stopping = False
        self.pulse = Pulse(SILENCE_SECONDS_MAX)

    # ---- for who serves a stream ---------------------------------------------------------------

    async def place(self, stream: Stream, asked: Position | None) -> Position:
        """Where the stream begins; TimeoutError when the database cannot say soon enough.

        That takes a look which begins after it was asked. So what a client does once it has its
        first bytes is told to it, and no other process can have told it more than is known here.
        """
        if self._stopping:
            raise TimeoutError
        placed: asyncio.Future[Position] = asyncio.get_running_loop().create_future()
        self._arriving.append(Arrival(stream, asked, placed))
        self.wake()
        async with asyncio.timeout(self._config.live_arrival_seconds):
            return await placed

    def follow(self, stream: Stream) -> None:
        """The stream is open: from where it was placed, tell it everything."""
        if self._stopping:
            stream.end()
            return
        self._behind[stream] = None
        self.wake()

    def leave(self, stream: Stream) -> None:
        """It is served no more."""
        self._behind.pop(stream, None)
        self.streams.remove(stream)

    def wake(self) -> None:
        """There may be something to tell."""
        self._work.set()

    # ---- the loop ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Tell until `stop`; an outage of the database is waited out, and streams stay open."""
        async with asyncio.TaskGroup() as tasks:
            beating = tasks.create_task(self._beat_each())
            while not self._stopping:
                self.pulse.beat()
                try:
                    more = await self.turn()
                except Exception as error:
                    if not is_outage(error):
                        raise
                    log.warning("waits out an outage", extra={"error": repr(error)})
                    await asyncio.sleep(OUTAGE_SECONDS)
                    continue
                if not more:
                    await self._rest()
            beating.cancel()

    def stop(self) -> None:
        """End every stream in good order, at once, even while the database says nothing."""
        self._stopping = True
        for arrival in self._arriving:
            arrival.give_up()
        self.streams.end_all()
        self.wake()

    async def turn(self) -> bool:
        """Look once, and do what there is to do; True when there is more at once."""
        self._work.clear()
        if not self.streams:
            # Nobody listens. Whoever comes first begins at what is then the present.
            self._position = None
            return False
        arrived = len(self._arriving)
        if self._position is None:
            look = await self._events.look(START, 0)
        else:
            look = await self._events.look(self._position, self._config.live_rows_max)
        here = self._tell(look)
        arrivals, self._arriving = self._arriving[:arrived], self._arriving[arrived:]
        for arrival in arrivals:
            arrival.place(here)
        more = await self._catch_up(here, look.taken)
        return more or here != look.taken

    def beat(self) -> None:
        """Show one group of streams that they live, and where they stand."""
        self.streams.beat(self._position)

    async def _rest(self) -> None:
        patience = self._config.live_poll_seconds if self.streams else IDLE_SECONDS
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._work.wait(), patience)
        await asyncio.sleep(GATHER_SECONDS)

    async def _beat_each(self) -> None:
        while True:
            await asyncio.sleep(self._config.live_heartbeat_seconds / BEATS)
            self.beat()

    # ---- what a turn does ----------------------------------------------------------------------

    def _tell(self, look: Look) -> Position:
        """Tell the rows to their owners, one after the other; where that leads to."""
        here = self._position
        if here is not None and not _goes_on(here, look):
            log.error("the positions known here are gone", extra={"streams": len(self.streams)})
            self.streams.end_all()
            here = None
        if here is None:
            self._position = look.taken
            return look.taken
        for home, rows in enumerate(look.rows):
            for row in rows:
                here = moved(here, home, row.seq)
                own = [s for s in self.streams.of(row.owner_id) if s.position is None]
                if own:
                    _say(own, frames.told(row.event, here))
                    metrics.LIVE_LAG_SECONDS.observe(row.age_seconds)
            here = moved(here, home, look.reached[home])
        self._position = here
        return here

    async def _catch_up(self, here: Position, taken: Position) -> bool:
        """Tell some of those who have not caught up what they missed; True when more is to do.

        Who comes from a process that was quicker may stand before `here` in a partition. There is
        nothing to tell of it then, and it joins the others when they have come so far.
        """
        ready: list[tuple[Stream, list[Gap]]] = []
        for stream in list(self._behind):
            stands = stream.position
            assert stands is not None
            if not reaches(taken, stands):
                # Nobody has told anything beyond `taken`: this database is not the one that was.
                self._begin_anew(stream, here)
            elif stream.has_room:
                ready.append((stream, _gaps(stream.owner_id, stands, here)))
            if len(ready) == CATCHING_UP_MAX:
                break
        gaps = [gap for _, some in ready for gap in some]
        found = iter(await self._missed(gaps))
        for stream, some in ready:
            self._bring_up(stream, list(zip(some, islice(found, len(some)), strict=True)), here)
        return bool(ready and self._behind)

    async def _missed(self, gaps: list[Gap]) -> list[Missed]:
        return await self._events.missed(gaps, self._config.live_missed_rows_max) if gaps else []

    def _bring_up(self, stream: Stream, missed: list[tuple[Gap, Missed]], here: Position) -> None:
        """Tell one stream what was found in its gaps; where that was all, it has caught up."""
        if any(found.forgotten for _, found in missed):
            self._begin_anew(stream, here)
            return
        stands = stream.position
        assert stands is not None
        page = []
        for gap, found in missed:
            for seq, event in found.events:
                stands = moved(stands, gap.home, seq)
                page.append(frames.told(event, stands))
            if len(found.events) < self._config.live_missed_rows_max:
                stands = moved(stands, gap.home, gap.until)
        stream.position = stands
        metrics.told["missed"].inc(len(page))
        if stands == here:
            self._join(stream)
        if missed:
            stream.say(b"".join(page) + frames.standing(stands))

    def _begin_anew(self, stream: Stream, here: Position) -> None:
        metrics.LIVE_RESETS.inc()
        self._join(stream)
        stream.say(frames.reset(here))

    def _join(self, stream: Stream) -> None:
        """It stands where all the others do."""
        stream.position = None
        self._behind.pop(stream, None)


def _goes_on(here: Position, look: Look) -> bool:
    """False when the database knows less than was told, or has forgotten what was not."""
    return reaches(look.taken, here) and reaches(here, look.forgotten)


def _gaps(owner_id: UUID, stands: Position, here: Position) -> list[Gap]:
    pairs = enumerate(zip(stands, here, strict=True))
    return [Gap(owner_id, home, after, until) for home, (after, until) in pairs if after < until]


def _say(streams: list[Stream], frame: bytes) -> None:
    for stream in streams:
        stream.say(frame)
    metrics.told["at_once"].inc(len(streams))
