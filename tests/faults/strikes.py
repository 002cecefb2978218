"""How is each fault done to the stack, and undone?"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import msgspec

from deploy.local import processes
from deploy.local.parts import services
from deploy.local.processes import Process
from deploy.local.stack import SERVICES as ROLES
from deploy.local.stack import SETUP, SUPERUSER
from shared.database import AWAY
from tests.faults import records
from tests.faults.ground import Ground
from tests.faults.proxy import Proxy
from tests.faults.schedule import SERVICES, Fault

LATENCY_SECONDS = 0.05
LOST_COMMIT_EVERY_SECONDS = 0.05
LOST_MAIL_EVERY_SECONDS = 0.5
POINT_SECONDS_MAX = 5.0
JOINED_SECONDS = 2.0
LEAVES_SECONDS_MAX = 10.0
BIRTH_SECONDS_MAX = 15.0
JOINERS_INSTANCE = 8
"""A process that the supervisor does not know has the ports of an instance nobody has."""

CLOCKS = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
"""Where Debian's package libfaketime is installed."""
ROLE = {"slots": {"TALON_ROLE": "referee"}, "booking": {"TALON_ROLE": "projector"}}
"""Who joins only for a while takes no requests: the edge does not know it."""


class Struck(msgspec.Struct, kw_only=True):
    """One fault as it was: `at` and `until` by the wall clock, `note` what was seen of it."""

    fault: Fault
    at: float
    until: float = 0.0
    well_at: float = 0.0
    """When the supervisor has seen well what was struck."""
    killed: tuple[str, ...] = ()
    """Whom a signal ended; not who was between two lives already."""
    note: str = ""


