"""Who opens the days of schedules without an end? Any process, one schedule at a time, in steps.

A lease says whose turn it is, and no command of it is decided later than that. What a day means is
written down before its slots are asked for, each under an id of its own; so who dies leaves nothing
but the same step to be asked for again, and two who ask for it at once open nothing twice.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from services.slots.api import Desk
from services.slots.api.opening import open_slot, opened_of
from services.slots.rules.horizons import horizon, look_at, step
from services.slots.rules.schedules import ONE_DAY, Schedule, slots_of
from services.slots.store.schedules import LEASE_SECONDS, Due, OfClinic
from shared import database
from shared.messages import OpenSlot
from shared.problems import Problem
from shared.pulse import Pulse
from shared.topics import COMMANDS_PER_RECORD_MAX

log = logging.getLogger(__name__)

SLOTS_PER_STEP_MAX = 4 * COMMANDS_PER_RECORD_MAX
"""One step, and the most between two pauses: people who book come in between."""

LOOKS_MAX = 100
"""How many schedules are looked at between two pauses."""

MEASURE_SECONDS = 10.0

SILENCE_SECONDS_MAX = 60.0
"""Longer than a step takes whose answers do not come."""


class Turn(NamedTuple):
    """A schedule, the first of its versions, and whether its time is still somebody's."""

    schedule: Schedule
    first: Schedule
    goes_on: bool


class _LeaseOverError(Exception):
    """The rest is whoever's turn it is next."""


class Ahead:
    """Keeps every schedule without an end open so many days ahead."""

    def __init__(
        self,
        desk: Desk,
        *,
        lease_seconds: float = LEASE_SECONDS,
        slots_max: int = SLOTS_PER_STEP_MAX,
    ) -> None:
        self.pulse = Pulse(SILENCE_SECONDS_MAX)
        self.on_step: Callable[[int, int], None] = lambda opened, refused: None
        self.on_failure: Callable[[], None] = lambda: None
        self.least_days = float(desk.ahead_days)
        self._desk = desk
        self._lease_seconds = lease_seconds
        self._slots_max = slots_max
        self._measured_at = 0.0

    async def run(self, look_seconds: float) -> None:
        """Look for ever; an outage is waited out."""
        while True:
            self.pulse.beat()
            try:
                await self.look()
                await self._measure()
            except database.AWAY as error:
                log.warning("days wait to be opened", extra={"error": repr(error)})
            await asyncio.sleep(look_seconds)

    async def look(self) -> int:
        """Open what is due, up to so many slots; how many were asked for."""
        asked = 0
        for _ in range(LOOKS_MAX):
            due = None
            if asked < self._slots_max and not self._desk.asking.commands.away:
                due = await self._desk.schedules.claim_days(self._lease_seconds)
            if due is None:
                break
            slots = await self._turn(due)
            self.pulse.beat()
            if slots is None:
                break
            asked += slots
        return asked

    async def _turn(self, due: Due) -> int | None:
        """None where it fails: it waits for the end of its lease, and others come after a pause."""
        about = {"schedule": due.id, "clinic": due.clinic_id}
        try:
            return await self._step(due)
        except (_LeaseOverError, Problem) as error:
            log.warning("days of a schedule were not opened", extra=about | {"error": repr(error)})
        except database.AWAY:
            self.on_failure()
            raise
        except Exception as error:
            log.error("days of a schedule cannot be opened", exc_info=error, extra=about)
        self.on_failure()
        return None

    async def _step(self, due: Due) -> int:
        turn = await self._settled(due)
        if turn is None:
            return 0
        schedule, zone = turn.schedule, ZoneInfo(turn.schedule.time_zone)
        assert schedule.opened_until is not None
        until, now = step(schedule, zone, self._slots_max), self._desk.clock.now()
        since = schedule.opened_until + ONE_DAY
        coming = [slot for slot in slots_of(schedule, zone, since, until) if slot.starts_at > now]
        commands = (open_slot(self._desk, turn.first, schedule, slot) for slot in coming)
        replies = await self._desk.ask_each(
            self._within(due, commands), schedule.clinic_id, begun=True
        )
        opened, now = opened_of(replies), self._desk.clock.now()
        after = msgspec.structs.replace(schedule, opened_until=until)
        again = look_at(after, now, zone, self._desk.ahead_days, goes_on=turn.goes_on)
        if await self._desk.schedules.note_days(schedule, until, opened=opened, look_at=again):
            self.on_step(opened, len(replies) - opened)
        return len(replies)

    async def _settled(self, due: Due) -> Turn | None:
        """The schedule with what its next days mean, which is written down before they are opened;
        None where it was withdrawn.
        """
        async with self._desk.schedules.of_clinic(due.clinic_id) as clinic:
            assert clinic is not None, "a schedule is of a clinic"
            versions = (await clinic.series(due.id)).versions
            schedule = next(version for version in versions if version.id == due.id)
            if schedule.withdrawn_at is not None:
                return None
            whose = schedule.practitioner_id
            goes_on = whose is None or await clinic.knows(whose)
            if goes_on and schedule.opened_until == schedule.meant_until:
                schedule = await self._further(clinic, schedule)
            return Turn(schedule, versions[0], goes_on)

    async def _further(self, clinic: OfClinic, schedule: Schedule) -> Schedule:
        zone = ZoneInfo(schedule.time_zone)
        until = horizon(schedule, clinic.now, zone, self._desk.ahead_days)
        assert schedule.meant_until is not None
        if until == schedule.meant_until:
            return schedule
        closed = await clinic.holidays(schedule.meant_until + ONE_DAY, until)
        await clinic.mean(schedule.id, until, closed)
        return msgspec.structs.replace(
            schedule, meant_until=until, holidays=(*schedule.holidays, *closed)
        )

    def _within(self, due: Due, commands: Iterator[OpenSlot]) -> Iterator[OpenSlot]:
        """Nothing is asked for, or decided, once it may be another's turn."""
        for command in commands:
            if self._desk.clock.now() >= due.lease_until:
                raise _LeaseOverError
            yield msgspec.structs.replace(command, deadline=due.lease_until)

    async def _measure(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._measured_at + MEASURE_SECONDS:
            return
        days = await self._desk.schedules.days_ahead()
        self.least_days = float(self._desk.ahead_days if days is None else days)
        self._measured_at = now
