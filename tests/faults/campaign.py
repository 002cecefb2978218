"""How does a campaign go? Load and faults together, then heal, then rest, then judge."""

import asyncio
import contextlib
import signal
import time
from collections import Counter
from collections.abc import Iterable
from random import Random
from uuid import UUID

import msgspec

from deploy.local import processes
from deploy.local.settings import CHECKOUT
from deploy.local.stack import SETUP
from talon.audit import load, quiet
from talon.audit.facts import World
from talon.audit.witness import testify
from talon.city import home
from talon.city.home import City
from talon.city.plan import patient_id
from talon.doors import open_doors
from talon.rush.arrivals import Morning
from talon.rush.choice import Chooser
from talon.rush.journal import Journal, Line, new_journal, read
from talon.rush.play import play
from talon.rush.score import Score
from talon.rush.visitor import Town
from talon.tokens import Signer
from tests.faults import checks, controls, crew
from tests.faults.bars import Bar, measure
from tests.faults.checks import Finding
from tests.faults.ground import Ground
from tests.faults.history import History, collect
from tests.faults.records import Poisoner
from tests.faults.schedule import SERVICES, Fault, Profile, draw_up
from tests.faults.strikes import Striker, Struck
from tests.faults.watch import Watch

WELL_SECONDS_MAX = 120.0
LAG_SECONDS_MAX = 1.0
LATE_SECONDS_MAX = 10.0
STAFF = ("0", "1")
RESERVED_SHARE = 0.1
"""So many of the patients do not come with the rush: they move back and forth, or want it twice."""


class Outcome(msgspec.Struct, kw_only=True):
    """What came of one campaign."""

    seed: int
    log: list[Struck]
    findings: list[Finding]
    bars: list[Bar]
    history: History
    unrest: str
    unanswered: int
    asked: int
    booked: int
    changes: int
    hits: dict[str, int]
    looks: dict[str, int]
    poison: int
    seconds: float
    lag_seconds: float
    """How late the client itself was at most: whether its clock can judge anybody else."""

    @property
    def is_true(self) -> bool:
        """True when every promise is kept, however slow the machine was."""
        said = self.unrest or self.unanswered
        return not said and not any(finding.broken for finding in self.findings)

    @property
    def is_timed(self) -> bool:
        """False on a machine so busy that the client itself came late."""
        return self.lag_seconds <= LAG_SECONDS_MAX

    @property
    def is_clean(self) -> bool:
        """True when besides every bar is met, where they can be judged."""
        return self.is_true and (not self.is_timed or all(bar.is_met for bar in self.bars))


async def run(ground: Ground, profile: Profile, seed: int, *, late: str = "") -> Outcome:
    """One campaign on a stack that is up, without the guard `late` once the city is there."""
    await ground.verb(
        *("talon", "city", "--clinics", str(profile.clinics)),
        *("--patients", str(profile.patients)),
    )
    if late:
        await _take_out(ground, late)
    began = time.monotonic()
    city = home.load(ground.stack)
    path = new_journal(ground.stack.home)
    journal = Journal(path)
    dice = Random(f"campaign/{seed}")
    striker = Striker(ground, dice)
    try:
        async with open_doors(ground.stack) as doors:
            watch = Watch(ground, city.plan, doors, dice)
            watch.know({patient_id(city.plan.seed, n): t for n, t in enumerate(city.tokens)})
            score = Score(city.plan.places)
            asker = crew.Remembering(doors, journal, lambda line: _hear(line, score, watch))
            crowd = crew.Crowd(
                city=city,
                doors=doors,
                asker=asker,
                chooser=Chooser(city.plan),
                name=f"{profile.name}-{seed}",
            )
            staff = crew.Staff(crowd, Signer(ground.stack))
            poisoner = Poisoner(ground.stack.broker(SETUP), dice)
            await _play(
                profile,
                seed,
                crowd=crowd,
                score=score,
                staff=staff,
                striker=striker,
                besides=[watch.run(), poisoner.run()],
            )
            unanswered, unrest = 0, await _until_well(ground, profile.quiet_seconds)
            if not unrest:
                unanswered = await asker.ask_again() + await staff.ask_again()
                async with load.auditor(ground.stack) as connection:
                    unrest = await quiet.wait(
                        connection, seconds=profile.quiet_seconds, tell=lambda said: None
                    )
    finally:
        journal.close()
    history = await collect(ground.stack, city, testify(read(path)))
    history.world = _as_staff_left_it(history.world, staff)
    history.seen, history.closed = watch.broken, staff.closed
    return Outcome(
        seed=seed,
        log=striker.log,
        findings=checks.check_all(history),
        bars=measure(asker.lines, striker.log, watch.samples, time.time()),
        history=history,
        unrest=unrest,
        unanswered=unanswered,
        asked=_asked(asker.lines),
        booked=score.bookings,
        changes=staff.changes,
        hits={proxy.name: proxy.hits for proxy in ground.proxies},
        looks={"database": watch.looks, "slots": watch.reads, "bookings": watch.shown},
        poison=poisoner.appended,
        seconds=round(time.monotonic() - began, 1),
        lag_seconds=round(score.lag_seconds, 2),
    )


