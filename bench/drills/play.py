"""How is a morning played: a city with a waiting room, its people, and those who look on?"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import msgspec

from bench.drills.curve import Curve, scaled
from bench.drills.looks import Invariants, Looks, onlooker
from bench.drills.mornings import Morning
from bench.drills.people import Town, Visitor
from bench.drills.tally import Second, Tally
from deploy.local.stack import Stack
from talon.city import home
from talon.city.build import Builder
from talon.city.home import City, Kept
from talon.city.plan import (
    DAYS_APART_MAX,
    DAYS_APART_MIN,
    DOSES,
    VACCINATION,
    operator_id,
    patient_id,
    tomorrow,
)
from talon.doors import Doors, open_doors
from talon.mistakes import MistakeError
from talon.progress import console, steps
from talon.rush.arrivals import poisson
from talon.rush.asking import Asker
from talon.rush.choice import Chooser
from talon.rush.journal import Journal, Line, new_journal
from talon.rush.wishes import Person
from talon.tokens import Signer

SEED = 1
TOKEN_HOURS = 12.0
AFTER_SHARE = 0.5
"""The line is looked at for so much longer than people come."""

ADMITTED_LEAST = 1.0
FOUND_SECONDS = 12
"""A line begins at its least speed and grows by a tenth of its limit each second."""

LOOKS_LEAST = 5
MADE = 201


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How many people come within how many seconds."""

    people: int
    seconds: float


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was seen of one drill. Speeds are people a second."""

    morning: str
    began: datetime
    people: int
    places: int
    speed: float
    curve: Curve
    seconds: list[Second]
    totals: dict[str, int]
    took: list[float]
    slowest_shed_ms: float
    lag_ms: float
    served: float
    """People a second whose turn came, while there were people in line."""
    invariants: Invariants


async def play(stack: Stack, morning: Morning, size: Size) -> Played:
    """The whole morning, from an empty stack."""
    kept = _kept(morning, size)
    curve = scaled(morning.points, people=size.people, seconds=size.seconds)
    speed = max(ADMITTED_LEAST, curve.scale)
    signer = Signer(stack)
    operator = signer.sign(operator_id(SEED), ["operator"], hours=TOKEN_HOURS)
    tokens = [
        signer.sign(patient_id(SEED, number), ["patient"], hours=TOKEN_HOURS)
        for number in range(kept.patients)
    ]
    async with open_doors(stack) as doors, onlooker(stack) as connection:
        city = await _build(stack, kept, doors, operator=operator, tokens=tokens)
        opening = await _open(doors, operator, morning, curve, speed)
        tally = Tally()
        looks = Looks(
            stack,
            doors,
            connection,
            tally,
            campaign_id=opening.campaign_id,
            room_url=opening.room_url,
        )
        async with _journal(stack, tally, looks) as (journal, note):
            town = Town(
                doors=doors,
                asker=Asker(doors, journal, note),
                chooser=Chooser(city.plan),
                campaign_id=opening.campaign_id,
                room_url=opening.room_url,
                tally=tally,
                around_share=morning.around_share,
                ends_at=time.monotonic() + size.seconds * (1 + AFTER_SHARE),
            )
            async with _looking(looks):
                lag = await _come(city, town, curve)
            await looks.check()
    return _played(morning, city, opening, curve, tally, looks, lag)


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """The campaign and its room."""

    campaign_id: UUID
    room_url: str
    speed: float
    began: datetime


def _kept(morning: Morning, size: Size) -> Kept:
    """A city with as many clinics as the places need."""
    places = morning.places_share * size.people
    one = home.plan_of(_city(1, 1))
    per_clinic = sum(slot.capacity for slot in one.slots if slot.service == VACCINATION)
    return _city(math.ceil(places / per_clinic), size.people)


def _city(clinics: int, people: int) -> Kept:
    return Kept(seed=SEED, first_day=tomorrow(), clinics=clinics, patients=people)


async def _build(
    stack: Stack, kept: Kept, doors: Doors, *, operator: str, tokens: list[str]
) -> City:
    """Clinics, slots and everybody's address; nobody has a family that day."""
    plan = home.plan_of(kept)
    builder = Builder(doors, plan, operator=operator, tokens=tokens)
    with (
        steps(console()) as under_way,
        under_way.step("clinics", len(plan.own_clinics)) as clinics,
        under_way.step("lists of slots", len(plan.own_clinics)) as slots,
        under_way.step("campaigns", 1) as campaigns,
        under_way.step("contacts", plan.patients) as contacts,
    ):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(builder.contacts(contacts.count))
            await builder.clinics(clinics.count)
            await builder.slots(slots.count)
            await builder.campaign(campaigns.count)
    await builder.until_known()
    home.keep(stack, kept, tokens)
    return home.load(stack)


