"""Who gets a pair when many want one and referees are killed? `python -m tests.races.pairs DSN`.

Two referees decide on PostgreSQL what people ask of them by commands on a log, and are killed again
and again: the connection is gone in the middle of a batch, and who comes after them reads the log
from where the database says. DSN is a superuser's where a database may be made, without a database.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from shared import database
from shared.messages import Command, PlacesBooked, PlacesHeld, Refused, SlotReply
from tests import stories
from tests.referees import Play, play
from tests.stories import TOMORROW, a_claim, an_id, as_items

CAPACITY = 10
HOMES = (0, 1)
BATCH_MAX = 64
HOLD_SECONDS = 1
"""Shorter than any door lets through, so that many run out while it lasts."""

ORPHAN_SECONDS_MAX = 5.0
LOOK_SECONDS = 0.2
PATIENCE_SECONDS = 120.0

_reply = msgspec.msgpack.Decoder(SlotReply).decode


class Size(msgspec.Struct, frozen=True):
    """How many people want how many places, and how often a referee is killed meanwhile."""

    people: int
    firsts: int
    seconds: int
    kills: int


SHORT = Size(people=200, firsts=50, seconds=30, kills=6)
FULL = Size(people=2_000, firsts=500, seconds=300, kills=60)


class Found(msgspec.Struct):
    """What is so when nobody can have a pair any more."""

    pairs: int
    halves: int
    held: int
    oldest_orphan_seconds: float
    kills: int
    booked: set[UUID]
    told: set[UUID]


class Rush:
    """The log, those who wait for their answers, and those who decide."""

    def __init__(self, dsn: str, size: Size, seed: int) -> None:
        self.dsn = dsn
        self.size = size
        self.dice = Random(seed)
        self.log: dict[int, list[Command]] = {home: [] for home in HOMES}
        self.waiting: dict[UUID, asyncio.Future[Any]] = {}
        self.over = asyncio.Event()
        self.kills = 0
        self.orphan_seconds = 0.0
        self.told: set[UUID] = set()
        self.firsts = [an_id(f"first {n}") for n in range(size.firsts // CAPACITY)]
        self.seconds = [an_id(f"second {n}") for n in range(size.seconds // CAPACITY)]

    async def run(self) -> Found:
        """Until every second place is booked and nothing is held."""
        staff = await play(self.dsn, 0)
        slots = [stories.open_slot(slot, CAPACITY) for slot in self.firsts]
        slots += [
            stories.open_slot(slot, CAPACITY, starts_at=TOMORROW + timedelta(days=21))
            for slot in self.seconds
        ]
        await staff.decide(stories.open_clinic(), *slots)
        offset = staff.offsets[0]
        self.log[0] = [stories.open_clinic()] * offset  # what was decided already
        async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
            for home in HOMES:
                tasks.create_task(self._referee(home))
            for number in range(self.size.people):
                tasks.create_task(self._person(number))
            tasks.create_task(self._watch(staff.connection))
        found = await self._found(staff.connection)
        await staff.connection.close()
        return found

    # ---- who decides ---------------------------------------------------------------------------

    async def _referee(self, home: int) -> None:
        """Decides what is on the log of its home; killed, another one goes on where it stood."""
        while not self.over.is_set():
            referee = await play(self.dsn, home)
            try:
                await self._decide(referee, home)
            # (AttributeError: what asyncpg raises where the connection goes as a statement begins.)
            except (*database.AWAY, asyncpg.PostgresError, AttributeError):
                self.kills += 1
            finally:
                referee.connection.terminate()

    async def _decide(self, referee: Play, home: int) -> None:
        while not self.over.is_set():
            at = referee.offsets[home]
            batch = self.log[home][at : at + BATCH_MAX]
            killed = self._is_killed()
            if killed:
                delay = self.dice.uniform(0.0, 0.03)
                asyncio.get_running_loop().call_later(delay, referee.connection.terminate)
            if batch:
                await referee.decide_items(as_items(*batch, partition=home, offset=at))
                referee.offsets[home] += len(batch)
            await referee.sweep()
            await self._tell(referee.connection)
            await asyncio.sleep(0.05 if killed else 0.005)

    def _is_killed(self) -> bool:
        return self.kills < self.size.kills and self.dice.random() < 0.15

    async def _tell(self, connection: asyncpg.Connection) -> None:
        """What is recorded is told, by whoever comes to it: a relay tells it after any crash."""
        rows = await connection.fetch(
            "SELECT id, reply FROM answer WHERE id = ANY ($1::uuid[])", list(self.waiting)
        )
        for row in rows:
            waits = self.waiting.pop(row["id"], None)
            if waits is not None and not waits.done():
                waits.set_result(_reply(row["reply"]))

    # ---- who wants a pair ----------------------------------------------------------------------

    async def _ask(self, command: Command, home: int) -> Any:
        waits = self.waiting[command.id] = asyncio.get_running_loop().create_future()
        self.log[home].append(command)
        if self.dice.random() < 0.1:
            self.log[home].append(command)  # pressed twice
        while not self.over.is_set():
            done, _ = await asyncio.wait([waits], timeout=LOOK_SECONDS)
            if done:
                return waits.result()
        return None

    async def _person(self, number: int) -> None:
        """Wants one pair, by booking or by holding it first; some leave what they hold."""
        dice, home = Random(f"{number}"), number % len(HOMES)
        claims = (a_claim(f"{number}/1"), a_claim(f"{number}/2"))
        while not self.over.is_set():
            pair = dice.choice(self.firsts), dice.choice(self.seconds)
            if dice.random() < 0.5:
                said = await self._ask(stories.book(*pair, claims=claims), home)
            else:
                said = await self._by_hold(dice, pair, claims, home)
            if isinstance(said, PlacesBooked):
                self.told.add(said.booking_id)
                if dice.random() > 0.1 or not await self._moved(dice, said, claims, home):
                    return
            await asyncio.sleep(dice.uniform(0.0, 0.5))

    async def _by_hold(
        self, dice: Random, pair: Sequence[UUID], claims: tuple[bytes, bytes], home: int
    ) -> Any:
        held = await self._ask(stories.hold(*pair, ttl_seconds=HOLD_SECONDS), home)
        if not isinstance(held, PlacesHeld) or dice.random() < 0.2:
            return None
        return await self._ask(stories.confirm(held.booking_id, *pair, claims=claims), home)

    async def _moved(
        self, dice: Random, booked: PlacesBooked, claims: tuple[bytes, bytes], home: int
    ) -> bool:
        """Moves to another pair that is held for it; now and then gives it back. True: all over."""
        pair = dice.choice(self.firsts), dice.choice(self.seconds)
        if dice.random() < 0.3:
            said = await self._ask(stories.cancel(booked.booking_id), home)
            if said is not None and not isinstance(said, Refused):
                self.told.discard(booked.booking_id)
                return True
            return False
        held = await self._ask(stories.hold(*pair, ttl_seconds=HOLD_SECONDS), home)
        if isinstance(held, PlacesHeld):
            hold_ids = (held.booking_id,)
            move = stories.move(booked.booking_id, *pair, claims=claims, hold_ids=hold_ids)
            await self._ask(move, home)
        return False

    # ---- what is so ----------------------------------------------------------------------------

    async def _watch(self, connection: asyncpg.Connection) -> None:
        while not self.over.is_set():
            await asyncio.sleep(LOOK_SECONDS)
            row = await connection.fetchrow(
                """SELECT count(*) FILTER (WHERE state <> 'booked') AS held,
                          count(*) FILTER (WHERE state = 'booked') AS booked,
                          extract(epoch FROM clock_timestamp() - min(expires_at))::float8 AS late
                     FROM place"""
            )
            self.orphan_seconds = max(self.orphan_seconds, row["late"] or 0.0)
            if row["booked"] == 2 * self.size.seconds and not row["held"]:
                await asyncio.sleep(LOOK_SECONDS)
                self.over.set()

    async def _found(self, connection: asyncpg.Connection) -> Found:
        rows = await connection.fetch(
            """SELECT booking_id, count(*) AS places, bool_or(state <> 'booked') AS is_held
                 FROM place GROUP BY booking_id"""
        )
        return Found(
            pairs=sum(row["places"] == 2 and not row["is_held"] for row in rows),
            halves=sum(row["places"] != 2 for row in rows),
            held=sum(row["is_held"] for row in rows),
            oldest_orphan_seconds=self.orphan_seconds,
            kills=self.kills,
            booked={row["booking_id"] for row in rows},
            told=self.told,
        )


async def _full(server: str) -> int:
    admin = await asyncpg.connect(f"{server}/postgres")
    name = f"pairs_{uuid4().hex}"
    await admin.execute(f"CREATE DATABASE {name}")
    try:
        dsn = f"{server}/{name}"
        await database.migrate(dsn, ["shared", "shared.proposals", "services.slots"])
        began = time.monotonic()
        found = await Rush(dsn, FULL, seed=1).run()
        sys.stdout.write(
            f"{FULL.people} people, {FULL.firsts} first and {FULL.seconds} second places,"
            f" {found.kills} kills, {time.monotonic() - began:.0f} s: {found.pairs} pairs,"
            f" {found.halves} halves, {found.held} still held, the oldest orphan"
            f" {found.oldest_orphan_seconds:.2f} s, {len(found.told - found.booked)} lost\n"
        )
        is_so = found.pairs == FULL.seconds and not found.halves and found.told <= found.booked
        return int(not is_so or found.oldest_orphan_seconds > ORPHAN_SECONDS_MAX)
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(_full(sys.argv[1])))
