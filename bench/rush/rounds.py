"""What is measured after what? Everybody in turns, so that the machine's moods meet all alike."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from rich.console import Console

from bench.peer_rowlock import pgbench, place
from bench.peer_rowlock.place import Counts
from bench.rush import audit, clinics, cpu, kept, patients, sides, where
from bench.rush.audit import Found
from bench.rush.clinics import Operator, Town
from bench.rush.found import Everything, Tried, best, line_of, name_of
from bench.rush.kept import Step
from bench.rush.lag import Watch, watching
from bench.rush.load import Pressure
from bench.rush.measure import Measure, Run
from bench.rush.sides import Side, Talon
from bench.rush.sizes import Sizes, Tuning, told, tunings
from bench.rush.where import NotSeenError, Where
from deploy.local.stack import SERVICES, Stack
from talon.doors import open_doors
from talon.mistakes import MistakeError

Turn = Callable[[], Awaitable[None]]

SHAPES = ("hot", "uniform")
KNEE = 0.95
"""The knee is where fewer connections already give so much of the most."""

LAST_ANSWERS_SECONDS = 0.5
FIRST_GUESS = 0.9
"""Of the rate at which bookings were answered and known to all, the catching up counted in."""


class Bench:
    """One whole run on a stack that is up and empty."""

    def __init__(self, stack: Stack, sizes: Sizes, out: Console) -> None:
        self._stack = stack
        self._sizes = sizes
        self._out = out
        self._talon = Talon(stack)
        self._connections = max(sizes.connections)
        self._measure: Measure
        self._watch: Watch
        self._town: Town
        self._tokens: list[str]
        self._all = Everything(profile=sizes.name, patients=sizes.patients)

    async def run(self) -> Everything:
        """Everything, told as it goes."""
        async with open_doors(self._stack) as doors, watching(self._stack) as self._watch:
            operator = Operator(self._stack, doors)
            folder = self._stack.home / "bench"
            self._measure = Measure(self._stack, folder, operator.campaign)
            await self._set_up(operator)
            await self._tune_peer()
            await self._sweep_connections()
            turns = self._turns()
            for nth in range(self._sizes.rounds):
                self._out.rule(f"round {nth + 1} of {self._sizes.rounds}", align="left")
                for turn in turns if nth % 2 == 0 else reversed(turns):
                    await turn()
            await self._keep()
            await self._look_where()
            await self._cold()
        return self._all

    async def _set_up(self, operator: Operator) -> None:
        self._out.rule("what there is to book, and who books", align="left")
        self._town = await operator.town()
        await clinics.widen(self._stack, self._town.hot)
        slots = [self._town.hot, *self._town.uniform]
        await place.make(self._stack, slots)
        self._tokens = patients.sign(self._stack, self._sizes.patients)
        self._measure.prepare(self._town, self._tokens)
        self._out.print(
            f"  {len(slots):,} slots, {len(self._tokens):,} patients, each with a token"
        )
        await self._measure.introduce(self._talon)

    # ---- sweeps --------------------------------------------------------------------------------

    async def _tune_peer(self) -> None:
        """In how many processes, over how many connections to PostgreSQL does the peer do best?"""
        self._out.rule("the peer's processes and its connections to PostgreSQL", align="left")
        self._measure.bring(self._tokens[: self._sizes.sweep_patients])
        for at_once in (True, False):
            name = sides.peer_name(at_once=at_once)
            for tuning in tunings(self._sizes):
                async with sides.peer(self._stack, tuning, at_once=at_once) as peer:
                    await self._measure.introduce(peer)
                    for shape in SHAPES:
                        run = await self._short(peer, shape)
                        tried = Tried(tuning=tuning, per_second=round(run.per_second))
                        self._all.peer_tried.setdefault(name_of(name, shape), []).append(tried)
                        self._out.print(f"  {told(tuning)}: {line_of(run)}", soft_wrap=True)
            await self._tune_pgbench(at_once=at_once)
        self._measure.bring(self._tokens)
        for name, all_tried in self._all.peer_tried.items():
            self._out.print(f"  {name} is run with {told(best(all_tried).tuning)}")

    async def _tune_pgbench(self, *, at_once: bool) -> None:
        """It is a match only for pgbench at its best."""
        for sessions in self._sizes.peer_sessions:
            name, rate = await self._pgbench(at_once=at_once, sessions=sessions)
            tried = Tried(tuning=Tuning(processes=0, sessions=sessions), per_second=round(rate))
            self._all.peer_tried.setdefault(name, []).append(tried)

    async def _sweep_connections(self) -> None:
        """Where is Talon's knee? Everybody is then asked over so many connections."""
        self._out.rule("the client's connections", align="left")
        runs = []
        for connections in self._sizes.connections:
            self._connections = connections
            runs.append(await self._short(self._talon, "hot"))
            self._out.print(f"  {connections} connections: {line_of(runs[-1])}", soft_wrap=True)
            await self._settle()
        most = max(run.per_second for run in runs)
        self._connections = next(run.connections for run in runs if run.per_second >= KNEE * most)
        self._all.connections = {
            run.connections: (round(run.per_second), round(run.p99_ms, 1)) for run in runs
        }
        self._all.knee = self._connections
        self._out.print(f"  the knee, and what everybody gets: {self._connections}")

    async def _short(self, side: Side, shape: str) -> Run:
        warm, sweep = self._sizes.warm_seconds, self._sizes.sweep_seconds
        await self._measure.warm(side, shape, self._for(warm))
        return await self._quietly(lambda: self._measure.run(side, shape, self._for(sweep)))

    def _for(self, seconds: float) -> Pressure:
        return Pressure(connections=self._connections, seconds=seconds)

    # ---- rounds --------------------------------------------------------------------------------

    def _turns(self) -> list[Turn]:
        """All who are measured, in the order of a round. Who is not asked is not even there."""
        turns: list[Turn] = []
        for shape in SHAPES:
            turns.append(partial(self._turn_of_peer, shape, at_once=True))
            turns.append(partial(self._turn_of_talon, shape))
            turns.append(partial(self._turn_of_peer, shape, at_once=False))
        for at_once in (True, False):
            turns.append(partial(self._turn_of_pgbench, at_once=at_once))
        return [*turns, self._turn_of_echo]

    async def _turn_of_peer(self, shape: str, *, at_once: bool) -> None:
        tried = self._all.peer_tried[name_of(sides.peer_name(at_once=at_once), shape)]
        async with sides.peer(self._stack, best(tried).tuning, at_once=at_once) as peer:
            await self._measure.introduce(peer)
            await self._measure.warm(peer, shape, self._for(self._sizes.warm_seconds))
            pressure = self._for(self._sizes.seconds)

            async def once() -> Run:
                before = await self._peer_counts()
                run = await self._measure.run(peer, shape, pressure)
                await self._audit_peer(run, before)
                return run

            self._keep_run(await self._quietly(once))

    async def _turn_of_echo(self) -> None:
        async with sides.echo(self._stack) as echo:
            await self._turn(echo, "hot")

    async def _turn(self, side: Side, shape: str) -> None:
        await self._measure.warm(side, shape, self._for(self._sizes.warm_seconds))
        pressure = self._for(self._sizes.seconds)
        self._keep_run(await self._quietly(lambda: self._measure.run(side, shape, pressure)))

    async def _turn_of_talon(self, shape: str) -> None:
        await self._measure.warm(self._talon, shape, self._for(self._sizes.warm_seconds))
        await self._settle()
        pressure = self._for(self._sizes.seconds)

        async def once() -> Run:
            run = await self._measure.run(self._talon, shape, pressure, self._watch)
            await self._audit()
            return run

        self._keep_run(await self._quietly(once))

    async def _turn_of_pgbench(self, *, at_once: bool) -> None:
        sessions = best(self._all.peer_tried[pgbench.name(at_once=at_once)]).tuning.sessions
        name, rate = await self._pgbench(at_once=at_once, sessions=sessions)
        self._all.pgbench.setdefault(name, []).append(round(rate, 1))

    async def _pgbench(self, *, at_once: bool, sessions: int) -> tuple[str, float]:
        await self._measure.checkpoint()
        rate = await pgbench.run(
            self._stack,
            self._town.hot,
            connections=sessions,
            seconds=self._sizes.sweep_seconds,
            at_once=at_once,
        )
        name = pgbench.name(at_once=at_once)
        self._out.print(f"  {name}, {sessions} connections: {rate:,.0f}/s")
        return name, rate

    def _keep_run(self, run: Run) -> None:
        self._all.runs.setdefault(name_of(run.side, run.slots), []).append(run)
        self._out.print(f"  {line_of(run)}", soft_wrap=True)

    async def _quietly(self, make: Callable[[], Awaitable[Run]]) -> Run:
        """Again where others on the machine disturbed it; the least disturbed counts."""
        runs: list[Run] = []
        for _ in range(self._sizes.attempts_max):
            await cpu.until_others_rest(self._talon.roots(), seconds=self._sizes.patience_seconds)
            runs.append(await make())
            if not runs[-1].disturbed:
                break
        return min(runs, key=lambda run: run.others)

    async def _settle(self) -> None:
        still = await self._watch.all_quiet()
        if still:
            raise MistakeError(f"the stack did not come to rest: {still}")

    async def _audit(self) -> Found:
        await self._settle()
        told = await self._talon.told()
        assert told is not None
        found = await audit.audit(self._stack, told)
        self._all.audit = found
        self._all.wrong += found.wrong
        for wrong in found.wrong:
            self._out.print(f"  the audit: {wrong}", soft_wrap=True)
        return found

    async def _peer_counts(self) -> Counts:
        """When the last answers, which wrk no longer waited for, are made."""
        await asyncio.sleep(LAST_ANSWERS_SECONDS)
        return await place.counts(place.dsn_of(self._stack))

    async def _audit_peer(self, run: Run, before: Counts) -> None:
        counts = await self._peer_counts()
        unsure = run.connections + run.broken
        wrong = counts.wrong(before, told=run.booked, unsure=unsure)
        self._all.peer_audited += 1
        self._all.wrong += wrong
        for words in wrong:
            self._out.print(f"  the audit: {words}", soft_wrap=True)

    # ---- what else -----------------------------------------------------------------------------

    async def _keep(self) -> None:
        """The rate that can be kept."""
        self._out.rule("the rate that can be kept", align="left")
        runs = self._all.runs[name_of(self._talon.name, "hot")]
        settled = [
            run.booked / (run.booked / run.per_second + (run.caught_up_seconds or 0.0))
            for run in runs
        ]
        first = FIRST_GUESS * min(settled)
        steps: list[Step] = []
        async for step in kept.search(
            self._measure, self._talon, self._watch, sizes=self._sizes, first=first
        ):
            steps.append(step)
            said = "kept" if step.kept else "not kept"
            growth = f"lag grows by {step.run.lag_growth:,.0f}/s"
            self._out.print(f"  {said}, {growth}: {line_of(step.run)}", soft_wrap=True)
        self._all.kept = steps
        await self._audit()

    async def _look_where(self) -> None:
        """Where the CPU goes on the hot slot."""
        self._out.rule("where the time goes", align="left")
        seconds = self._sizes.profile_seconds
        for service in SERVICES:
            pid = self._talon.roots()[service]
            look = partial(where.look, pid, seconds=seconds)
            try:
                self._all.where[service] = await self._beside(look)
            except NotSeenError as reason:
                self._out.print(f"  {service}: {reason}", soft_wrap=True)
            else:
                self._out.print(f"  {service}: {self._all.where[service].parts}", soft_wrap=True)
        await self._audit()

    async def _beside(self, look: Callable[[], Awaitable[Where]]) -> Where:
        """While the hot slot is asked for."""
        pressure = self._for(self._sizes.profile_seconds + 2 * self._sizes.warm_seconds)
        return await self._measure.beside(self._talon, "hot", pressure, look)

    async def _cold(self) -> None:
        """With tokens that no door has seen: each is verified anew."""
        self._out.rule("tokens never seen before", align="left")
        tuning = best(self._all.peer_tried["peer hot"]).tuning
        async with sides.peer(self._stack, tuning, at_once=True) as peer:
            for side in (peer, self._talon):
                await self._measure.warm(side, "hot", self._for(self._sizes.warm_seconds))
                await self._settle()
                self._measure.bring(patients.sign(self._stack, self._sizes.patients))
                run = await self._measure.run(side, "hot", self._for(self._sizes.cold_seconds))
                self._all.cold[name_of(side.name, "hot")] = run
                self._out.print(f"  cold: {line_of(run)}", soft_wrap=True)
        await self._audit()
