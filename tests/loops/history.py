"""What is one history? Wishes, faults and the loops between, in an order that a seed decides."""

import asyncio
from collections.abc import Callable
from typing import Any

from shared.log import Outgoing
from shared.topics import SLOTS_COMMANDS
from tests.loops import promises
from tests.loops.city import City
from tests.loops.wishes import SLOTS, Wish, asked_again, opening, wishes

LOOK_SECONDS = 0.1
CALM_SECONDS_MAX = 15.0
"""Once there are no more faults, everything has to be done after so long."""

CHAOS_SECONDS_MAX = 400.0
"""So long it takes to have asked everything, if the machine slept in between as often as it may."""

SLEEP_SECONDS = 31.0
"""The machine stands still for so long, and whoever held a place has lost it."""

MOVE_CHANCE, ASK_CHANCE, FAULT_CHANCE = 0.4, 0.04, 0.02
"""At each step: that the log moves by a record, that somebody asks, that something breaks."""

STORY_LINES = 60


class History:
    """One run, from an empty city to a quiet one."""

    def __init__(self, seed: int, sabotage: Callable[[City], None] = lambda city: None) -> None:
        self.seed = seed
        self.city = City(seed)
        self.dice = self.city.world.dice
        self._wishes = wishes(self.dice)
        self._asked: list[Wish] = []
        # In the first second one process has all partitions, then they are shared.
        self._begins = self.dice.choice((0.0, 0.8, 0.8, 0.8))
        self._broken: promises.BrokenError | None = None
        self._faults_left = self.dice.choice((0, 1, 2, 3, 5, 8))
        self._repeats_left = self.dice.randint(0, 4)
        self.city.world.happen = self._happen
        self.city.slots.on_commit = self._judge
        sabotage(self.city)

    def run(self) -> None:
        """Raises what was broken first, with the seed and the story."""
        try:
            with self.city.instead_of_the_world():
                self.city.world.run(self._live())
        except Exception as error:
            story = "\n".join(self.city.world.story[-STORY_LINES:])
            raise AssertionError(f"seed {self.seed}: {error}\n{story}") from error

    async def _live(self) -> None:
        city = self.city
        value, home = opening(self.dice)
        city.log.keep(Outgoing(SLOTS_COMMANDS.name, home, None, value))
        for name in ("slots", "slots", "booking", "booking", "notify", "notify"):
            city.start(name)
        while self._wishes or self._repeats_left or self._faults_left:
            await self._look(CHAOS_SECONDS_MAX)
        self._heal()
        until = city.world.now + CALM_SECONDS_MAX
        while not promises.is_quiet(city):
            await self._look(until)
        promises.all_was_kept(city)

    def _judge(self) -> None:
        try:
            promises.nobody_sits_twice(self.city.slots)
        except promises.BrokenError as error:
            self._broken = self._broken or error

    async def _look(self, until: float) -> None:
        await asyncio.sleep(LOOK_SECONDS)
        if self._broken is not None:
            raise self._broken
        self.city.restart_due()
        self.city.check_alive()
        if self.city.world.now > until:
            raise promises.BrokenError("no progress")

    def _heal(self) -> None:
        self.city.calm = True
        self.city.world.say("calm")
        for process in self.city.processes:
            self.city.world.thaw(process)

    # ---- what happens though nobody asked for it -------------------------------------------------

    def _happen(self) -> bool:
        city, chance = self.city, self.dice.random()
        moving = city.log.moving()
        if moving and chance < MOVE_CHANCE:
            self.dice.choice(moving).move()
            return True
        if city.calm or city.world.now < self._begins:
            return False
        if len(city.slots.find("slot")) < len(SLOTS):
            return False
        if chance > 1 - ASK_CHANCE:
            for _ in range(self.dice.choice((1, 1, 2, 4))):
                self._ask()
            return True
        if self._faults_left and chance > 1 - ASK_CHANCE - FAULT_CHANCE:
            self._faults_left -= 1
            self.dice.choices([fault for fault, _ in _FAULTS], [w for _, w in _FAULTS])[0](self)
            return True
        return False

    def _ask(self) -> None:
        if self._wishes and (not self._asked or self.dice.random() < 0.7):
            wish = self._wishes.pop(0)
            self._asked.append(wish)
        elif self._repeats_left and self._asked:
            self._repeats_left -= 1
            wish = asked_again(self.dice, self.dice.choice(self._asked), self.city.world.now)
        else:
            return
        name = type(wish.command).__name__
        self.city.world.say(f"asks {name} {wish.command.id} on {wish.home}")
        self.city.log.keep(Outgoing(SLOTS_COMMANDS.name, wish.home, None, wish.bytes()))

    def _kill(self) -> None:
        """Rather one that is in the midst of something."""
        alive = self.city.processes
        busy = [process for process in alive if self.city.is_busy(process)]
        if alive:
            self.city.kill(self.dice.choice(busy or alive))

    def _stand_still(self) -> None:
        """The log takes nothing and says nothing for a while, and meanwhile somebody dies."""
        world, log = self.city.world, self.city.log
        log.stands_until = world.now + self.dice.choice((0.2, 0.6, 1.0))
        world.say("the log stands still")
        world.loop.call_later((log.stands_until - world.now) / 2, self._kill)

    def _freeze(self) -> None:
        alive = [process for process in self.city.processes if not process.frozen]
        busy = [process for process in alive if self.city.is_busy(process)]
        if not alive:
            return
        process = self.dice.choice(busy or alive)
        process.frozen = True
        self.city.world.say(f"{process.name} is frozen")
        seconds = self.dice.choice((0.3, 0.9, 1.5, 4.0))
        self.city.world.loop.call_later(seconds, lambda: self.city.world.thaw(process))

    def _lose_producer(self) -> None:
        moving = self.city.log.moving()
        if moving:
            appender = self.dice.choice(moving)
            self.city.world.say(f"{appender.process.name} loses its producer")
            appender.fail()

    def _break_reader(self) -> None:
        process, reader = self.dice.choice(self.city.readers)
        reader.broken = True
        self.city.world.say(f"{process.name} cannot read")

    def _end_session(self) -> None:
        database = self.dice.choice(self.city.databases)
        if database.sessions:
            session = self.dice.choice(database.sessions)
            session.end()
            self.city.world.say(f"a session of {session.process.name} is ended")

    def _rubbish(self) -> None:
        home = self.dice.randrange(SLOTS_COMMANDS.partitions)
        self.city.log.keep(Outgoing(SLOTS_COMMANDS.name, home, None, b"rubbish"))

    def _sleep(self) -> None:
        self.city.world.pass_time(SLEEP_SECONDS)
        self.city.world.say("everything stood still")


_FAULTS: list[tuple[Callable[[History], Any], int]] = [
    (History._kill, 5),
    (History._freeze, 4),
    (History._lose_producer, 4),
    (History._stand_still, 3),
    (History._break_reader, 2),
    (History._end_session, 3),
    (History._rubbish, 1),
    (History._sleep, 2),
]
