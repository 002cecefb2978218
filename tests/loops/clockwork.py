"""In which order does everything happen? An event loop whose time and order a seed decides.

Nothing here is about Talon. What a process asks of the world (a statement, a record) waits in
`asked` until the seed picks it; then it takes effect, and its answer comes at once, later, or
never, since the process may have died. Time stands still while anything can be picked, unless the
seed lets it go on. The same seed gives the same history, to the last step.
"""

import asyncio
import contextlib
import random
import selectors
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextvars import ContextVar, copy_context
from typing import Any

Wait = Callable[[], bool]
"""True once what was waited for is there."""

Deed = Generator[Wait, None, Any]
"""What happens in the world at once, up to each `yield` of something that it has to wait for."""

LATE_ANSWER_CHANCE = 0.15
PAUSE_CHANCE = 0.04


class StuckError(AssertionError):
    """Nothing can happen any more, and somebody still waits."""


class Process:
    """One process: its tasks, timers and questions end together, at any point, without a word."""

    def __init__(self, name: str, dice: random.Random) -> None:
        self.name = name
        self.dice = dice
        self.dead = False
        self.frozen = False
        self.tasks: list[asyncio.Task[Any]] = []
        self.timers: list[asyncio.TimerHandle] = []
        self.slept_over: list[Callable[[], object]] = []
        """Timers that went off while it was frozen."""
        self.left: list[Asked] = []
        """What it never heard of. Kept, so that nothing of the dead is cleared away, and runs."""


HERE: ContextVar[Process] = ContextVar("the process that this code runs in")


class Asked:
    """Something that a process asked of the world and has no answer to yet."""

    def __init__(self, process: Process, deed: Deed, answer: asyncio.Future[Any]) -> None:
        self.process = process
        self.deed = deed
        self.answer = answer
        self.wait: Wait | None = None
        self.said: tuple[Any, BaseException | None] | None = None

    def can_go_on(self) -> bool:
        """True when the world can do it now, or the process can hear that it is done."""
        if self.said is None:
            return self.wait is None or self.wait()
        return not self.process.frozen

    def go_on(self) -> None:
        """Let it take effect, as far as it goes."""
        try:
            self.wait = next(self.deed)
        except StopIteration as done:
            self.said = (done.value, None)
        except Exception as error:
            self.said = (None, error)

    def tell(self) -> None:
        """The process hears of it."""
        assert self.said is not None
        value, error = self.said
        if self.answer.done():
            return
        if error is None:
            self.answer.set_result(value)
        else:
            self.answer.set_exception(error)


class Clockwork:
    """The world's clock and its dice. `steps` are what else may happen, each with its weight."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.asked: list[Asked] = []
        self.now = 0.0
        self.loop = _Loop(self)
        self.story: list[str] = []
        self.happen: Callable[[], bool] = lambda: False
        """Maybe something happens that nobody asked for; True when something did."""
        self.on_time: Callable[[], None] = lambda: None
        """Time has gone on."""

    def say(self, what: str) -> None:
        """Note what happened, for whoever has to understand a failure."""
        self.story.append(f"{self.now:7.3f} {what}")

    # ---- processes -----------------------------------------------------------------------------

    def start(self, process: Process, work: Coroutine[Any, Any, object]) -> asyncio.Task[Any]:
        """Run this as a part of the process."""
        context = copy_context()
        context.run(HERE.set, process)
        task = self.loop.create_task(work, context=context)
        process.tasks.append(task)
        return task

    def kill(self, process: Process) -> None:
        """It ends here. What it had sent may still take effect, and nobody hears of it."""
        process.dead = True
        for timer in process.timers:
            timer.cancel()
        for asked in [a for a in self.asked if a.process is process]:
            self.asked.remove(asked)
            process.left.append(asked)
            if asked.said is None and asked.can_go_on() and self.dice.random() < 0.5:
                asked.go_on()

    def thaw(self, process: Process) -> None:
        """It goes on, and does not know that time has passed."""
        process.frozen = False
        slept_over, process.slept_over = process.slept_over, []
        for callback in slept_over if not process.dead else ():
            self.loop.call_soon(callback)

    # ---- the world -----------------------------------------------------------------------------

    async def ask(self, deed: Deed) -> Any:
        """Ask something of the world and wait for the answer."""
        answer = self.loop.create_future()
        asked = Asked(HERE.get(), deed, answer)
        self.asked.append(asked)
        try:
            return await answer
        finally:
            if asked in self.asked and asked.said is None:
                self.asked.remove(asked)

    def step(self, until_timer: float | None) -> None:
        """One thing happens. Called when no code can run until something does."""
        if self.happen():
            return
        can = [a for a in self.asked if not a.process.dead and a.can_go_on()]
        rests = until_timer is not None and self.dice.random() < PAUSE_CHANCE
        if can and not rests:
            asked = can[int(self.dice.random() * len(can))]
            if asked.said is None:
                asked.go_on()
            if asked.said is not None and not asked.process.frozen:
                if len(can) > 1 and self.dice.random() < LATE_ANSWER_CHANCE:
                    return
                self.asked.remove(asked)
                asked.tell()
        elif until_timer is not None:
            self.pass_time(until_timer)
        else:
            raise StuckError("nothing can happen any more")

    def pass_time(self, seconds: float) -> None:
        """Nothing else happens for so long."""
        self.now += seconds
        self.on_time()

    def is_busy(self, process: Process) -> bool:
        """True when something that it asked for is under way, and not only waited for."""
        return any(a.process is process and (a.said or a.wait is None) for a in self.asked)

    def run(self, work: Coroutine[Any, Any, object]) -> None:
        """Run until this is done; then leave everything as it lies."""
        try:
            self.loop.run_until_complete(work)
        finally:
            self.loop.set_exception_handler(lambda loop, context: None)
            for task in asyncio.all_tasks(self.loop):
                with contextlib.suppress(BaseException):
                    task.get_coro().close()
            self.loop.close()


class _Loop(asyncio.SelectorEventLoop):
    """asyncio's own loop; only its clock is the world's, and instead of waiting the world steps."""

    def __init__(self, world: Clockwork) -> None:
        self._world = world
        super().__init__(_Steps(world))

    def time(self) -> float:
        return self._world.now

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        """Every timer belongs to a process: it dies with it and sleeps with it."""
        process = HERE.get(None)
        if process is None:
            return super().call_at(when, callback, *args, context=context)

        def go_off() -> None:
            process.timers.remove(timer)
            if process.frozen:
                process.slept_over.append(lambda: callback(*args))
            elif not process.dead:
                callback(*args)

        timer = super().call_at(when, go_off, context=context)
        process.timers.append(timer)
        return timer


class _Steps(selectors.BaseSelector):
    """Where a loop would sleep until a socket speaks, the world makes a step instead."""

    def __init__(self, world: Clockwork) -> None:
        self._world = world
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        fd = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = selectors.SelectorKey(fileobj, fd, events, data)
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys[fileobj]

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None or timeout > 0:
            self._world.step(timeout)
        return []
