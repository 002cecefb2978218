"""How is one run made? Warm up, look at the books, ask, look again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import msgspec

from bench.rush import cpu, load
from bench.rush.audit import Told
from bench.rush.clinics import DOSES, SQL, Town
from bench.rush.cpu import Spent, Used
from bench.rush.lag import Lag, Watch, growth
from bench.rush.load import Pressure, Said, Wishes
from bench.rush.shapes import HOT, NAMED, Shape
from bench.rush.sides import Side, Talon
from deploy.local.stack import SUPERUSER, Stack

T = TypeVar("T")

OTHERS_MAX = 0.08
"""The share of the machine that others may have before a run counts as disturbed."""

WARM_SECONDS = 2.0
SHOWN_PER_SECOND = 5_000
SHOWN_TO_EACH = 2
"""So often is a token shown for each process of a door: of two, each knows 15 in 16 then."""

CHECKPOINT_SECONDS_MAX = 120.0


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One side, asked for so long."""

    side: str
    slots: str
    connections: int
    booked: int
    per_second: float
    undecided: int
    failed: int
    """Answers of 400 and above: those that were refused, too."""

    broken: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    cpu_us: dict[str, float]
    """CPU microseconds for each booking, by process, while it was asked for."""

    cpu_us_settled: dict[str, float] = {}
    """The same, until everybody had heard of it."""

    waiting: float
    """The share of the machine that the stack's parts had meanwhile which were not asked."""

    others: float
    """The share of the machine that others had meanwhile."""

    idle: float
    seconds: float = 0.0
    refused: int = 0
    """409, as the doors count them."""

    caught_up_seconds: float | None = None
    lag_end: int = 0
    """Events that were answered and not yet known to everyone when the asking ended."""

    lag_growth: float = 0.0
    """By how many a second that grew, in the second half."""

    @property
    def disturbed(self) -> bool:
        """Whether others had too much of the machine for the number to be quoted."""
        return self.others > OTHERS_MAX

    @property
    def settled_per_second(self) -> float:
        """Bookings in the time until everybody had heard of the last of them."""
        if self.booked == 0 or self.caught_up_seconds is None:
            return 0.0
        return self.booked / (self.booked / self.per_second + self.caught_up_seconds)

    @property
    def refused_per_second(self) -> float:
        """Refusals, where these are what is asked for."""
        return self.refused / self.seconds if self.seconds else 0.0


