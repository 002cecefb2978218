"""Which pairs of doses does everybody see at the referee's door, and what is turned away there?"""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests import stories
from tests.booking_doors import problem
from tests.copies import Town, a_town
from tests.doors.test_slots_availability import Door, at_the_door
from tests.stories import TOMORROW, an_id

DAY = timedelta(days=1)
CENTRE, NORTH, NOWHERE = an_id("centre"), an_id("north"), an_id("nowhere")
ONE, NEXT, TWO, FAR = an_id("one"), an_id("next"), an_id("two"), an_id("far")
ASKED = "/series?service=vaccination&product=V&min_days=21&max_days=28&from=2030-05-15"
HERE = f"{ASKED}&near=55.75,37.62"


@pytest.fixture
async def town(slots_dsn: str) -> AsyncIterator[Town]:
    """Two first doses at the centre, and a second one there and in the north."""
    async with a_town(slots_dsn, 0, 1, 2, 3) as made:
        dose = {"clinic_id": CENTRE, "product": "V"}
        await made.referee.decide(
            stories.open_clinic(CENTRE, name="Centre", latitude=55.75, longitude=37.62),
            stories.open_clinic(NORTH, name="North", latitude=55.85, longitude=37.62),
            stories.open_clinic(NOWHERE, name="A place nobody knows"),
            stories.open_slot(ONE, 1, **dose, dose=1),
            stories.open_slot(NEXT, 1, **dose, dose=1, starts_at=TOMORROW + DAY),
            stories.open_slot(TWO, 1, **dose, dose=2, starts_at=TOMORROW + 21 * DAY),
            stories.open_slot(
                FAR, 1, clinic_id=NORTH, product="V", dose=2, starts_at=TOMORROW + 23 * DAY
            ),
        )
        yield made


@pytest.fixture
async def door(town: Town) -> AsyncIterator[Door]:
    """The door of a process that has loaded its copy."""
    async with town.a_copy() as memory, at_the_door(town, memory) as client:
        yield Door(client, memory, town)


async def pairs(door: Door, path: str) -> list[list[str]]:
    """The slots of the pairs that are told."""
    body = await door.body(path)
    return [[dose["slot_id"] for dose in pair["doses"]] for pair in body["pairs"]]


async def test_pairs_are_told_with_their_places_and_how_far_they_are(door: Door) -> None:
    [pair] = (await door.body(f"{HERE}&to=2030-05-15"))["pairs"]

    assert pair["days_apart"] == 21
    assert [(d["slot_id"], d["clinic_name"], d["distance_km"]) for d in pair["doses"]] == [
        (str(ONE), "Centre", 0.0),
        (str(TWO), "Centre", 0.0),
    ]


async def test_a_first_dose_is_no_longer_shown_when_its_last_second_is_booked(door: Door) -> None:
    before = await pairs(door, HERE)

    await door.decide(stories.book(TWO, dose=2), stories.book(FAR, dose=2))

    assert before == [[str(ONE), str(TWO)], [str(NEXT), str(FAR)]]
    assert await pairs(door, HERE) == []


async def test_a_pair_at_one_clinic_or_within_reach_is_found_where_it_is_asked_for(
    door: Door,
) -> None:
    assert await pairs(door, f"{HERE}&same_clinic=true") == [[str(ONE), str(TWO)]]
    assert await pairs(door, f"{HERE}&radius_km=5") == [[str(ONE), str(TWO)]]
    assert len(await pairs(door, f"{ASKED}&clinic={CENTRE}")) == 2
    assert await pairs(door, f"{ASKED}&clinic={NORTH}") == []
    assert await pairs(door, f"{ASKED}&clinic={NOWHERE}") == []


async def test_a_cursor_leads_through_all_pairs_once(door: Door) -> None:
    first = await door.body(f"{HERE}&limit=1")

    second = await pairs(door, f"{HERE}&limit=1&cursor={first['cursor']}")

    assert [d["slot_id"] for d in first["pairs"][0]["doses"]] == [str(ONE), str(TWO)]
    assert second == [[str(NEXT), str(FAR)]]


async def test_nothing_new_is_not_sent_again(door: Door) -> None:
    tag = (await door.ask(HERE)).headers["ETag"]

    same = await door.ask(HERE, **{"If-None-Match": tag})

    assert same.status == 304


@pytest.mark.parametrize(
    "path",
    [
        ASKED,
        f"{HERE}&clinic={CENTRE}",
        f"{HERE}&cursor=00",
        "/series?service=vaccination&near=1,1",
        "/series?service=vaccination&near=1,1&min_days=3&max_days=2",
        "/series?service=vaccination&near=1,1&min_days=3&max_days=99999",
        f"{HERE}&to=2031-05-15",
        f"{HERE}&same_clinic=perhaps",
        f"{HERE}&near=1,1",
    ],
)
async def test_what_makes_no_sense_is_turned_away(door: Door, path: str) -> None:
    assert await problem(await door.ask(path)) == (422, "invalid_query")


async def test_a_clinic_that_is_not_there_is_not_found(door: Door) -> None:
    assert await problem(await door.ask(f"{ASKED}&clinic={an_id('else')}")) == (404, "not_found")
