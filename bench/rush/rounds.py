"""What is measured after what? Everybody in turns, so that the machine's moods meet all alike."""

from collections.abc import Awaitable, Callable
from functools import partial

from rich.console import Console

from bench.peer_rowlock import place
from bench.rush import audit, clinics, kept, patients, sides, where
from bench.rush.clinics import Operator, Town
from bench.rush.found import Everything, best, line_of, name_of
from bench.rush.lag import Watch, watching
from bench.rush.measure import Measure, Run
from bench.rush.pace import Pace
from bench.rush.peers import Peers
from bench.rush.sides import Talon
from bench.rush.sizes import SHAPES, Sizes
from bench.rush.where import NotSeenError
from deploy.local.stack import SERVICES, Stack
from talon.doors import open_doors
from talon.mistakes import MistakeError

Turn = Callable[[], Awaitable[None]]

KNEE = 0.95
"""The knee is where fewer connections already give so much of the most."""

FIRST_GUESS = 0.9
"""Of the rate at which bookings were answered and known to all, the catching up counted in."""


async def bench(stack: Stack, sizes: Sizes, out: Console) -> Everything:
    """All of it on a stack that is up and empty, told as it goes."""
    talon = Talon(stack)
    async with open_doors(stack) as doors, watching(stack) as watch:
        operator = Operator(stack, doors)
        pace = Pace(sizes, Measure(stack, stack.home / "bench", operator.campaign), talon, out)
        rounds = Rounds(stack, pace, talon, watch)
        await rounds.set_up(await operator.town())
        await rounds.tune()
        for nth in range(sizes.rounds):
            pace.chapter(f"round {nth + 1} of {sizes.rounds}")
            for turn in rounds.turns(backwards=nth % 2 == 1):
                await turn()
        await rounds.keep()
        await rounds.look_where()
        await rounds.cold()
    return pace.all


class Rounds:
    """What a bench consists of."""

    def __init__(self, stack: Stack, pace: Pace, talon: Talon, watch: Watch) -> None:
        self._stack = stack
        self._pace = pace
        self._sizes = pace.sizes
        self._measure = pace.measure
        self._talon = talon
        self._watch = watch
        self._peers: Peers
        self._tokens: list[str]

    async def set_up(self, town: Town) -> None:
        """The same slots for all, and patients whom Talon knows already."""
        self._pace.chapter("what there is to book, and who books")
        await clinics.widen(self._stack, town.hot)
        slots = [town.hot, *town.uniform]
        await place.make(self._stack, slots)
        self._tokens = patients.sign(self._stack, self._sizes.patients)
        self._measure.prepare(town, self._tokens)
        self._peers = Peers(self._stack, self._pace, town.hot)
        self._pace.say(f"{len(slots):,} slots, {len(self._tokens):,} patients, each with a token")
        await self._measure.introduce(self._talon)

    async def tune(self) -> None:
        """How is the peer run, and over how many connections is everybody asked?"""
        self._pace.chapter("the peer's processes and its connections to PostgreSQL")
        self._measure.bring(self._tokens[: self._sizes.sweep_patients])
        await self._peers.tune()
        self._measure.bring(self._tokens)
        self._pace.chapter("the client's connections")
        await self._find_the_knee()

    def turns(self, *, backwards: bool) -> list[Turn]:
        """All who are measured, in the order of a round."""
        turns: list[Turn] = []
        for shape in SHAPES:
            turns.append(partial(self._peers.turn, shape, at_once=True))
            turns.append(partial(self._turn_of_talon, shape))
            turns.append(partial(self._peers.turn, shape, at_once=False))
        for at_once in (True, False):
            turns.append(partial(self._peers.turn_of_pgbench, at_once=at_once))
        turns.append(self._turn_of_echo)
        return turns[::-1] if backwards else turns

    async def keep(self) -> None:
        """The rate that can be kept."""
        self._pace.chapter("the rate that can be kept")
        settled = [
            run.booked / (run.booked / run.per_second + (run.caught_up_seconds or 0.0))
            for run in self._pace.all.runs[name_of(self._talon.name, "hot")]
        ]
        first = FIRST_GUESS * min(settled)
        async for step in kept.search(
            self._measure, self._talon, self._watch, sizes=self._sizes, first=first
        ):
            self._pace.all.kept.append(step)
            said = "kept" if step.kept else "not kept"
            growth = f"lag grows by {step.run.lag_growth:,.0f}/s"
            self._pace.say(f"{said}, {growth}: {line_of(step.run)}")
        await self._audit()

    async def look_where(self) -> None:
        """Where the CPU goes on the hot slot."""
        self._pace.chapter("where the time goes")
        pressure = self._pace.pressure(self._sizes.profile_seconds + 2 * self._sizes.warm_seconds)
        for service in SERVICES:
            pid = self._talon.roots()[service]
            look = partial(where.look, pid, seconds=self._sizes.profile_seconds)
            try:
                seen = await self._measure.beside(self._talon, "hot", pressure, look)
            except NotSeenError as reason:
                self._pace.say(f"{service}: {reason}")
            else:
                self._pace.all.where[service] = seen
                self._pace.say(f"{service}: {seen.parts}")
        await self._audit()

    async def cold(self) -> None:
        """With tokens that no door has seen: each is verified anew."""
        self._pace.chapter("tokens never seen before")
        tuning = best(self._pace.all.peer_tried["peer hot"]).tuning
        async with sides.peer(self._stack, tuning, at_once=True) as peer:
            for side in (peer, self._talon):
                await self._pace.warm(side, "hot")
                await self._settle()
                self._measure.bring(patients.sign(self._stack, self._sizes.patients))
                pressure = self._pace.pressure(self._sizes.cold_seconds)
                run = await self._measure.run(side, "hot", pressure)
                self._pace.all.cold[name_of(side.name, "hot")] = run
                self._pace.say(f"cold: {line_of(run)}")
        await self._audit()

    async def _find_the_knee(self) -> None:
        runs = []
        for connections in self._sizes.connections:
            self._pace.connections = connections
            runs.append(await self._pace.short(self._talon, "hot"))
            self._pace.say(f"{connections} connections: {line_of(runs[-1])}")
            await self._settle()
        most = max(run.per_second for run in runs)
        knee = next(run.connections for run in runs if run.per_second >= KNEE * most)
        self._pace.connections = self._pace.all.knee = knee
        self._pace.all.connections = {
            run.connections: (round(run.per_second), round(run.p99_ms, 1)) for run in runs
        }
        self._pace.say(f"the knee, and what everybody gets: {knee}")

    async def _turn_of_talon(self, shape: str) -> None:
        await self._pace.warm(self._talon, shape)
        await self._settle()
        pressure = self._pace.pressure(self._sizes.seconds)

        async def once() -> Run:
            run = await self._measure.run(self._talon, shape, pressure, self._watch)
            await self._audit()
            return run

        self._pace.keep(await self._pace.quietly(once))

    async def _turn_of_echo(self) -> None:
        async with sides.echo(self._stack) as echo:
            await self._pace.warm(echo, "hot")
            pressure = self._pace.pressure(self._sizes.seconds)
            run = await self._pace.quietly(lambda: self._measure.run(echo, "hot", pressure))
        self._pace.keep(run)

    async def _settle(self) -> None:
        still = await self._watch.all_quiet()
        if still:
            raise MistakeError(f"the stack did not come to rest: {still}")

    async def _audit(self) -> None:
        await self._settle()
        told = await self._talon.told()
        assert told is not None
        found = await audit.audit(self._stack, told)
        self._pace.all.audit = found
        self._pace.wrong(found.wrong)
