"""What is measured after what? Everybody in turns, so that the machine's moods meet all alike."""

from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import NamedTuple

from bench.rush import shapes, sides
from bench.rush.found import line_of
from bench.rush.ground import Ground
from bench.rush.measure import Run
from bench.rush.peers import COMPARED, Peers
from bench.rush.shapes import HOT, Shape
from bench.rush.trouble import told

KNEE = 0.95
"""The knee is where fewer connections already give so much of the most."""

PEERS = "peers"
SHAPES: dict[str, Shape] = {
    "zipf": shapes.ZIPF,
    "pairs": shapes.PAIRS,
    "families": shapes.FAMILIES,
    "refusals": shapes.SOLD_OUT,
}
"""The chapters of the rounds beside the peers', and what each asks for."""


class Turn(NamedTuple):
    """One measurement of a round, for the sake of one chapter."""

    chapter: str
    make: Callable[[], Awaitable[None]]


class Rounds:
    """What a bench consists of. A turn that fails fails its chapter, and no other turn."""

    def __init__(self, ground: Ground, chosen: Collection[str]) -> None:
        self._ground = ground
        self._chosen = chosen
        self._pace = ground.pace
        self._sizes = ground.sizes
        self._peers = Peers(ground.stack, ground.pace, ground.town.hot)

    async def play(self) -> None:
        """All of them."""
        self._pace.chapter("the client's connections")
        await self._find_the_knee()
        if PEERS in self._chosen:
            await self._take(Turn(PEERS, self._tune))
        for nth in range(self._sizes.rounds):
            self._pace.chapter(f"round {nth + 1} of {self._sizes.rounds}")
            for turn in self._turns(backwards=nth % 2 == 1):
                await self._take(turn)

    async def _take(self, turn: Turn) -> None:
        failed = self._pace.all.failed
        try:
            if PEERS not in failed or turn.chapter != PEERS:
                await turn.make()
        except Exception as reason:
            failed.setdefault(turn.chapter, told(reason))
            self._pace.say(f"{turn.chapter}: {told(reason)}")

    def _turns(self, *, backwards: bool) -> list[Turn]:
        """All who are measured, in the order of a round."""
        turns: list[Turn] = []
        for shape in COMPARED:
            turns += self._of_peers(shape, at_once=True)
            turns.append(Turn("bookings", partial(self._turn_of_talon, shape)))
            turns += self._of_peers(shape, at_once=False)
        for chapter, other in SHAPES.items():
            if chapter in self._chosen:
                turns.append(Turn(chapter, partial(self._turn_of_talon, other)))
        if PEERS in self._chosen:
            for at_once in (True, False):
                turns.append(Turn(PEERS, partial(self._peers.turn_of_pgbench, at_once=at_once)))
            turns.append(Turn(PEERS, self._peers.turn_of_commits))
            turns.append(Turn(PEERS, self._turn_of_echo))
            if "zipf" in self._chosen:
                turns += self._of_peers(shapes.ZIPF, at_once=True)
        return turns[::-1] if backwards else turns

    def _of_peers(self, shape: Shape, *, at_once: bool) -> list[Turn]:
        if PEERS not in self._chosen:
            return []
        return [Turn(PEERS, partial(self._peers.turn, shape.name, at_once=at_once))]

    async def _tune(self) -> None:
        """How is the peer run at its best? Fewer people come, since each has to be shown to it."""
        self._pace.chapter("the peer's processes and its connections to PostgreSQL")
        self._ground.measure.bring(self._ground.tokens[: self._sizes.sweep_patients])
        try:
            await self._peers.tune()
        finally:
            self._ground.measure.bring(self._ground.tokens)

    async def _find_the_knee(self) -> None:
        runs = []
        for connections in self._sizes.connections:
            self._pace.connections = connections
            runs.append(await self._pace.short(self._ground.talon, HOT.name))
            self._pace.say(f"{connections} connections: {line_of(runs[-1])}")
            await self._ground.settle()
        most = max(run.per_second for run in runs)
        knee = next(run.connections for run in runs if run.per_second >= KNEE * most)
        self._pace.connections = self._pace.all.knee = knee
        self._pace.all.connections = {
            run.connections: (round(run.per_second), round(run.p99_ms, 1)) for run in runs
        }
        self._pace.say(f"the knee, and what everybody gets: {knee}")

    async def _turn_of_talon(self, shape: Shape) -> None:
        await self._pace.warm(self._ground.talon, shape.name)
        await self._ground.settle()
        pressure = self._pace.pressure(self._sizes.seconds)

        async def once() -> Run:
            ground = self._ground
            run = await ground.measure.run(ground.talon, shape.name, pressure, ground.watch)
            await ground.audit()
            return run

        self._pace.keep(await self._pace.quietly(once))

    async def _turn_of_echo(self) -> None:
        async with sides.echo(self._ground.stack) as echo:
            await self._pace.warm(echo, HOT.name)
            pressure = self._pace.pressure(self._sizes.seconds)
            measure = self._ground.measure
            run = await self._pace.quietly(lambda: measure.run(echo, HOT.name, pressure))
        self._pace.keep(run)
