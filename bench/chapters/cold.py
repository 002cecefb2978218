"""What if no door has seen anybody's token before? Each is verified anew."""

from bench.rush import patients, sides
from bench.rush.found import best, line_of, name_of
from bench.rush.ground import Ground
from bench.rush.shapes import HOT
from bench.rush.sides import Side


async def play(ground: Ground) -> None:
    """Talon, and the peer where it has been measured."""
    tried = ground.all.peer_tried.get("peer hot")
    if tried:
        async with sides.peer(ground.stack, best(tried).tuning, at_once=True) as peer:
            await _ask(ground, peer)
    await _ask(ground, ground.talon)
    await ground.audit()


async def _ask(ground: Ground, side: Side) -> None:
    await ground.pace.warm(side, HOT.name)
    await ground.settle()
    ground.measure.bring(patients.sign(ground.stack, ground.sizes.patients))
    pressure = ground.pace.pressure(ground.sizes.cold_seconds)
    run = await ground.measure.run(side, HOT.name, pressure)
    ground.all.cold[name_of(side.name, HOT.name)] = run
    ground.pace.say(f"cold: {line_of(run)}")
    ground.all.values[f"{side.name}_cold_per_second"] = round(run.per_second)
