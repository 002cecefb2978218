"""How soon is an answer there at half of what can be answered at most?"""

from statistics import median

from bench.rush.found import line_of, name_of
from bench.rush.ground import Ground
from bench.rush.shapes import UNIFORM

SHARE = 0.5
NAME = "half load"


async def play(ground: Ground) -> None:
    """People who come with pauses of their own, half as many a second as the rounds' median."""
    peak = ground.all.rate(name_of(ground.talon.name, UNIFORM.name))
    pressure = ground.pace.unhurried(SHARE * peak, ground.sizes.half_seconds)
    runs = []
    for _ in range(ground.sizes.rounds):
        await ground.pace.rest()
        run = await ground.measure.run(ground.talon, UNIFORM.name, pressure, ground.watch)
        ground.pace.say(f"wanted {SHARE * peak:,.0f}/s: {line_of(run)}")
        runs.append(run)
    await ground.audit()
    ground.all.details[NAME] = runs
    ground.all.values |= {
        "half_load_p99_ms": round(median(run.p99_ms for run in runs), 1),
        "half_load_p50_ms": round(median(run.p50_ms for run in runs), 1),
        "half_load_per_second": round(median(run.per_second for run in runs)),
    }
