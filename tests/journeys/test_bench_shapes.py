"""Does Talon grant what the bench asks for: pairs, families, popular slots; and refuse the full?"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest

from bench.rush import families, shapes
from bench.rush.clinics import Operator
from bench.rush.clinics import Town as Slots
from bench.rush.load import Pressure
from bench.rush.measure import Measure, Run
from bench.rush.shapes import FAMILIES, PAIRS, SOLD_OUT, UNIFORM, ZIPF, Shape
from bench.rush.sides import Talon
from talon.doors import Doors, open_doors
from talon.tokens import Signer
from tests.town import Town

PEOPLE = 200
LOOKS_MAX = 30
LOOK_SECONDS = 0.2
SECOND = Pressure(connections=4, seconds=1.0)


class Scene(NamedTuple):
    """A town's slots, who comes, and whoever asks."""

    town: Town
    doors: Doors
    slots: Slots
    campaign: UUID
    tokens: list[str]
    measure: Measure


@pytest.fixture
async def scene(town: Town, tmp_path: Path) -> AsyncIterator[Scene]:
    signer = Signer(town.stack)
    async with open_doors(town.stack) as doors:
        operator = Operator(town.stack, doors)
        slots = await operator.town(clinics=1)
        tokens = [signer.sign(uuid4(), ["patient"], hours=1) for _ in range(PEOPLE)]
        measure = Measure(town.stack, tmp_path, operator.campaign)
        yield Scene(town, doors, slots, await operator.campaign(), tokens, measure)


async def book(scene: Scene, token: str, places: list[dict[str, object]]) -> tuple[int, int]:
    """The status, and how many places the booking has.

    The slots and the campaign are new: another desk may hear of them a moment later.
    """
    body = {"places": places, "campaign_id": scene.campaign}
    url, key = f"{scene.doors.api}/bookings", str(uuid4())
    for _ in range(LOOKS_MAX):
        answer = await scene.doors.ask("POST", url, token=token, key=key, body=body)
        if answer.status == 201:
            break
        await asyncio.sleep(LOOK_SECONDS)
        if answer.status >= 400:
            key = str(uuid4())
    return answer.status, answer.body.count(b'"slot_id"')


async def test_a_pair_of_doses_and_a_family_in_slots_that_follow_one_another(scene: Scene) -> None:
    pair = shapes.together(scene.slots.uniform, 1, PAIRS.places)[0].split()
    row = shapes.together(scene.slots.uniform, 1, FAMILIES.places)[0].split()
    guardian = scene.tokens[1]
    line = (await families.register(scene.town.stack.api("booking"), [guardian]))[0].split()

    doses = [{"slot_id": slot, "dose": nth + 1} for nth, slot in enumerate(pair)]
    family = [{"slot_id": row[0], "dose": 1}] + [
        {"slot_id": slot, "dose": 1, "patient_id": child}
        for slot, child in zip(row[1:], line[1:], strict=True)
    ]

    assert await book(scene, scene.tokens[0], doses) == (201, PAIRS.places)
    assert await book(scene, guardian, family) == (201, FAMILIES.places)


async def test_what_wrk_asks_for_is_granted_or_refused_as_it_should(scene: Scene) -> None:
    talon, slots, measure = Talon(scene.town.stack), scene.slots, scene.measure
    door = scene.town.stack.api("booking")
    measure.bring(scene.tokens)
    measure.people(FAMILIES.people, await families.register(door, scene.tokens))
    measure.offer(UNIFORM, slots.uniform)
    measure.offer(ZIPF, shapes.popular(slots.uniform))
    measure.offer(SOLD_OUT, [slots.full])

    async def asked(shape: Shape) -> Run:
        if shape.places > 1:
            measure.offer(shape, shapes.together(slots.uniform, 1, shape.places))
        return await measure.run(talon, shape.name, SECOND)

    for shape in (UNIFORM, ZIPF, PAIRS, FAMILIES):
        run = await asked(shape)
        assert (run.booked > 0, run.failed) == (True, 0), shape.name
    sold_out = await asked(SOLD_OUT)
    assert sold_out.booked == 0
    assert sold_out.refused > 0
