"""Is all well at each moment of a campaign, and not only at its end?

Four times a second: does each slot add up, in the database and as each process shows it; and does
any process show a client an older version of a booking than that client has seen already?
"""

import asyncio
import time
from pathlib import Path
from random import Random
from uuid import UUID

import asyncpg
import msgspec

from deploy.local.stack import AUDITOR
from shared.database import AWAY
from talon.audit.facts import Broken
from talon.city.plan import Plan
from talon.doors import Answer, Doors
from talon.rush.journal import Line
from tests.faults.ground import Ground
from tests.faults.schedule import SERVICES

LOOK_SECONDS = 0.25
QUERY_SECONDS = 3.0
BROKEN_MAX = 50
"""So many are written down; what is broken every quarter of a second is broken enough."""

RECENT_MAX = 400
UNEVEN = """
SELECT s.id, s.capacity + s.extra, s.held, s.booked, coalesce(p.held, 0), coalesce(p.booked, 0)
  FROM slots.slot AS s
  LEFT JOIN (SELECT slot_id, count(*) FILTER (WHERE state = 'held') AS held,
                    count(*) FILTER (WHERE state = 'booked') AS booked
               FROM slots.place GROUP BY slot_id) AS p ON p.slot_id = s.id
 WHERE s.held <> coalesce(p.held, 0) OR s.booked <> coalesce(p.booked, 0)
    OR s.held < 0 OR s.booked < 0 OR s.held + s.booked > s.capacity + s.extra
"""


class Sample(msgspec.Struct, frozen=True):
    """What a process had taken by then: memory in bytes, processor time in seconds."""

    at: float
    part: str
    pid: int
    rss_bytes: int
    cpu_seconds: float


class Known(msgspec.Struct):
    """What a client knows of a booking of theirs."""

    token: str
    version: int


class Watch:
    """Looks while everything fails."""

    def __init__(self, ground: Ground, plan: Plan, doors: Doors, dice: Random) -> None:
        self.broken: list[Broken] = []
        self.looks = 0
        self.reads = 0
        self.shown = 0
        self.samples: list[Sample] = []
        self._ground = ground
        self._plan = plan
        self._doors = doors
        self._dice = dice
        self._known: dict[UUID, Known] = {}
        self._tokens: dict[UUID, str] = {}

    def know(self, tokens: dict[UUID, str]) -> None:
        """By which token each person reads what is theirs."""
        self._tokens = tokens

    def hear(self, line: Line) -> None:
        """A client was told of a version of their booking; none may show an older one from now."""
        booking_id = line.booking or line.about
        token = self._tokens.get(line.owner)
        if line.verdict != "ok" or line.version == 0 or booking_id is None or token is None:
            return
        known = self._known.pop(booking_id, None)
        version = max(line.version, known.version if known is not None else 0)
        self._known[booking_id] = Known(token, version)
        while len(self._known) > RECENT_MAX:
            self._known.pop(next(iter(self._known)))

    async def run(self) -> None:
        """For ever; whoever ends it leaves no connection open."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._often(self._add_up))
                tasks.create_task(self._often(self._look_at_slots))
                tasks.create_task(self._often(self._look_back))
                tasks.create_task(self._sample_each())
        finally:
            await self._forget_connection()

    async def _often(self, look) -> None:  # type: ignore[no-untyped-def]
        nth = 0
        while True:
            due = time.monotonic() + LOOK_SECONDS
            try:
                await look(nth)
            except AWAY:
                await self._forget_connection()
            nth += 1
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    # ---- does it add up? -----------------------------------------------------------------------

    _connection: asyncpg.Connection | None = None

    async def _add_up(self, nth: int) -> None:
        """In the database, as of one moment, past the proxy."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._ground.stack.dsn(AUDITOR),
                timeout=QUERY_SECONDS,
                command_timeout=QUERY_SECONDS,
            )
        for row in await self._connection.fetch(UNEVEN):
            slot_id, capacity, held, booked, held_seats, booked_seats = row
            self._say(
                Broken(
                    about=str(slot_id),
                    where="slots",
                    expected=f"capacity {capacity}, {held} held and {booked} booked",
                    found=f"{held_seats} held and {booked_seats} booked seats",
                )
            )
        self.looks += 1

    async def _forget_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _look_at_slots(self, nth: int) -> None:
        """As each process of slots shows a day, and as the edge does."""
        slot = self._dice.choice(self._plan.slots)
        origins = (*(self._ground.stack.api("slots", n) for n in range(2)), self._doors.origin)
        url = f"{origins[nth % 3]}/api/v1/slots?clinic={slot.clinic_id}&date={slot.day}"
        said = await self._doors.ask("GET", url)
        if said.status != 200:
            return
        for shown in msgspec.json.decode(said.body)["slots"]:
            self.reads += 1
            taken = shown["held"] + shown["booked"]
            if shown["capacity"] + shown["extra"] != shown["free"] + taken or shown["free"] < 0:
                self._say(
                    Broken(
                        about=shown["id"],
                        where="slots",
                        expected=f"{shown['capacity']} + {shown['extra']} = free + held + booked",
                        found=f"{shown['free']} + {shown['held']} + {shown['booked']}",
                    )
                )

    # ---- does anything go backwards? -----------------------------------------------------------

    async def _look_back(self, nth: int) -> None:
        """One booking, as each process of the front desk shows it to its owner."""
        if not self._known:
            return
        recent = list(self._known)[-40:]
        booking_id = self._dice.choice(recent)
        for origin in (
            *(self._ground.stack.api("booking", n) for n in range(2)),
            self._doors.origin,
        ):
            known = self._known.get(booking_id)
            if known is None:
                return
            at_least = known.version
            said = await self._read(origin, booking_id, known.token)
            if said.status not in (200, 404):
                continue
            self.shown += 1
            version = msgspec.json.decode(said.body).get("version", 0) if said.status == 200 else 0
            known.version = max(known.version, version)
            if version < at_least:
                self._say(
                    Broken(
                        about=str(booking_id),
                        where="booking",
                        expected=f"version {at_least} or later at {origin}",
                        found=f"version {version} ({said.status})",
                    )
                )

    async def _read(self, origin: str, booking_id: UUID, token: str) -> Answer:
        for kind in ("bookings", "holds"):
            url = f"{origin}/api/v1/{kind}/{booking_id}"
            said = await self._doors.ask("GET", url, token=token)
            if said.status != 404:
                break
        return said

    def _say(self, broken: Broken) -> None:
        if len(self.broken) < BROKEN_MAX:
            self.broken.append(broken)

    # ---- what does it cost? --------------------------------------------------------------------

    async def _sample_each(self) -> None:
        while True:
            for part in SERVICES:
                process = self._ground.process(part)
                if process is not None:
                    sample = sample_of(part, process.pid)
                    if sample is not None:
                        self.samples.append(sample)
            await asyncio.sleep(1.0)


PAGE_BYTES = 4096
TICKS_PER_SECOND = 100


def sample_of(part: str, pid: int) -> Sample | None:
    """What /proc says of a process; None where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    ticks = int(fields[11]) + int(fields[12])
    return Sample(time.time(), part, pid, int(fields[21]) * PAGE_BYTES, ticks / TICKS_PER_SECOND)
