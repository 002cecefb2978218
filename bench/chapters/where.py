"""Where does the CPU go on the hot slot? Each service looked at while it works."""

from functools import partial

from bench.rush import where
from bench.rush.ground import Ground
from bench.rush.shapes import HOT
from bench.rush.where import NotSeenError
from deploy.local.stack import SERVICES


async def play(ground: Ground) -> None:
    """One after the other; what may not be looked into is said."""
    seconds = ground.sizes.profile_seconds
    pressure = ground.pace.pressure(seconds + 2 * ground.sizes.warm_seconds)
    for service in SERVICES:
        look = partial(where.look, ground.talon.roots()[service], seconds=seconds)
        try:
            seen = await ground.measure.beside(ground.talon, HOT.name, pressure, look)
        except NotSeenError as reason:
            ground.pace.say(f"{service}: {reason}")
        else:
            ground.all.where[service] = seen
            ground.pace.say(f"{service}: {seen.parts}")
    await ground.audit()
