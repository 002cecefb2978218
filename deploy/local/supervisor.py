"""In which order do the parts start and stop, and when is the stack ready?"""

import asyncio
import fcntl
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from deploy.local import counting, keys, link_keys, logs, ports, processes, state
from deploy.local.keeper import Keeper
from deploy.local.leftovers import sweep
from deploy.local.parts import HopelessError, Part
from deploy.local.progress import say
from deploy.local.stack import Stack
from deploy.local.state import StackCondition, StackState

OWN_PORT = "TALON_SUPERVISOR_PORT"
DEATHS_BEFORE_READY_MAX = 5
LOG_LINES_SHOWN = 15
WAITING_LINE_SECONDS = 2.0
LOOK_PAUSE_SECONDS = 0.05
TRIM_PAUSE_SECONDS = 30.0


def supervise(stack: Stack, parts: Sequence[Part]) -> int:
    """Start the parts, keep them alive until a signal asks to stop, leave no process."""
    stack.logs.mkdir(parents=True, exist_ok=True)
    with _alone(stack):
        sweep(stack)
        _check_ports(stack, parts)
        keys.make_once(stack.issuer_key, stack.jwks)
        link_keys.make_once(stack.link_keys)
        logs.trim(stack.logs)
        try:
            return asyncio.run(Supervisor(stack, parts).run())
        finally:
            state.forget(stack.home)


def _check_ports(stack: Stack, parts: Sequence[Part]) -> None:
    wanted = [port for part in parts for port in part.ports.values()]
    wanted.append(stack.settings.port(OWN_PORT))
    complaints = [ports.complaint(port, stack.settings) for port in wanted]
    if any(complaints):
        raise HopelessError("\n".join(filter(None, complaints)))


@contextmanager
def _alone(stack: Stack) -> Iterator[None]:
    with (stack.home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HopelessError(
                f"stack {stack.name} is already supervised; see: make status"
            ) from None
        yield


class Supervisor:
    """All the keepers of one stack."""

    def __init__(self, stack: Stack, parts: Sequence[Part]) -> None:
        self._stack = stack
        self._keepers = [
            Keeper(part, stack.settings, stack.logs / f"{part.name}.log", self._tell)
            for part in parts
        ]
        self._by_name = {keeper.part.name: keeper for keeper in self._keepers}
        self._condition: StackCondition = "starting"
        self._since = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._ready_seconds: float | None = None
        self._stop_asked = asyncio.Event()

    async def run(self) -> int:
        """Until a signal, or until a part cannot be helped: then everything stops."""
        settings = self._stack.settings
        host, port = settings.text("TALON_HOST"), settings.port(OWN_PORT)
        with counting.told(host, port, lambda: [keeper.state for keeper in self._keepers]):
            return await self._run()

    async def _run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._ask_to_stop)
        self._tell()
        lives = {
            keeper.part.name: asyncio.create_task(self._keep(keeper)) for keeper in self._keepers
        }
        watch = asyncio.create_task(self._watch())
        stop = asyncio.create_task(self._stop_asked.wait())
        try:
            done, _ = await asyncio.wait(
                {*lives.values(), watch, stop}, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            watch.cancel()
            stop.cancel()
            await self._stop_all(lives)
        for task in done - {stop}:
            await task
        return 0

    async def _keep(self, keeper: Keeper) -> None:
        for name in keeper.part.needs:
            if name in self._by_name:
                await self._by_name[name].ready.wait()
        await keeper.keep()

    async def _watch(self) -> None:
        """Give the start its limit, say when all is ready, then keep the logs small."""
        begun = time.monotonic()
        limit = self._stack.settings.number("TALON_START_SECONDS")
        try:
            async with asyncio.timeout(limit):
                await self._until_ready(begun)
        except TimeoutError:
            raise HopelessError(f"not ready after {limit} s: {self._who_is_missing()}") from None
        self._ready_seconds = round(time.monotonic() - begun, 1)
        self._condition = "ready"
        self._tell()
        print(f"stack {self._stack.name} is ready after {self._ready_seconds} s", flush=True)
        while True:
            await asyncio.sleep(TRIM_PAUSE_SECONDS)
            await asyncio.to_thread(logs.trim, self._stack.logs)

    async def _until_ready(self, begun: float) -> None:
        told = begun
        while missing := [keeper for keeper in self._keepers if not keeper.ready.is_set()]:
            for keeper in missing:
                if keeper.state.restarts >= DEATHS_BEFORE_READY_MAX:
                    raise HopelessError(self._last_words(keeper))
            if time.monotonic() - told >= WAITING_LINE_SECONDS:
                told = time.monotonic()
                print(f"  waiting for {self._who_is_missing()}, {told - begun:.0f} s", flush=True)
            await asyncio.sleep(LOOK_PAUSE_SECONDS)

    def _who_is_missing(self) -> str:
        return ", ".join(
            f"{keeper.part.name} ({keeper.state.note})" if keeper.state.note else keeper.part.name
            for keeper in self._keepers
            if not keeper.ready.is_set()
        )

    def _last_words(self, keeper: Keeper) -> str:
        path = self._stack.logs / f"{keeper.part.name}.log"
        words = "\n".join(f"    {line}" for line in logs.tail(path, LOG_LINES_SHOWN))
        state = keeper.state
        return (
            f"{state.name} ended {state.restarts} times without becoming ready ({state.note});"
            f" the end of {path}:\n{words}"
        )

    def _ask_to_stop(self) -> None:
        if self._stop_asked.is_set():
            # Asked twice: nobody wants to wait for a graceful end any more.
            for keeper in self._keepers:
                keeper.kill()
        self._stop_asked.set()

    async def _stop_all(self, lives: dict[str, asyncio.Task[None]]) -> None:
        """First who needs others, then the others."""
        self._condition = "stopping"
        self._tell()
        print(f"stack {self._stack.name} is stopping", flush=True)
        for needy in (True, False):
            wave = [keeper for keeper in self._keepers if bool(keeper.part.needs) is needy]
            await asyncio.gather(*(_stop(keeper, lives[keeper.part.name]) for keeper in wave))

    def _tell(self) -> None:
        me = processes.identify(os.getpid())
        assert me is not None
        condition = self._condition
        if condition == "ready" and any(k.state.state != "ready" for k in self._keepers):
            condition = "degraded"
        said = StackState(
            stack=self._stack.name,
            state=condition,
            supervisor=me,
            since=self._since,
            ready_seconds=self._ready_seconds,
            parts=[keeper.state for keeper in self._keepers],
        )
        state.save(said, self._stack.home)


async def _stop(keeper: Keeper, life: asyncio.Task[None]) -> None:
    begun = time.monotonic()
    ran = keeper.state.process is not None
    await keeper.stop()
    life.cancel()
    # What it ended with is the business of whoever watches it; here it only has to have ended.
    with suppress(asyncio.CancelledError, Exception):
        await life
    if ran:
        say(keeper.part.name, f"stopped after {time.monotonic() - begun:.1f} s")
