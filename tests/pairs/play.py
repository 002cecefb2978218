"""How does such a morning go? People and kills together, until there is nothing more to be had."""

import asyncio
import time
from collections import Counter
from random import Random
from uuid import UUID

from deploy.local.stack import Stack
from talon.doors import open_doors
from talon.tokens import Signer
from tests.pairs.asking import Asker
from tests.pairs.killer import Killer
from tests.pairs.looking import Found, Watch, judge
from tests.pairs.morning import open_morning
from tests.pairs.people import Person, Scene
from tests.pairs.sizes import Size

SECONDS_MAX = 240.0


async def play(stack: Stack, size: Size, seed: int) -> tuple[Found, Scene]:
    """One morning on a stack that is up, with two referees and two front desks."""
    dice, signer = Random(f"pairs/{seed}"), Signer(stack)
    async with open_doors(stack) as doors:
        scene = Scene(doors, await open_morning(stack, doors, size), size)
        killer, watch = Killer(stack, size, dice), Watch(stack, scene)
        people = [_person(scene, signer, dice) for _ in range(size.people)]
        began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(scene.look())
            tasks.create_task(killer.run())
            for person in people:
                tasks.create_task(person.come())
            try:
                async with asyncio.timeout(SECONDS_MAX):
                    await watch.run(size, killer)
            except TimeoutError:
                scene.strange.append(f"not all was booked after {SECONDS_MAX:.0f} s")
            # Whoever is asking still hears the end of it.
            scene.over.set()
        seconds = time.monotonic() - began
        found = await judge(stack, scene)
    found.killed, found.seconds = Counter(killer.killed), seconds
    found.orphan_seconds = watch.orphan_seconds
    found.orphan_at = max(0.0, watch.orphan_at - began)
    found.kill_times = [at - began for at in killer.at]
    found.strange, found.abandoned = scene.strange, scene.abandoned
    found.requests = sum(person.asker.requests for person in people)
    found.repeats = sum(person.asker.repeats for person in people)
    found.unanswered = [said for person in people for said in person.asker.unanswered]
    return found, scene


def _person(scene: Scene, signer: Signer, dice: Random) -> Person:
    person = UUID(int=dice.getrandbits(128), version=4)
    own = Random(dice.getrandbits(64))
    return Person(
        scene, Asker(scene.doors, person, signer.sign(person, ["patient"], hours=1), own), own
    )
