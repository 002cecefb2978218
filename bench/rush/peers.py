"""How is the peer measured at its best, beside pgbench, and are its books in order?"""

import asyncio
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

from bench.peer_rowlock import pgbench, place
from bench.peer_rowlock.place import Counts
from bench.rush import sides
from bench.rush.found import Tried, best, line_of, name_of
from bench.rush.measure import OTHERS_MAX, Run
from bench.rush.pace import Pace
from bench.rush.shapes import HOT, UNIFORM, ZIPF
from bench.rush.sides import Alone
from bench.rush.sizes import Tuning, told, tunings
from deploy.local.stack import Stack

COMPARED = (HOT, UNIFORM)
"""What both ways of the peer are asked for, and tuned by."""

COMMITS = "commits"
LAST_ANSWERS_SECONDS = 0.5


class Peers:
    """The peer in its two ways. Who is not asked is not even there."""

    def __init__(self, stack: Stack, pace: Pace, hot: UUID) -> None:
        self._stack = stack
        self._pace = pace
        self._hot = hot
        self._tried = pace.all.peer_tried

    async def tune(self) -> None:
        """In how many processes, over how many connections to PostgreSQL does it do best?"""
        for at_once in (True, False):
            for tuning in tunings(self._pace.sizes):
                async with sides.peer(self._stack, tuning, at_once=at_once) as peer:
                    await self._pace.measure.introduce(peer)
                    for shape in COMPARED:
                        await self._try(peer, shape.name, tuning)
            await self._tune_pgbench(at_once=at_once)
        await self._tune_commits()
        for name, tried in self._tried.items():
            self._pace.say(f"{name} is run with {told(best(tried).tuning)}")

    async def turn(self, shape: str, *, at_once: bool) -> None:
        """One run, at its best."""
        tuned = UNIFORM.name if shape == ZIPF.name else shape
        tried = self._tried[name_of(sides.peer_name(at_once=at_once), tuned)]
        async with sides.peer(self._stack, best(tried).tuning, at_once=at_once) as peer:
            await self._pace.measure.introduce(peer)
            await self._pace.warm(peer, shape)
            pressure = self._pace.pressure(self._pace.sizes.seconds)

            async def once() -> Run:
                before = await self._counts()
                run = await self._pace.measure.run(peer, shape, pressure)
                await self._audit(run, before)
                return run

            self._pace.keep(await self._pace.quietly(once))

    async def turn_of_pgbench(self, *, at_once: bool) -> None:
        """The same transaction in the hot slot, with no service before it."""
        name = pgbench.name(at_once=at_once)
        sessions = best(self._tried[name]).tuning.sessions
        self._keep(name, await self._pgbench(sessions, at_once=at_once))

    async def turn_of_commits(self) -> None:
        """What PostgreSQL commits a second of the least that can be kept."""
        sessions = best(self._tried[COMMITS]).tuning.sessions
        self._keep(COMMITS, await self._commits(sessions))

    def _keep(self, name: str, found: tuple[float, float]) -> None:
        rate, others = found
        self._pace.all.pgbench.setdefault(name, []).append(round(rate, 1))
        self._pace.all.pgbench_others.setdefault(name, []).append(round(others, 3))

    async def _try(self, peer: Alone, shape: str, tuning: Tuning) -> None:
        run = await self._pace.short(peer, shape)
        tried = Tried(tuning=tuning, per_second=round(run.per_second))
        self._tried.setdefault(name_of(peer.name, shape), []).append(tried)
        self._pace.say(f"{told(tuning)}: {line_of(run)}")

    async def _tune_pgbench(self, *, at_once: bool) -> None:
        """The peer is a match only for pgbench at its best."""
        for sessions in self._pace.sizes.peer_sessions:
            rate, _ = await self._pgbench(sessions, at_once=at_once)
            self._note(pgbench.name(at_once=at_once), sessions, rate)

    async def _tune_commits(self) -> None:
        for sessions in self._pace.sizes.commit_sessions:
            self._note(COMMITS, sessions, (await self._commits(sessions))[0])

    def _note(self, name: str, sessions: int, rate: float) -> None:
        tried = Tried(tuning=Tuning(processes=1, sessions=sessions), per_second=round(rate))
        self._tried.setdefault(name, []).append(tried)

    async def _pgbench(self, sessions: int, *, at_once: bool) -> tuple[float, float]:
        about: dict[str, Any] = {"connections": sessions, "seconds": self._pace.sizes.sweep_seconds}
        work = pgbench.run(self._stack, self._hot, at_once=at_once, **about)
        return await self._alone(f"{pgbench.name(at_once=at_once)}, {sessions} connections", work)

    async def _commits(self, sessions: int) -> tuple[float, float]:
        about: dict[str, Any] = {"connections": sessions, "seconds": self._pace.sizes.sweep_seconds}
        work = pgbench.commits(self._stack, **about)
        return await self._alone(f"{COMMITS}, {sessions} connections", work)

    async def _alone(self, name: str, work: Awaitable[float]) -> tuple[float, float]:
        await self._pace.rest()
        await self._pace.measure.checkpoint()
        rate, others = await self._pace.measure.others_during(work)
        said = f", DISTURBED: others had {others:.0%}" if others > OTHERS_MAX else ""
        self._pace.say(f"{name}: {rate:,.0f}/s{said}")
        return rate, others

    async def _counts(self) -> Counts:
        """When the last answers, which wrk no longer waited for, are made."""
        await asyncio.sleep(LAST_ANSWERS_SECONDS)
        return await place.counts(place.dsn_of(self._stack))

    async def _audit(self, run: Run, before: Counts) -> None:
        counts = await self._counts()
        unsure = run.connections + run.broken
        self._pace.wrong(counts.wrong(before, told=run.booked, unsure=unsure))
        self._pace.all.peer_audited += 1
