"""What becomes of a pair of doses at the front desk: booked, moved and cancelled as one?"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.messages import Alternative
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import BORIS
from tests.doors.test_booking_journeys import a_campaign
from tests.stories import CLINIC, an_id

DAY = timedelta(days=1)
DAYS = {"one": 1, "two": 22, "later": 9, "fits": 30, "fits too": 31, "fits as well": 32}
"""On which day from today each slot is: the second dose comes 21 to 28 days after the first."""


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        now = datetime.now(UTC)
        for name, days in DAYS.items():
            await opened.open_slot(name, starts_at=now + days * DAY)
        opened.referee.near = tuple(
            Alternative(
                slot_id=an_id(name),
                clinic_id=CLINIC,
                starts_at=now + DAYS[name] * DAY,
                ends_at=now + DAYS[name] * DAY,
                free=1,
            )
            for name in ("fits", "fits too", "fits as well")
        )
        yield opened


def doses(first: str, second: str) -> list[dict[str, Any]]:
    return [{"slot_id": str(an_id(name)), "dose": n} for n, name in enumerate((first, second), 1)]


async def a_pair(door: Door) -> str:
    """A booked pair, of a campaign that wants three to four weeks between its doses."""
    campaign = await a_campaign(door, min_days=21, max_days=28)
    body = {"places": doses("one", "two"), "campaign_id": campaign}
    booked = await door.ask("POST", "/bookings", body)
    assert booked.status == 201, await booked.text()
    return str((await booked.json())["id"])


async def move(door: Door, booking: str, first: str, second: str, **more: Any) -> Any:
    hold = {"hold_id": more.pop("hold_id")} if "hold_id" in more else {}
    body = {"places": doses(first, second)} | hold
    return await door.ask("POST", f"/bookings/{booking}/reschedule", body, **more)


def counts(door: Door, *names: str) -> list[tuple[int, int]]:
    """Of each slot, how many are held and how many are booked."""
    slots = [door.referee.inventory.slots[an_id(name)] for name in names]
    return [(slot.held, slot.booked) for slot in slots]


async def offers_in(answer: Any) -> list[dict[str, Any]]:
    assert await problem(answer) == (409, "interval_broken")
    return list((await answer.json())["alternatives"])


async def test_a_pair_is_moved_and_cancelled_as_one(door: Door) -> None:
    pair = await a_pair(door)

    moved = await move(door, pair, "later", "fits")
    cancelled = await door.ask("POST", f"/bookings/{pair}/cancel", {})

    assert (moved.status, cancelled.status) == (200, 200)
    assert counts(door, "one", "two", "later", "fits") == [(0, 0)] * 4


async def test_a_first_dose_that_moves_too_far_is_offered_seconds_that_are_held(door: Door) -> None:
    pair = await a_pair(door)

    offers = await offers_in(await move(door, pair, "later", "two"))

    assert [offer["slot_id"] for offer in offers] == [
        str(an_id(name)) for name in ("fits", "fits too", "fits as well")
    ]
    left = datetime.fromisoformat(offers[0]["expires_at"]) - datetime.now(UTC)
    assert timedelta(seconds=290) < left <= timedelta(seconds=300)
    assert counts(door, "later", "fits", "fits too", "fits as well") == [(1, 0)] * 4
    assert counts(door, "one", "two") == [(0, 1)] * 2
    assert await problem(await door.book(an_id("later"), who=BORIS)) == (409, "slot_full")


async def test_with_one_of_them_the_pair_moves_and_all_else_is_free_at_once(door: Door) -> None:
    pair = await a_pair(door)
    offers = await offers_in(await move(door, pair, "later", "two"))
    chosen = {"hold_id": offers[1]["hold_id"], "key": "one"}

    moved = await move(door, pair, "later", "fits too", **chosen)
    again = await move(door, pair, "later", "fits too", **chosen)

    assert (moved.status, again.status) == (200, 200), await moved.text()
    body = await moved.json()
    assert [place["slot_id"] for place in body["places"]] == [
        str(an_id("later")),
        str(an_id("fits too")),
    ]
    assert (await again.json())["version"] == body["version"] == 2
    assert counts(door, "later", "fits too") == [(0, 1)] * 2
    assert counts(door, "one", "two", "fits", "fits as well") == [(0, 0)] * 4


async def test_who_does_not_decide_keeps_the_pair_they_have(door: Door) -> None:
    pair = await a_pair(door)
    await offers_in(await move(door, pair, "later", "two"))

    shown = await (await door.ask("GET", f"/bookings/{pair}")).json()

    assert shown["status"] == "booked"
    assert [place["slot_id"] for place in shown["places"]] == [
        str(an_id("one")),
        str(an_id("two")),
    ]


async def test_a_second_dose_that_moves_too_far_holds_no_first_one_besides(door: Door) -> None:
    pair = await a_pair(door)

    await offers_in(await move(door, pair, "one", "fits as well"))

    assert counts(door, "one", "fits", "fits too") == [(0, 1), (1, 0), (1, 0)]


async def test_asked_again_the_same_is_offered_and_nothing_is_held_twice(door: Door) -> None:
    pair = await a_pair(door)
    first = await offers_in(await move(door, pair, "later", "two", key="one"))

    again = await offers_in(await move(door, pair, "later", "two", key="one"))

    assert {o["hold_id"] for o in again} == {o["hold_id"] for o in first}
    assert counts(door, "later", "fits") == [(1, 0)] * 2


async def test_another_s_hold_moves_nobody(door: Door) -> None:
    pair = await a_pair(door)
    held = await door.ask(
        "POST", "/holds", {"places": [{"slot_id": str(an_id("later"))}]}, who=BORIS
    )
    stolen = (await held.json())["id"]

    refused = await move(door, pair, "later", "fits", hold_id=stolen)

    assert await problem(refused) == (404, "not_found")
    assert counts(door, "later", "one") == [(1, 0), (0, 1)]


async def test_a_new_pair_that_is_not_apart_is_the_campaign_s_to_refuse(door: Door) -> None:
    campaign = await a_campaign(door, min_days=21, max_days=28)
    body = {"places": doses("later", "two"), "campaign_id": campaign}

    refused = await door.ask("POST", "/bookings", body)

    assert await problem(refused) == (422, "not_eligible")