async def _take_out(ground: Ground, guard: str) -> None:
    controls.take_out(guard, CHECKOUT)
    for name in SERVICES:
        process = ground.process(name)
        if process is not None:
            processes.send(process, signal.SIGKILL)
    await asyncio.sleep(1)
    await _until_well(ground, LATE_SECONDS_MAX)


def _hear(line: Line, score: Score, watch: Watch) -> None:
    score.note(line)
    watch.hear(line)


def _asked(lines: Iterable[Line]) -> int:
    """How many requests asked for a booking."""
    asked = Counter(line.act for line in lines if line.how != "poll")
    return asked["book"] + asked["confirm"] + asked["hold"]


async def _play(profile, seed, *, crowd, score, staff, striker, besides):  # type: ignore[no-untyped-def]
    """People come, staff work, things fail; until all has failed that was to."""
    city: City = crowd.city
    reserved = int(len(city.tokens) * RESERVED_SHARE)
    first = len(city.tokens) - reserved
    come = msgspec.structs.replace(city, tokens=city.tokens[:first])
    town = Town(
        doors=crowd.doors,
        asker=crowd.asker,
        chooser=crowd.chooser,
        campaign_id=city.plan.campaign.id,
        score=score,
    )
    morning = Morning(peak=profile.rate, seconds=profile.seconds)
    others = [
        *(crew.move_back_and_forth(crowd, first + n) for n in range(crew.MOVERS)),
        crew.want_it_twice(crowd, range(first + crew.MOVERS, len(city.tokens)), profile.twins),
        *(staff.change(name) for name in STAFF),
        staff.close(),
        *besides,
    ]
    running = [asyncio.create_task(other) for other in others]
    try:
        await asyncio.gather(
            play(come, town, morning, name=crowd.name),
            _fail(striker, draw_up(seed, profile)),
        )
        for task in running:
            if task.done() and not task.cancelled() and (mistake := task.exception()):
                raise mistake
    finally:
        striker.heal()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _fail(striker: Striker, faults: Iterable[Fault]) -> None:
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for fault in faults:
            await asyncio.sleep(max(0.0, began + fault.at - time.monotonic()))
            tasks.create_task(striker.strike(fault))
            tasks.create_task(_see_well(striker, fault))


async def _see_well(striker: Striker, fault: Fault) -> None:
    """When is a part that was ended ready again?"""
    if fault.kind not in ("kill", "stop-at-once") or fault.target not in ("kafka", "postgres"):
        return
    await asyncio.sleep(0.2)
    struck = next(s for s in striker.log if s.fault == fault)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(WELL_SECONDS_MAX):
            while not striker.ground.is_reborn(fault.target, struck.at):
                await asyncio.sleep(0.1)
    struck.well_at = time.time()


async def _until_well(ground: Ground, seconds: float) -> str:
    """Wait; in words who is not ready even then, or an empty string."""
    wanted = (*SERVICES, "kafka", "postgres")
    until = time.monotonic() + seconds
    while (sick := ground.unready(wanted)) and time.monotonic() < until:
        await asyncio.sleep(0.2)
    return f"{', '.join(sick)} not ready after {seconds:.0f} s" if sick else ""


def _as_staff_left_it(world: World, staff: crew.Staff) -> World:
    """How many each slot may take, where staff changed it; what is in doubt is not judged."""
    capacities: dict[UUID, int] = dict(world.capacities)
    for slot_id, may_be in staff.capacities.items():
        found = world.slots.get(slot_id)
        in_doubt = found is not None and found.capacity in may_be
        capacities[slot_id] = found.capacity if in_doubt and found else max(may_be)
    return msgspec.structs.replace(world, capacities=capacities)
