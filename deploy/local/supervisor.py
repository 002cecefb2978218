"""In which order do the parts start and stop, and when is the stack ready?"""

import asyncio
import fcntl
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from deploy.local import counting, keys, link_keys, logs, ports, processes, push_key, state
from deploy.local.crew import Crew
from deploy.local.keeper import Keeper
from deploy.local.leftovers import sweep
from deploy.local.parts import HopelessError, Part
from deploy.local.plan import plan
from deploy.local.scaling import CHANGE_SIGNAL, Scaler
from deploy.local.stack import Stack
from deploy.local.state import StackCondition, StackState

OWN_PORT = "TALON_SUPERVISOR_PORT"
DEATHS_BEFORE_READY_MAX = 5
LOG_LINES_SHOWN = 15
WAITING_LINE_SECONDS = 2.0
LOOK_PAUSE_SECONDS = 0.05
TRIM_PAUSE_SECONDS = 30.0


def supervise(stack: Stack, only: Sequence[str], counts: Mapping[str, int]) -> int:
    """Start the parts, keep them alive until a signal asks to stop, leave no process."""
    # What is written down for the edge and for Prometheus follows this one as it changes.
    has = dict(counts)
    parts = plan(stack, only, has)
    stack.logs.mkdir(parents=True, exist_ok=True)
    with _alone(stack):
        sweep(stack)
        _check_ports(stack, parts)
        keys.make_once(stack.issuer_key, stack.jwks)
        link_keys.make_once(stack.link_keys)
        push_key.make_once(stack.push_key)
        logs.trim(stack.logs)
        try:
            return asyncio.run(Supervisor(stack, parts, has).run())
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
    """Everything that is kept alive in one stack."""

    def __init__(self, stack: Stack, parts: Sequence[Part], counts: dict[str, int]) -> None:
        self._stack = stack
        self._crew = Crew(stack, parts, self._tell)
        self._scaler = Scaler(stack, self._crew, counts, self._tell)
        self._condition: StackCondition = "starting"
        self._since = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._ready_seconds: float | None = None
        self._stop_asked = asyncio.Event()

    async def run(self) -> int:
        """Until a signal, or until a part cannot be helped: then everything stops."""
        settings = self._stack.settings
        host, port = settings.text("TALON_HOST"), settings.port(OWN_PORT)
        with counting.told(host, port, lambda: [each.state for each in self._crew.keepers]):
            return await self._run()

    async def _run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._ask_to_stop)
        loop.add_signal_handler(CHANGE_SIGNAL, self._scaler.ask)
        self._tell()
        self._crew.begin(self._crew.keepers)
        going = [
            asyncio.create_task(each)
            for each in (
                self._crew.until_one_ends(),
                self._watch(),
                self._scaler.run(),
                self._stop_asked.wait(),
            )
        ]
        try:
            done, _ = await asyncio.wait(going, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in going:
                task.cancel()
            await self._stop_all()
        for task in done:
            await task
        return 0

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
        while missing := [keeper for keeper in self._crew.keepers if not keeper.ready.is_set()]:
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
            for keeper in self._crew.keepers
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
            for keeper in self._crew.keepers:
                keeper.kill()
        self._stop_asked.set()

    async def _stop_all(self) -> None:
        self._condition = "stopping"
        self._tell()
        print(f"stack {self._stack.name} is stopping", flush=True)
        await self._crew.end_all()

    def _tell(self) -> None:
        me = processes.identify(os.getpid())
        assert me is not None
        condition = self._condition
        if condition == "ready" and any(each.state.state != "ready" for each in self._crew.keepers):
            condition = "degraded"
        said = StackState(
            stack=self._stack.name,
            state=condition,
            supervisor=me,
            since=self._since,
            ready_seconds=self._ready_seconds,
            parts=[keeper.state for keeper in self._crew.keepers],
            scaled=self._scaler.scaled,
        )
        state.save(said, self._stack.home)
