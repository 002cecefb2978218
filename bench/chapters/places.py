"""What does a booking cost, and what is kept in memory, when there are ten million places?

Two stacks: in one there are as many places as in the smallest town, all the time; in the other
ten times as many at each step. Both are asked in turns, so what is compared is of one moment.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg

from bench import stage
from bench.rush import patients
from bench.rush.clinics import SERVICE, Operator
from bench.rush.found import line_of
from bench.rush.lag import Watch, watching
from bench.rush.load import Pressure
from bench.rush.measure import Measure, Run
from bench.rush.scene import Scene
from bench.rush.shapes import HOT, UNIFORM
from bench.rush.sides import Talon, roots_of
from deploy.local.settings import DISTANCE_SETTING
from deploy.local.stack import SUPERUSER, Stack, named
from shared.statements import load
from talon.doors import open_doors

SQL = load("bench.chapters")
FILLED = (("places", "answers"), ("known_slots", "bookings"))
"""The statements that fill a town beside its slots: the referee's, and the front desk's."""

EACH = 10
"""So many places has a slot on paper; its capacity is wider, so that nobody is refused."""

CAPACITY = 100_000
CLINICS = 500
CHOICES = 20_000
"""So many slots are booked in, spread over all of them, or all where there are fewer."""

DISTANCE = 400
"""How far the second stack's ports are from the first one's."""

PARTS = "postgres,kafka,slots,booking,notify"
"""All who have to do with a booking that is asked for at the front desk itself."""

SETTINGS = {"TALON_UPCOMING_SLOTS_MAX": "1100000", "TALON_AUDIT_SECONDS": "86400"}
"""Room for all slots; and no audit meanwhile, which costs by the minute and not by the booking."""

FILL_SECONDS_MAX = 1_200.0
MIB = 1_024.0


class Town:
    """One of the two stacks."""

    def __init__(self, stack: Stack, environ: dict[str, str], scene: Scene) -> None:
        self.stack = stack
        self.places = 0
        self.memory_mib = 0.0
        self._environ = environ
        self._scene = scene
        self._measure: Measure
        self._watch: Watch
        self._tokens: list[str]

    async def begin(self) -> None:
        """From nothing."""
        await stage.ask(self.stack, "reset", environ=self._environ)
        await self._up()
        self._tokens = patients.sign(self.stack, self._scene.sizes.sweep_patients)

    async def _up(self) -> None:
        await stage.ask(self.stack, "up", "--only", PARTS, environ=self._environ)

    async def end(self) -> None:
        """To nothing."""
        await stage.ask(self.stack, "reset", environ=self._environ)

    async def grow(self, places: int) -> None:
        """So many places; nobody knows of the new ones yet."""
        first, end = self.places // EACH, places // EACH
        await fill(self.stack.dsn(SUPERUSER), first, end)
        self.places = places

    async def restart(self) -> None:
        """All places are as if they had always been there, and every process is as new."""
        await stage.ask(self.stack, "down", environ=self._environ)
        await self._up()
        pid = roots_of(self.stack)["slots"]
        self.memory_mib = _memory_mib(pid)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Whoever asks and watches is there."""
        async with open_doors(self.stack) as doors, watching(self.stack) as watch:
            operator = Operator(self.stack, doors, door=self.stack.api("booking"))
            self._measure = Measure(self.stack, self.stack.home / "bench", operator.campaign)
            self._watch = watch
            self._measure.bring(self._tokens)
            slots = await spread(self.stack.dsn(SUPERUSER), self.places // EACH)
            self._measure.offer(UNIFORM, slots)
            self._measure.offer(HOT, slots[:1])
            await self._measure.introduce(Talon(self.stack))
            warm = self._pressure(self._scene.sizes.places_warm_seconds)
            await self._measure.warm(Talon(self.stack), UNIFORM.name, warm)
            yield

    async def run(self) -> Run:
        """Once, until everybody has heard."""
        await self._watch.all_quiet()
        pressure = self._pressure(self._scene.sizes.places_seconds)
        talon = Talon(self.stack)
        run = await self._measure.run(talon, UNIFORM.name, pressure, self._watch)
        self._scene.say(f"{self.places:,} places: {line_of(run)}")
        return run

    def _pressure(self, seconds: float) -> Pressure:
        return Pressure(connections=self._scene.sizes.places_connections, seconds=seconds)


async def play(scene: Scene) -> None:
    """Step by step; at each, both are asked in turns."""
    smallest, *larger = scene.sizes.places
    still = Town(scene.stack, dict(os.environ) | SETTINGS, scene)
    apart = scene.stack.settings.distance + DISTANCE
    environ = dict(os.environ) | SETTINGS | {DISTANCE_SETTING: str(apart)}
    growing = Town(named(f"{scene.stack.name}-places", environ), environ, scene)
    async with AsyncExitStack() as ending:
        for town in (still, growing):
            ending.push_async_callback(town.end)
            await town.begin()
        await still.grow(smallest)
        ratios = {}
        for places in larger:
            await growing.grow(places)
            # Both: a broker that has just begun takes more of the CPU than one that is warm.
            for town in (still, growing):
                await town.restart()
            ratios[places] = await _compare(scene, still, growing)
    _tell(scene, ratios, still, growing)


async def _compare(scene: Scene, still: Town, growing: Town) -> float:
    """How much more of the CPU a booking takes in the larger town."""
    spent: dict[Town, list[float]] = {still: [], growing: []}
    others = []
    async with still.opened(), growing.opened():
        for nth in range(scene.sizes.places_rounds):
            for town in (still, growing) if nth % 2 == 0 else (growing, still):
                run = await town.run()
                spent[town].append(sum(run.cpu_us_settled.values()))
                others.append(run.others)
    ratio = median(spent[growing]) / median(spent[still])
    key = f"places_{growing.places}"
    scene.all.details[key] = {"still": spent[still], "growing": spent[growing]}
    scene.all.values[f"{key}_cpu_us"] = round(median(spent[growing]))
    scene.all.values[f"{key}_memory_mib"] = round(growing.memory_mib, 1)
    scene.all.values[f"{key}_others"] = round(median(others), 3)
    scene.say(f"{growing.places:,} places: {ratio:.2f} of the CPU that {still.places:,} take")
    return ratio


def _tell(scene: Scene, ratios: dict[int, float], still: Town, growing: Town) -> None:
    more = growing.memory_mib - still.memory_mib
    scene.all.values |= {
        "places_smallest": still.places,
        "places_most": growing.places,
        "places_cpu_ratio": round(max(ratios.values()), 3),
        "places_cpu_ratios": {str(places): round(ratio, 3) for places, ratio in ratios.items()},
        "memory_mib_per_million_places": round(more * 1e6 / (growing.places - still.places), 1),
        "memory_mib_at_smallest": round(still.memory_mib, 1),
    }


# ---- the tables ----------------------------------------------------------------------------------


async def fill(dsn: str, first: int, end: int) -> None:
    """The slots of these numbers, with whoever has the taken place of each."""
    await _run(dsn, ("clinics", CLINICS))
    await _run(dsn, ("slots", first, end, CLINICS, SERVICE, CAPACITY))
    async with asyncio.TaskGroup() as tasks:
        for names in FILLED:
            tasks.create_task(_run(dsn, *((name, first, end) for name in names)))
    await _run(dsn, ("analyze",))


async def _run(dsn: str, *statements: tuple[Any, ...]) -> None:
    owner = await asyncpg.connect(dsn, command_timeout=FILL_SECONDS_MAX)
    try:
        for name, *arguments in statements:
            await owner.execute(SQL[name], *arguments)
    finally:
        await owner.close()


async def spread(dsn: str, slots: int) -> list[str]:
    """Those that are booked in, of the first so many."""
    step = max(1, slots // CHOICES)
    owner = await asyncpg.connect(dsn)
    try:
        rows = await owner.fetch(SQL["choices"], slots, step)
    finally:
        await owner.close()
    return [str(row["id"]) for row in rows]


def _memory_mib(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in text.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / MIB