async def _open(
    doors: Doors, operator: str, morning: Morning, curve: Curve, speed: float
) -> Opening:
    """The room opens now, the campaign when it opened that day."""
    began = datetime.now(UTC)
    campaign_id = uuid4()
    opens_at = began + timedelta(seconds=max(2.0, curve.second_of(morning.opens_minute)))
    campaign = {
        "id": campaign_id,
        "name": morning.title,
        "service": VACCINATION,
        "opens_at": opens_at,
        "doses": DOSES,
        "min_days": DAYS_APART_MIN,
        "max_days": DAYS_APART_MAX,
    }
    await _insist(doors, operator, "/campaigns", campaign)
    room = {"opens_at": began, "speed_min": speed / 4, "speed_max": speed}
    path = f"/campaigns/{campaign_id}/waiting-room"
    await _insist(doors, operator, path, room)
    return Opening(campaign_id=campaign_id, room_url=f"{doors.api}{path}", speed=speed, began=began)


async def _insist(doors: Doors, operator: str, path: str, body: Any) -> None:
    answer = await doors.ask(
        "POST", f"{doors.api}{path}", token=operator, key=str(uuid4()), body=body
    )
    if answer.status != MADE:
        raise MistakeError(f"POST {path} answered {answer.status}: {answer.body.decode()}")


async def _come(city: City, town: Town, curve: Curve) -> float:
    """Everybody comes at their moment; returns how late the client itself was, in seconds."""
    dice = Random(curve.peak)
    order = list(range(len(city.tokens)))
    dice.shuffle(order)
    lag, began = 0.0, time.monotonic()
    async with asyncio.TaskGroup() as crowd:
        for number, at in zip(order, poisson(dice, curve), strict=False):
            left = began + at - time.monotonic()
            if left > 0:
                await asyncio.sleep(left)
            lag = max(lag, -left)
            person = Person(id=patient_id(SEED, number), token=city.tokens[number])
            crowd.create_task(Visitor(town, person, f"drill-{number}").come())
    return lag


@asynccontextmanager
async def _journal(stack: Stack, tally: Tally, looks: Looks) -> AsyncIterator[tuple[Journal, Any]]:
    """The journal by which it is audited; each line is counted as well."""
    journal = Journal(new_journal(stack.home))

    def note(line: Line) -> None:
        tally.note(line)
        if line.verdict == "ok" and line.booking is not None:
            looks.acknowledged.append(line.booking)

    try:
        yield journal, note
    finally:
        journal.close()


@asynccontextmanager
async def _looking(looks: Looks) -> AsyncIterator[None]:
    task = asyncio.create_task(looks.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _played(
    morning: Morning,
    city: City,
    opening: Opening,
    curve: Curve,
    tally: Tally,
    looks: Looks,
    lag: float,
) -> Played:
    seconds = tally.seconds()
    return Played(
        morning=morning.name,
        began=opening.began,
        people=tally.totals["arrived"],
        places=sum(slot.capacity for slot in city.plan.slots if slot.service == VACCINATION),
        speed=opening.speed,
        curve=curve,
        seconds=seconds,
        totals=dict(tally.totals.most_common()),
        took=tally.took(),
        slowest_shed_ms=round(tally.slowest_shed_ms, 1),
        lag_ms=round(lag * 1000, 1),
        served=_served(seconds),
        invariants=looks.invariants,
    )


def _served(seconds: list[Second]) -> float:
    """How fast the line moved, from when it had found its speed until nobody waited or it ended."""
    stood = [
        (nth, second.serving)
        for nth, second in enumerate(seconds)
        if second.serving and second.waiting
    ]
    stood = [(nth, serving) for nth, serving in stood if nth >= stood[0][0] + FOUND_SECONDS]
    if len(stood) < LOOKS_LEAST:
        return 0.0
    (first, before), (last, after) = stood[0], stood[-1]
    return round((after - before) / (last - first), 2)
