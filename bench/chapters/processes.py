"""What do more processes bring? One front desk and one referee, then two of each, and so on.

Asked at the edge, which deals out who asks whom.
"""

import asyncio

from bench.rush import sides
from bench.rush.audit import Told
from bench.rush.found import line_of
from bench.rush.ground import Ground
from bench.rush.shapes import UNIFORM
from bench.rush.sides import ROUTE, Talon
from bench.scale import scale
from deploy.local.stack import Stack


class Edge(Talon):
    """The whole stack, asked where people ask."""

    name = "talon at the edge"

    def __init__(self, stack: Stack, processes: int) -> None:
        super().__init__(stack)
        self.url = stack.edge + ROUTE
        self.processes = processes
        self._desks = [stack.ops("booking", nth) for nth in range(processes)]

    async def told(self) -> Told:
        """All the front desks together."""
        return _sum(await self.each())

    async def each(self) -> list[Told]:
        """One after the other."""
        return [await asyncio.to_thread(sides.told_by, desk) for desk in self._desks]


async def play(ground: Ground) -> None:
    """Ever more of each, and one of each in the end."""
    try:
        for count in ground.sizes.processes:
            await _with(ground, count)
    finally:
        await scale(ground.stack, 1)
    await ground.audit()


async def _with(ground: Ground, count: int) -> None:
    if count > 1:
        await scale(ground.stack, count)
    edge = Edge(ground.stack, count)
    await ground.measure.introduce(edge)
    await ground.pace.warm(edge, UNIFORM.name)
    await ground.settle()
    pressure = ground.pace.pressure(ground.sizes.processes_seconds)
    run = await ground.measure.run(edge, UNIFORM.name, pressure, ground.watch)
    ground.pace.say(f"{count} of each: {line_of(run)}")
    if count > 1:
        # Whoever goes takes its count along.
        gone = _sum((await edge.each())[1:])
        ground.made_elsewhere(booked=gone.booked, unsure=gone.undecided + gone.failed)
        await scale(ground.stack, 1)
    ground.all.details[f"processes {count}"] = run
    ground.all.values |= {
        f"processes_{count}_answered": round(run.per_second),
        f"processes_{count}_settled": round(run.settled_per_second),
        f"processes_{count}_p99_ms": round(run.p99_ms, 1),
        f"processes_{count}_cpu_us": round(sum(run.cpu_us_settled.values())),
    }


def _sum(told: list[Told]) -> Told:
    return Told(
        booked=sum(one.booked for one in told),
        undecided=sum(one.undecided for one in told),
        failed=sum(one.failed for one in told),
        refused=sum(one.refused for one in told),
    )
