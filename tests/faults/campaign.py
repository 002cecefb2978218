"""How does a campaign go? Load and faults together, then heal, then rest, then judge."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
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
from talon.doors import Doors, open_doors
from talon.rush.arrivals import Morning
from talon.rush.choice import Chooser
from talon.rush.journal import Journal, Line, new_journal, read
from talon.rush.play import play
from talon.rush.score import Score
from talon.rush.visitor import Town
from talon.tokens import Signer
from tests.faults import checks, controls, crew
from tests.faults.bars import Seen, measure
from tests.faults.checks import Finding
from tests.faults.ground import Ground
from tests.faults.history import History, collect
from tests.faults.lateness import Lateness
from tests.faults.outcome import Outcome
from tests.faults.records import Poisoner
from tests.faults.schedule import SERVICES, Fault, Profile, draw_up, of_seed
from tests.faults.stages import Stages
from tests.faults.strikes import Striker
from tests.faults.watch import Watch

WELL_SECONDS_MAX = 120.0
LATE_SECONDS_MAX = 10.0
STAFF = ("0", "1")
ASKED = ("book", "hold", "confirm")
RESERVED_SHARE = 0.1
"""So many of the patients do not come with the rush: they move back and forth, or want it twice."""


@dataclass(frozen=True)
class Cast:
    """Who is in it: people, staff, watchers, and whoever makes things fail."""

    profile: Profile
    seed: int
    score: Score
    watch: Watch
    lateness: Lateness
    crowd: crew.Crowd
    staff: crew.Staff
    poisoner: Poisoner
    striker: Striker

    @property
    def asker(self) -> crew.Remembering:
        """By whom everything is asked, and remembered."""
        return self.crowd.asker


async def run(
    ground: Ground, profile: Profile, seed: int, *, late: str = "", stages: Stages | None = None
) -> Outcome:
    """One campaign on a stack that is up, without the guard `late` once the city is there."""
    profile, stages = of_seed(profile, seed), stages or Stages()
    await ground.verb(
        *("talon", "city", "--clinics", str(profile.clinics)),
        *("--patients", str(profile.patients)),
    )
    stages.done("city")
    if late:
        await _take_out(ground, late)
    city, path = home.load(ground.stack), new_journal(ground.stack.home)
    journal = Journal(path)
    began = time.time()
    try:
        async with open_doors(ground.stack) as doors:
            cast = _cast(ground, profile, seed, speaks=(city, doors, journal))
            await _play(cast)
            stages.done("people")
            unanswered, unrest = await _come_to_rest(ground, cast, stages)
    finally:
        journal.close()
    history = await collect(ground.stack, city, testify(read(path)))
    history.world = _as_staff_left_it(history.world, cast.staff)
    history.seen, history.closed, history.began = cast.watch.broken, cast.staff.closed, began
    stages.done("read")
    findings = checks.check_all(history)
    stages.done("judge")
    return _outcome(cast, findings, history, rest=(unanswered, unrest, stages))


def _cast(
    ground: Ground, profile: Profile, seed: int, *, speaks: tuple[City, Doors, Journal]
) -> Cast:
    city, doors, journal = speaks
    dice = Random(f"campaign/{seed}")
    watch, score = Watch(ground, city.plan, doors, dice), Score(city.plan.places)
    watch.know({patient_id(city.plan.seed, n): t for n, t in enumerate(city.tokens)})

    def hear(line: Line) -> None:
        score.note(line)
        watch.hear(line)

    crowd = crew.Crowd(
        city=city,
        doors=doors,
        asker=crew.Remembering(doors, journal, hear),
        chooser=Chooser(city.plan),
        name=f"{profile.name}-{seed}",
    )
    return Cast(
        profile=profile,
        seed=seed,
        score=score,
        watch=watch,
        lateness=Lateness(),
        crowd=crowd,
        staff=crew.Staff(crowd, Signer(ground.stack)),
        poisoner=Poisoner(ground.stack.broker(SETUP), dice),
        striker=Striker(ground, dice),
    )


async def _come_to_rest(ground: Ground, cast: Cast, stages: Stages) -> tuple[int, str]:
    """All is well; who had no answer asks again; nothing moves. How many have none even then?"""
    quiet_seconds = cast.profile.quiet_seconds
    unrest = await _until_well(ground, quiet_seconds)
    stages.done("well again")
    if unrest:
        return 0, unrest
    unanswered = await cast.asker.ask_again() + await cast.staff.ask_again()
    stages.done("asked again")
    async with load.auditor(ground.stack) as connection:
        unrest = await quiet.wait(connection, seconds=quiet_seconds, tell=lambda said: None)
    stages.done("at rest")
    return unanswered, unrest


def _outcome(
    cast: Cast, findings: list[Finding], history: History, *, rest: tuple[int, str, Stages]
) -> Outcome:
    unanswered, unrest, stages = rest
    watch, ground, lines = cast.watch, cast.striker.ground, cast.asker.lines
    asked = [line for line in lines if line.how != "poll" and line.act in ASKED]
    return Outcome(
        seed=cast.seed,
        log=cast.striker.log,
        findings=findings,
        bars=measure(_seen(cast)),
        history=history,
        unrest=unrest,
        unanswered=unanswered,
        asked=len({line.wish for line in asked}),
        requests=len(asked),
        booked=cast.score.bookings,
        changes=cast.staff.changes,
        hits={proxy.name: proxy.hits for proxy in ground.proxies},
        looks={"database": watch.looks, "slots": watch.reads, "bookings": watch.shown},
        poison=cast.poisoner.appended,
        stages=stages,
        lag_seconds=round(cast.lateness.most(0.0, time.time()), 2),
    )


def _seen(cast: Cast) -> Seen:
    return Seen(
        lines=cast.asker.lines,
        log=cast.striker.log,
        samples=cast.watch.samples,
        lateness=cast.lateness,
        ended=cast.asker.lines[-1].at if cast.asker.lines else time.time(),
    )


async def _take_out(ground: Ground, guard: str) -> None:
    controls.take_out(guard, CHECKOUT)
    for name in SERVICES:
        process = ground.process(name)
        if process is not None:
            processes.send(process, signal.SIGKILL)
    await asyncio.sleep(1)
    await _until_well(ground, LATE_SECONDS_MAX)


async def _play(cast: Cast) -> None:
    """People come, staff work, things fail; until all has failed that was to."""
    profile, crowd, striker = cast.profile, cast.crowd, cast.striker
    city = crowd.city
    first = len(city.tokens) - int(len(city.tokens) * RESERVED_SHARE)
    come = msgspec.structs.replace(city, tokens=city.tokens[:first])
    town = Town(
        doors=crowd.doors,
        asker=crowd.asker,
        chooser=crowd.chooser,
        campaign_id=city.plan.campaign.id,
        score=cast.score,
    )
    morning = Morning(peak=profile.rate, seconds=profile.seconds)
    try:
        # A mistake of anybody's ends it at once, and not when the last of the people have gone.
        async with asyncio.TaskGroup() as others:
            running = [others.create_task(other) for other in _besides(cast, first)]
            await asyncio.gather(
                play(come, town, morning, name=crowd.name),
                _fail(striker, draw_up(cast.seed, profile)),
            )
            for task in running:
                task.cancel()
    finally:
        striker.heal()


def _besides(cast: Cast, first: int) -> Iterator[Coroutine[Any, Any, None]]:
    """Everyone but the rush; those of the patients from `first` on are theirs."""
    crowd, staff = cast.crowd, cast.staff
    for number in range(first, first + crew.MOVERS):
        yield crew.move_back_and_forth(crowd, number)
    rest = range(first + crew.MOVERS, len(crowd.city.tokens))
    yield crew.want_it_twice(crowd, rest[: len(rest) // 2], cast.profile.twins)
    yield crew.want_the_same(crowd, rest[len(rest) // 2 :], cast.profile.rivals)
    for name in STAFF:
        yield staff.change(name)
    yield staff.close()
    yield cast.watch.run()
    yield cast.lateness.run()
    yield cast.poisoner.run()
    yield cast.striker.lose_commits(cast.profile.lost_commit_seconds)


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
