"""How is one part kept alive from its first start to its stop?"""

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from deploy.local import ports, processes, spawn
from deploy.local.parts import HopelessError, Part
from deploy.local.progress import say
from deploy.local.settings import Settings
from deploy.local.state import PartCondition, PartState

BACKOFF_SECONDS_MIN = 0.2
BACKOFF_SECONDS_MAX = 10.0
HEALTHY_SECONDS = 30.0
"""After so long a life a death is news, not the next of a series."""

PROBE_SECONDS_MAX = 10.0
PROBE_PAUSE_STARTING_SECONDS = 0.1
PROBE_PAUSE_READY_SECONDS = 3.0


class Keeper:
    """Starts one part, watches it, starts it again when it dies, and stops it."""

    def __init__(self, part: Part, settings: Settings, log: Path, tell: Callable[[], None]) -> None:
        self.part = part
        self.state = PartState(
            name=part.name, ports={use: port.number for use, port in part.ports.items()}
        )
        self.ready = asyncio.Event()
        """Set by the first readiness and never cleared: who needs us copes with restarts."""
        self._settings = settings
        self._log = log
        self._tell = tell
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._pause_seconds = BACKOFF_SECONDS_MIN

    async def keep(self) -> None:
        """Run the part until `stop`. Raises `HopelessError` when starting again cannot help."""
        while not self._stopping.is_set():
            born = time.monotonic()
            try:
                await self._live()
            except HopelessError as reason:
                self._is("failed", note=str(reason))
                raise
            if self._stopping.is_set():
                return
            await self._pause(time.monotonic() - born)

    async def stop(self) -> None:
        """Ask the part to go; after its time is up, end it."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(self.part.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), self.part.stop_seconds)
        except TimeoutError:
            say(self.part.name, f"still runs after {self.part.stop_seconds:.0f} s: killed")
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """End the part without asking."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)

    async def _live(self) -> None:
        """One life of the part: returns when its process has ended, however it did."""
        for port in self.part.ports.values():
            trouble = ports.complaint(port, self._settings)
            if trouble is not None:
                self.state.note = trouble
                return
        try:
            await self.part.prepare()
        except OSError as reason:
            self.state.note = str(reason)
            return
        if self._stopping.is_set():
            return
        process = self._process = await spawn.start(self.part, self._log)
        self.state.process = processes.identify(process.pid)
        self.state.since = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.state.ready_seconds = None
        self._is("starting")
        doors = ", ".join(f"{use} {port.number}" for use, port in self.part.ports.items())
        say(self.part.name, f"starting: process {process.pid}, {doors}")
        await self._watch(process)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        death = asyncio.create_task(process.wait())
        health = asyncio.create_task(self._follow_health())
        try:
            await asyncio.wait({death, health}, return_when=asyncio.FIRST_COMPLETED)
            if not death.done():
                # Following never ends by itself: this raises what made it give up.
                await health
        finally:
            health.cancel()
            if not death.done():
                self._stopping.set()
                self.kill()
            code = await death
            spawn.end_group(process.pid)
            self.state.process = None
            self._is("stopped", note=spawn.ending(code))

    async def _follow_health(self) -> None:
        """Ask again and again, often until the part is ready and seldom from then on."""
        born = time.monotonic()
        while True:
            try:
                async with asyncio.timeout(PROBE_SECONDS_MAX):
                    await self._ask(born)
            except HopelessError:
                raise
            except Exception as reason:
                # A part that was killed while it was asked may answer in any way at all; none of
                # them is a reason to give up all the others.
                was_ready = self.state.ready_seconds is not None
                self._is("unready" if was_ready else "starting", note=_in_words(reason))
            is_ready = self.state.state == "ready"
            await asyncio.sleep(
                PROBE_PAUSE_READY_SECONDS if is_ready else PROBE_PAUSE_STARTING_SECONDS
            )

    async def _ask(self, born: float) -> None:
        """Returns when the part is ready; the first time it also becomes what others expect."""
        await self.part.probe()
        if self.state.ready_seconds is None:
            await self.part.settle()
            self.state.ready_seconds = round(time.monotonic() - born, 2)
            say(self.part.name, f"ready after {self.state.ready_seconds} s")
        self._is("ready")
        self.ready.set()

    async def _pause(self, lived_seconds: float) -> None:
        """Wait a little before the next start, longer each time in a series of deaths."""
        if lived_seconds >= HEALTHY_SECONDS:
            self._pause_seconds = BACKOFF_SECONDS_MIN
        pause = self._pause_seconds
        self._pause_seconds = min(pause * 2, BACKOFF_SECONDS_MAX)
        self.state.restarts += 1
        self._is("restarting", note=self.state.note)
        say(self.part.name, f"ended ({self.state.note}); again in {pause:.1f} s")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause)

    def _is(self, condition: PartCondition, *, note: str = "") -> None:
        if (self.state.state, self.state.note) == (condition, note):
            return
        self.state.state = condition
        self.state.note = note
        self._tell()


def _in_words(reason: BaseException) -> str:
    if isinstance(reason, ConnectionRefusedError):
        return "it does not answer yet"
    return str(reason) or type(reason).__name__
