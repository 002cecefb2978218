"""How long and over how many connections is everybody asked, and what if others disturb it?"""

from collections.abc import Awaitable, Callable

from rich.console import Console

from bench.rush import cpu
from bench.rush.found import Everything, line_of, name_of
from bench.rush.load import Pressure
from bench.rush.measure import Measure, Run
from bench.rush.sides import Side, Talon
from bench.rush.sizes import Sizes

UNHURRIED = 256
"""Many, so that each may pause and the pace is that of people, not of answers."""

ANSWER_SECONDS = 0.03
"""About what an answer takes below the peak."""


class Pace:
    """The same for all sides; `connections` is the knee as soon as it is known."""

    def __init__(
        self, sizes: Sizes, measure: Measure, talon: Talon, every: Everything, out: Console
    ) -> None:
        self.sizes = sizes
        self.measure = measure
        self.connections = every.knee or max(sizes.connections)
        self.all = every
        self._talon = talon
        self._out = out

    def pressure(self, seconds: float) -> Pressure:
        """For so long."""
        return Pressure(connections=self.connections, seconds=seconds)

    def unhurried(self, per_second: float, seconds: float) -> Pressure:
        """So many come with pauses of their own that it is about this rate, answers or not."""
        pause = max(0.0, UNHURRIED / per_second - ANSWER_SECONDS)
        return Pressure(connections=UNHURRIED, seconds=seconds, pause_ms_max=round(2_000 * pause))

    async def short(self, side: Side, shape: str) -> Run:
        """A run to compare settings by."""
        await self.warm(side, shape)
        pressure = self.pressure(self.sizes.sweep_seconds)
        return await self.quietly(lambda: self.measure.run(side, shape, pressure))

    async def warm(self, side: Side, shape: str) -> None:
        """Before each run."""
        await self.measure.warm(side, shape, self.pressure(self.sizes.warm_seconds))

    async def quietly(self, make: Callable[[], Awaitable[Run]]) -> Run:
        """Again where others on the machine disturbed it; the least disturbed counts."""
        runs: list[Run] = []
        for _ in range(self.sizes.attempts_max):
            await self.rest()
            runs.append(await make())
            if not runs[-1].disturbed:
                break
        return min(runs, key=lambda run: run.others)

    async def rest(self) -> None:
        """Until others leave the machine alone, or patience ends."""
        await cpu.until_others_rest(self._talon.roots(), seconds=self.sizes.patience_seconds)

    def keep(self, run: Run) -> None:
        """As the run of this round."""
        self.all.runs.setdefault(name_of(run.side, run.slots), []).append(run)
        self.say(line_of(run))

    def wrong(self, found: list[str]) -> None:
        """What an audit found."""
        self.all.wrong += found
        for words in found:
            self.say(f"the audit: {words}")

    def chapter(self, words: str) -> None:
        """What comes next."""
        self._out.rule(words, align="left")

    def say(self, words: str) -> None:
        """A line to whoever watches."""
        self._out.print(f"  {words}", soft_wrap=True)