class Striker:
    """Does to the stack what a schedule says, and writes down what it did."""

    def __init__(self, ground: Ground, dice: random.Random) -> None:
        self.log: list[Struck] = []
        self.joined = 0
        self.ground = ground
        self._dice = dice
        self._do: dict[str, Callable[[Struck], Awaitable[None]]] = {
            "kill": self._kill,
            "kill-all": self._kill_all,
            "stop-at-once": self._stop_at_once,
            "freeze": self._freeze,
            "away": self._be_away,
            "backend": self._end_a_backend,
            "latency": self._be_late,
            "black-hole": self._swallow,
            "reset": self._reset,
            "slices": self._slice,
            "lost-commits": self._lose_commits,
            "lost-mails": self._lose_mails,
            "sleeping-mails": self._lose_mails,
            "point": self._arm,
            "churn": self._churn,
            "duplicates": self._tell_again,
            "full-disk": self._fill_up,
            "wrong-clock": self._join_with_a_wrong_clock,
        }

    async def strike(self, fault: Fault) -> None:
        """Do one fault from its beginning to its end."""
        struck = Struck(fault=fault, at=time.time())
        self.log.append(struck)
        try:
            await self._do[fault.kind](struck)
        finally:
            struck.until = time.time()

    async def lose_commits(self, about_every_seconds: float) -> None:
        """For ever, now and then: one COMMIT is done, and whoever asked for it never hears."""
        while about_every_seconds:
            await asyncio.sleep(self._dice.uniform(0.5, 1.5) * about_every_seconds)
            self.ground.postgres.weather.answers_lost = 1

    def heal(self) -> None:
        """Let nothing be wrong that is not over yet."""
        for proxy in self.ground.proxies:
            proxy.weather.latency_seconds = 0.0
            proxy.weather.sliced = False
            proxy.weather.answers_lost = 0
            proxy.weather.passes.set()
            proxy.weather.resets.set()

    # ---- processes -----------------------------------------------------------------------------

    async def _kill(self, struck: Struck) -> None:
        self._signal(struck, struck.fault.target, signal.SIGKILL)

    async def _kill_all(self, struck: Struck) -> None:
        for name in (*SERVICES, "kafka", "postgres"):
            self._signal(struck, name, signal.SIGKILL)

    async def _stop_at_once(self, struck: Struck) -> None:
        """As PostgreSQL calls it: immediate shutdown, without a checkpoint, so with a recovery."""
        self._signal(struck, struck.fault.target, signal.SIGQUIT)

    async def _freeze(self, struck: Struck) -> None:
        process = self._signal(struck, struck.fault.target, signal.SIGSTOP)
        try:
            await asyncio.sleep(struck.fault.seconds)
        finally:
            if process is not None:
                processes.send(process, signal.SIGCONT)

    def _signal(self, struck: Struck, name: str, number: signal.Signals) -> Process | None:
        process = self.ground.process(name)
        if process is None:
            struck.note += f"{name} was between two lives; "
            return None
        processes.send(process, number)
        if number == signal.SIGKILL:
            struck.killed = (*struck.killed, name)
        struck.note += f"{name} was {process.pid}; "
        return process

    async def _end_a_backend(self, struck: Struck) -> None:
        """One server process of PostgreSQL: asked to end, or killed, which restarts them all."""
        how = signal.SIGKILL if struck.fault.target == "killed" else signal.SIGTERM
        try:
            connection = await asyncpg.connect(self.ground.stack.dsn(SUPERUSER), timeout=5)
        except AWAY as error:
            struck.note = f"nobody to end: {error!r}"
            return
        try:
            pids = [row["pid"] for row in await connection.fetch(BACKENDS, list(ROLES))]
        finally:
            connection.terminate()
        if pids:
            pid = self._dice.choice(pids)
            os.kill(pid, how)
            struck.note = f"backend {pid}"

    async def _arm(self, struck: Struck) -> None:
        """Whoever comes to this point next is gone there."""
        path = self.ground.points / struck.fault.target
        path.touch()
        until = time.monotonic() + POINT_SECONDS_MAX
        while path.exists() and time.monotonic() < until:
            await asyncio.sleep(0.02)
        struck.note = "nobody came by" if path.exists() else "somebody was gone there"
        path.unlink(missing_ok=True)

    async def _fill_up(self, struck: Struck) -> None:
        """Nothing more can be written, under the log or under the database."""
        disks, name = self.ground.disks, struck.fault.target
        if not disks.are_there:
            struck.note = "only root can make a small disk: left out"
            return
        disks.fill(name)
        try:
            await asyncio.sleep(struck.fault.seconds)
        finally:
            disks.empty(name)

    # ---- the network ---------------------------------------------------------------------------

    def _way(self, struck: Struck) -> Proxy:
        return next(p for p in self.ground.proxies if p.name == struck.fault.target)

    async def _be_away(self, struck: Struck) -> None:
        way = self._way(struck)
        await way.close()
        try:
            await asyncio.sleep(struck.fault.seconds)
        finally:
            await way.open()

    async def _be_late(self, struck: Struck) -> None:
        weather = self._way(struck).weather
        weather.latency_seconds = LATENCY_SECONDS
        await asyncio.sleep(struck.fault.seconds)
        weather.latency_seconds = 0.0

    async def _swallow(self, struck: Struck) -> None:
        weather = self._way(struck).weather
        weather.passes.clear()
        try:
            await asyncio.sleep(struck.fault.seconds)
        finally:
            weather.passes.set()

    async def _reset(self, struck: Struck) -> None:
        self._way(struck).hang_up()

    async def _slice(self, struck: Struck) -> None:
        weather = self._way(struck).weather
        weather.sliced = True
        await asyncio.sleep(struck.fault.seconds)
        weather.sliced = False

    async def _lose_commits(self, struck: Struck) -> None:
        await self._lose(struck, self.ground.postgres, LOST_COMMIT_EVERY_SECONDS)

    async def _lose_mails(self, struck: Struck) -> None:
        weather = self.ground.smtp.weather
        if struck.fault.kind == "sleeping-mails":
            weather.resets.clear()
        await self._lose(struck, self.ground.smtp, LOST_MAIL_EVERY_SECONDS)
        weather.resets.set()

    async def _lose(self, struck: Struck, way: Proxy, every_seconds: float) -> None:
        """Now and then one answer, so that some come through as well."""
        before = way.hits
        until = time.monotonic() + struck.fault.seconds
        while time.monotonic() < until:
            way.weather.answers_lost = 1
            await asyncio.sleep(every_seconds)
        way.weather.answers_lost = 0
        struck.note = f"{way.hits - before} answers kept back"

    # ---- the log -------------------------------------------------------------------------------

    async def _tell_again(self, struck: Struck) -> None:
        told = await records.tell_again(self.ground.stack.broker(SETUP), self._dice)
        struck.note = f"{told} records told again, in another order"

    # ---- who comes and goes --------------------------------------------------------------------

    async def _churn(self, struck: Struck) -> None:
        """A process of this service joins, and leaves after two seconds, again and again."""
        until = time.monotonic() + struck.fault.seconds
        before = self.joined
        while time.monotonic() < until:
            await self._join(struck.fault.target, JOINED_SECONDS, {})
        struck.note = f"joined and left {self.joined - before} times"

    async def _join_with_a_wrong_clock(self, struck: Struck) -> None:
        service, _, offset = struck.fault.target.partition(" ")
        if CLOCKS is None:
            struck.note = "libfaketime is not installed: left out"
            return
        clock = {"LD_PRELOAD": str(CLOCKS), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        await self._join(service, struck.fault.seconds, clock)
        struck.note = "joined and left"

    async def _join(self, service: str, seconds: float, more: dict[str, str]) -> None:
        part = services.part(self.ground.stack, service, JOINERS_INSTANCE)
        environ = part.environment | ROLE.get(service, {}) | self.ground.environ_of_services | more
        with (self.ground.stack.logs / f"{service}-joiner.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *part.command, cwd=part.folder, env=environ, stdout=log, stderr=log
            )
        try:
            await self._until_born(part, process)
            self.joined += 1
            await asyncio.sleep(seconds)
        finally:
            if process.returncode is None:
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), LEAVES_SECONDS_MAX)
            except TimeoutError:
                process.kill()
                await process.wait()

    async def _until_born(self, part: services.Part, process: asyncio.subprocess.Process) -> None:
        until = time.monotonic() + BIRTH_SECONDS_MAX
        while process.returncode is None and time.monotonic() < until:
            try:
                await part.probe()
                return
            except Exception:
                await asyncio.sleep(0.1)


BACKENDS = """
SELECT pid FROM pg_stat_activity
 WHERE usename = ANY ($1::text[]) AND backend_type = 'client backend'
"""
