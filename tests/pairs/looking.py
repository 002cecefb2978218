"""What is so, by the database alone? Knows the tables, and no line of the referee's code."""

import asyncio
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
import msgspec

from deploy.local.stack import AUDITOR, Stack
from shared.database import AWAY
from tests.pairs.people import Scene
from tests.pairs.sizes import Size

LOOK_SECONDS = 0.2
QUERY_SECONDS = 5.0
CAUGHT_UP_SECONDS = 30.0
STILL = """
SELECT count(*) FILTER (WHERE state <> 'booked') AS held,
       count(*) FILTER (WHERE state = 'booked') AS booked,
       extract(epoch FROM clock_timestamp() - min(expires_at))::float8 AS late
  FROM slots.place WHERE slot_id = ANY ($1)
"""
SEATS = "SELECT booking_id, slot_id, state FROM slots.place WHERE slot_id = ANY ($1)"
ROOM = "SELECT id, capacity + extra AS most FROM slots.slot WHERE id = ANY ($1)"
BOOKINGS = "SELECT id, status, places FROM booking.booking WHERE campaign_id = $1"


class Seat(msgspec.Struct, frozen=True):
    """Of a place as the front desk keeps it: who is where for which dose."""

    slot_id: UUID
    patient_id: UUID
    dose: int


_decode = msgspec.json.Decoder(list[Seat]).decode


@dataclass
class Found:
    """What is so when nobody can have a pair any more."""

    pairs: int = 0
    halves: int = 0
    held: int = 0
    overfull: int = 0
    one_dose_only: int = 0
    twice: int = 0
    untold: int = 0
    """Booked, and nobody was told."""
    lost: int = 0
    """Told, and not booked."""
    differs: int = 0
    """Booked for one of the two, referee and front desk, and not for the other."""
    orphan_seconds: float = 0.0
    orphan_at: float = 0.0
    """How long after the beginning that was."""

    killed: Counter[str] = field(default_factory=Counter)
    kill_times: list[float] = field(default_factory=list)
    requests: int = 0
    repeats: int = 0
    abandoned: int = 0
    unanswered: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def broken(self) -> int:
        """How much is wrong that must never be."""
        counts = (self.halves, self.held, self.overfull, self.one_dose_only, self.twice)
        return sum((*counts, self.untold, self.lost, self.differs, len(self.strange)))


class Watch:
    """Looks five times a second whether a hold outlives its time, and whether all is had."""

    def __init__(self, stack: Stack, scene: Scene) -> None:
        self.orphan_seconds = 0.0
        self.orphan_at = 0.0
        self._stack = stack
        self._scene = scene

    async def run(self, size: Size, killer: "HasKilled") -> None:
        """Until all second doses are booked, nothing is held, and nobody is killed any more."""
        slots = self._scene.morning.slots
        while True:
            try:
                connection = await connect(self._stack)
            except AWAY:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            try:
                while True:
                    row = await connection.fetchrow(STILL, slots)
                    if (row["late"] or 0.0) > self.orphan_seconds:
                        self.orphan_seconds, self.orphan_at = row["late"], time.monotonic()
                    self._scene.booked = row["booked"] // 2
                    is_full = self._scene.booked == size.seconds and not row["held"]
                    if is_full and killer.is_done:
                        return
                    await asyncio.sleep(LOOK_SECONDS)
            except AWAY:
                continue
            finally:
                connection.terminate()


class HasKilled:
    """Whoever kills says when that is over."""

    is_done: bool


async def connect(stack: Stack) -> asyncpg.Connection:
    """As somebody who reads everything and changes nothing."""
    return await asyncpg.connect(
        stack.dsn(AUDITOR), timeout=QUERY_SECONDS, command_timeout=QUERY_SECONDS
    )


async def judge(stack: Stack, scene: Scene) -> Found:
    """Count, once the front desk has caught up."""
    connection = await connect(stack)
    try:
        until = time.monotonic() + CAUGHT_UP_SECONDS
        while True:
            found = await count(connection, scene)
            if found.broken == 0 or time.monotonic() > until:
                return found
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await connection.close()


async def count(connection: asyncpg.Connection, scene: Scene) -> Found:
    """All of it, as it is now."""
    found, morning = Found(), scene.morning
    seats: dict[UUID, list[UUID]] = defaultdict(list)
    taken: Counter[UUID] = Counter()
    for row in await connection.fetch(SEATS, morning.slots):
        taken[row["slot_id"]] += 1
        found.held += row["state"] != "booked"
        if row["state"] == "booked":
            seats[row["booking_id"]].append(row["slot_id"])
    for row in await connection.fetch(ROOM, morning.slots):
        found.overfull += taken[row["id"]] > row["most"]
    for slots in seats.values():
        is_whole = len(slots) == 2 and sum(slot in morning.firsts for slot in slots) == 1
        found.pairs += is_whole
        found.halves += not is_whole
    booked: dict[UUID, list[Seat]] = {
        row["id"]: _decode(row["places"])
        for row in await connection.fetch(BOOKINGS, morning.campaign)
        if row["status"] == "booked"
    }
    found.differs = len(set(booked) ^ set(seats))
    found.differs += sum(
        sorted(seat.slot_id for seat in booked[one]) != sorted(seats[one])
        for one in set(booked) & set(seats)
    )
    had: dict[UUID, list[int]] = defaultdict(list)
    for places in booked.values():
        for seat in places:
            had[seat.patient_id].append(seat.dose)
    found.one_dose_only = sum(len(set(doses)) == 1 for doses in had.values())
    found.twice = sum(len(doses) > len(set(doses)) for doses in had.values())
    found.lost = len(scene.told.keys() - seats.keys())
    found.untold = len(seats.keys() - scene.told.keys())
    found.lost += sum(
        {seat.patient_id for seat in booked[one]} != {person}
        for one, person in scene.told.items()
        if one in booked
    )
    return found
