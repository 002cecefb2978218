"""Where do chapters that share a stack take place? In a town with slots, people, a watch."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Console

from bench.peer_rowlock import place
from bench.rush import audit, clinics, families, patients, shapes
from bench.rush.audit import Told
from bench.rush.clinics import CLINICS, Operator, Town
from bench.rush.found import Everything
from bench.rush.lag import Watch, watching
from bench.rush.measure import Measure
from bench.rush.pace import Pace
from bench.rush.shapes import FAMILIES, HOT, PAIRS, SOLD_OUT, UNIFORM, ZIPF
from bench.rush.sides import Talon
from bench.rush.sizes import Sizes
from deploy.local.stack import Stack
from talon.doors import open_doors
from talon.mistakes import MistakeError


class Ground:
    """One stack that only this bench has booked on."""

    def __init__(self, stack: Stack, pace: Pace, talon: Talon, watch: Watch, town: Town) -> None:
        self.stack = stack
        self.pace = pace
        self.sizes = pace.sizes
        self.measure = pace.measure
        self.all = pace.all
        self.talon = talon
        self.watch = watch
        self.town = town
        self.tokens: list[str] = []
        self._elsewhere = Told(booked=0, undecided=0, failed=0)

    async def set_up(self) -> None:
        """The same slots for all, and patients whom Talon knows already."""
        town = self.town
        await clinics.widen(self.stack, town.hot)
        slots = [town.hot, *town.uniform]
        await place.make(self.stack, slots)
        self.tokens = patients.sign(self.stack, self.sizes.patients)
        self.measure.bring(self.tokens)
        guardians = self.tokens[: self.sizes.families]
        with_children = await families.register(self.stack.api("booking"), guardians)
        self.measure.people(FAMILIES.people, with_children)
        self.measure.offer(HOT, [town.hot])
        self.measure.offer(UNIFORM, town.uniform)
        self.measure.offer(ZIPF, shapes.popular(town.uniform))
        for shape in (PAIRS, FAMILIES):
            self.measure.offer(shape, shapes.together(town.uniform, CLINICS, shape.places))
        self.measure.offer(SOLD_OUT, [town.full])
        self.pace.say(f"{len(slots):,} slots, {len(self.tokens):,} patients, each with a token")
        await self.measure.introduce(self.talon)

    def made_elsewhere(self, *, booked: int, unsure: int = 0) -> None:
        """So many bookings are made, or may be, that are not in the first front desk's count."""
        before = self._elsewhere
        self._elsewhere = Told(
            booked=before.booked + booked, undecided=before.undecided + unsure, failed=0
        )

    async def settle(self) -> None:
        """Wait until nothing moves."""
        still = await self.watch.all_quiet()
        if still:
            raise MistakeError(f"the stack did not come to rest: {still}")

    async def audit(self) -> None:
        """Is everything there that was told, and nothing else?"""
        await self.settle()
        told = await self.talon.told()
        assert told is not None
        found = await audit.audit(self.stack, told, self._elsewhere)
        self.all.audit = found
        self.pace.wrong(found.wrong)


@asynccontextmanager
async def standing(
    stack: Stack, sizes: Sizes, every: Everything, out: Console
) -> AsyncIterator[Ground]:
    """The town on a stack that is up and empty."""
    talon = Talon(stack)
    async with open_doors(stack) as doors, watching(stack) as watch:
        operator = Operator(stack, doors)
        measure = Measure(stack, stack.home / "bench", operator.campaign)
        pace = Pace(sizes, measure, talon, every, out)
        ground = Ground(stack, pace, talon, watch, await operator.town())
        await ground.set_up()
        yield ground
