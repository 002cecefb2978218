"""How soon is it handed over to whoever has just booked, at a steady pace of bookings?

Everybody has an e-mail address here, and a mail server that is nobody's bottleneck takes what it is
given. Counted from the moment of the referee's decision, which is before the answer, to the
messenger's note that the mail server has it; both by PostgreSQL's clock.
"""

import os
from datetime import datetime

import asyncpg

from bench import stage
from bench.mail_sink import listening
from bench.rush.found import line_of
from bench.rush.ground import Ground, standing
from bench.rush.scene import Scene
from bench.rush.shapes import UNIFORM
from bench.waiting.crowd import ask_all, request_of
from deploy.local.stack import SUPERUSER, Stack
from shared.statements import load
from talon.mistakes import MistakeError

SQL = load("bench.chapters")
PER_SECOND = 200.0
CONNECTIONS = 32
PATH = "/me/contacts"
OK = 200
NAME = "handed"


async def play(scene: Scene) -> None:
    """On a stack of its own, whose parts are warm before anybody has an address."""
    async with listening() as port:
        await stage.ask(scene.stack, "reset")
        await stage.ask(scene.stack, "up", environ=os.environ | _mail_to(scene.stack, port))
        async with standing(scene.stack, scene.sizes, scene.all, scene.out) as ground:
            pressure = ground.pace.pressure(scene.sizes.handed_warm_seconds)
            await ground.measure.warm(ground.talon, UNIFORM.name, pressure)
            await ground.settle()
            await _give_addresses(ground)
            await _measured(ground)


def _mail_to(stack: Stack, port: int) -> dict[str, str]:
    """The messenger is sent there, as to whatever else may stand before the stack's own."""
    return {"TALON_SMTP_VIA_PORT": str(port - stack.settings.distance)}


async def _measured(ground: Ground) -> None:
    pressure = ground.pace.unhurried(PER_SECOND, ground.sizes.handed_seconds)
    owner = await asyncpg.connect(ground.stack.dsn(SUPERUSER))
    try:
        began: datetime = await owner.fetchval(SQL["now_is"])
        run = await ground.measure.run(ground.talon, UNIFORM.name, pressure, ground.watch)
        await ground.audit()
        row = await owner.fetchrow(SQL["handed_over"], began)
    finally:
        await owner.close()
    assert row is not None
    found = dict(row)
    ground.all.details[NAME] = {"run": run, "messages": found}
    ground.all.values |= values_of(found, run.per_second)
    ground.pace.say(f"{found}, beside {line_of(run)}")


def values_of(found: dict[str, float], per_second: float) -> dict[str, float | None]:
    """By the names in RESULT; no delay is told where somebody was not told."""
    is_whole = found["messages"] > 0 and found["sent"] == found["messages"]
    return {
        "handed_over_bookings": round(per_second, 1),
        "handed_over_messages": found["messages"],
        "handed_over_p50_seconds": round(found["p50"], 3) if is_whole else None,
        "handed_over_p99_seconds": round(found["p99"], 3) if is_whole else None,
    }


async def _give_addresses(ground: Ground) -> None:
    """As a person does it, at the messenger's door."""
    door = ground.stack.api("notify")
    wishes = [
        request_of(
            door,
            PATH,
            method="PUT",
            token=token,
            body=b'{"email":"patient-%d@example.org"}' % nth,
        )
        for nth, token in enumerate(ground.tokens)
    ]
    answers = await ask_all(door, wishes, connections=CONNECTIONS)
    other = next((one for one in answers if one.status != OK), None)
    if other is not None:
        raise MistakeError(f"PUT {PATH} answered {other.status}: {other.body!r}")