class Measure:
    """Makes runs on one stack, with the same people and slots."""

    def __init__(self, stack: Stack, folder: Path, campaign: Callable[[], Awaitable[UUID]]) -> None:
        self._stack = stack
        self._folder = folder
        self._campaign = campaign
        self._people: dict[str, int] = {}

    def prepare(self, town: Town, tokens: list[str]) -> None:
        """Write down what wrk reads."""
        load.write_lines(self._folder / "hot", [town.hot])
        load.write_lines(self._folder / "uniform", town.uniform)
        self.bring(tokens)

    def bring(self, tokens: list[str]) -> None:
        """From now on these come."""
        self.people(HOT.people, tokens)

    def people(self, name: str, lines: Sequence[str]) -> None:
        """Who come, by the name that a shape says: each line a token, and who come with them."""
        load.write_lines(self._folder / name, lines)
        self._people[name] = len(lines)

    def offer(self, shape: Shape, choices: Sequence[object]) -> None:
        """What there is to choose from: each line the slots of one booking."""
        load.write_lines(self._folder / shape.name, choices)

    async def introduce(self, side: Side) -> None:
        """Everybody shows a token, and books nothing: at least once in one run of wrk.

        With several processes chance decides who hears it, so all come several times.
        """
        wishes = await self._wishes("hot", 0.0)
        wishes = msgspec.structs.replace(wishes, run="")
        rounds = 1 if side.processes == 1 else SHOWN_TO_EACH * side.processes
        patients = self._people[HOT.people]
        shown, seconds = 0, max(1.0, patients / SHOWN_PER_SECOND)
        # wrk ends by time and begins with the first again; whom a door knows already is quick.
        while shown < rounds * patients:
            pressure = Pressure(connections=64, seconds=seconds)
            shown = (await load.book(side.url, wishes, pressure)).answered
            seconds *= min(8.0, 1.3 * rounds * patients / max(1, shown))

    async def warm(self, side: Side, slots: str, pressure: Pressure) -> None:
        """Ask without measuring."""
        await load.book(side.url, await self._wishes(slots, pressure.seconds), pressure)

    async def run(
        self, side: Side, slots: str, pressure: Pressure, watch: Watch | None = None
    ) -> Run:
        """Ask, and count; with `watch`, see how far behind everybody is, and wait for them."""
        wishes = await self._wishes(slots, pressure.seconds)
        await self.checkpoint()
        lags: list[Lag] = []
        before, told_before = self._spent(side), await side.told()
        following = None if watch is None else asyncio.create_task(watch.follow(lags))
        said = await load.book(side.url, wishes, pressure)
        used, told = cpu.between(before, self._spent(side)), await side.told()
        if following is not None:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
        about = {"side": side.name, "slots": slots, "connections": pressure.connections}
        run = _run(said, used, _between(told_before, told), about)
        if watch is None:
            return run
        caught_up = await watch.caught_up()
        settled = cpu.between(before, self._spent(side))
        return msgspec.structs.replace(
            run,
            caught_up_seconds=caught_up,
            lag_end=lags[-1].events,
            lag_growth=growth(lags),
            cpu_us_settled=_us(settled, run.booked or run.refused),
        )

    async def beside(
        self, side: Side, slots: str, pressure: Pressure, look: Callable[[], Awaitable[T]]
    ) -> T:
        """What was seen while it was asked, from a while after the beginning."""
        wishes = await self._wishes(slots, pressure.seconds)
        asking = asyncio.create_task(load.book(side.url, wishes, pressure))
        try:
            await asyncio.sleep(WARM_SECONDS)
            return await look()
        finally:
            await asking

    async def _wishes(self, slots: str, seconds: float) -> Wishes:
        """Campaigns that nobody has booked under, enough for the fastest."""
        shape = NAMED.get(slots, HOT)
        passes = DOSES // shape.doses
        count = 1 + int(shape.per_second_max * seconds / (self._people[shape.people] * passes))
        campaigns = [await self._campaign() for _ in range(count)]
        return Wishes(
            people=self._folder / shape.people,
            slots=self._folder / slots,
            campaigns=load.write_lines(self._folder / "campaigns", campaigns),
            run=uuid4().hex[:8],
            doses=shape.doses,
        )

    async def others_during(self, work: Awaitable[T]) -> tuple[T, float]:
        """What came of it, and the share of the machine that others had meanwhile."""
        roots = Talon(self._stack).roots()
        before = cpu.now(roots)
        done = await work
        return done, cpu.between(before, cpu.now(roots)).others

    def _spent(self, side: Side) -> Spent:
        return cpu.now(side.roots(), Talon(self._stack).roots().values())

    async def checkpoint(self) -> None:
        """Everybody begins with as little to write back."""
        owner = await asyncpg.connect(
            self._stack.dsn(SUPERUSER), command_timeout=CHECKPOINT_SECONDS_MAX
        )
        try:
            await owner.execute(SQL["checkpoint"])
        finally:
            await owner.close()


def _between(before: Told | None, after: Told | None) -> Told:
    """What the doors said meanwhile."""
    if before is None or after is None:
        return Told(booked=0, undecided=0, failed=0)
    return Told(
        booked=after.booked - before.booked,
        undecided=after.undecided - before.undecided,
        failed=after.failed - before.failed,
        refused=after.refused - before.refused,
    )


def _run(said: Said, used: Used, told: Told, about: dict[str, Any]) -> Run:
    booked = said.answered - said.failed - told.undecided
    return Run(
        booked=booked,
        per_second=booked / said.seconds,
        undecided=told.undecided,
        failed=said.failed,
        broken=said.broken,
        p50_ms=said.p50_ms,
        p99_ms=said.p99_ms,
        max_ms=said.max_ms,
        cpu_us=_us(used, booked or told.refused),
        waiting=used.waiting,
        others=used.others,
        idle=used.idle,
        seconds=said.seconds,
        refused=told.refused,
        **about,
    )


def _us(used: Used, booked: int) -> dict[str, float]:
    return {name: round(s * 1e6 / max(1, booked), 1) for name, s in used.by_name.items()}
