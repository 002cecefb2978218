"""Which rate can be kept, so that nobody who follows falls further behind?"""

from bench.rush.found import line_of, name_of
from bench.rush.ground import Ground
from bench.rush.kept import Search, Step
from bench.rush.shapes import HOT

FIRST_GUESS = 0.9
"""Of the rate at which bookings were answered and known to all, the catching up counted in."""


async def play(ground: Ground) -> None:
    """The steps as they are made, on the hot slot; the fastest kept one is the answer."""
    runs = ground.all.runs[name_of(ground.talon.name, HOT.name)]
    seeking = Search(FIRST_GUESS * min(run.settled_per_second for run in runs))
    for _ in range(ground.sizes.kept_steps_max):
        pressure = ground.pace.unhurried(seeking.wanted, ground.sizes.kept_seconds)
        run = await ground.measure.run(ground.talon, HOT.name, pressure, ground.watch)
        step = Step(wanted=seeking.wanted, run=run)
        seeking.learn(step)
        ground.all.kept.append(step)
        said = "kept" if step.kept else "not kept"
        ground.pace.say(f"{said}, lag grows by {run.lag_growth:,.0f}/s: {line_of(run)}")
        if seeking.done:
            break
        await ground.settle()
    await ground.audit()
