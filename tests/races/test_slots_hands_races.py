"""How much can one person hold, with as many devices as they like? And when is it free again?"""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from services.slots.rules import holds
from shared import database, follow
from shared.messages import HoldPlaces, HoldReleased, HoldRenewed, PlacesBooked, PlacesHeld
from tests import stories
from tests.followers import Town
from tests.races.test_slots_races import begin
from tests.referees import Play, play
from tests.stories import an_id

SLOTS = [an_id(f"slot {n}") for n in range(6)]
GRACE_SECONDS = 5.0
"""So long after its time no hold may be left, whoever has died."""


@pytest.fixture
async def two(slots_dsn: str) -> AsyncIterator[tuple[Play, Play]]:
    """Two referee processes, each with a partition of its own, over the same slots."""
    first, second = await play(slots_dsn, 0), await play(slots_dsn, 1)
    await first.decide(stories.open_clinic(), *(stories.open_slot(slot, 40) for slot in SLOTS))
    yield first, second
    await first.connection.close()
    await second.connection.close()


async def held(referee: Play, owner: str = "Alice") -> int:
    return await referee.connection.fetchval(
        "SELECT count(*) FROM place WHERE owner_id = $1", an_id(owner)
    )


def by_alice(*slots: int) -> HoldPlaces:
    return stories.hold(*(SLOTS[n] for n in slots), owner="Alice")


async def test_one_person_holds_three_times_and_eight_places_and_no_more(two: tuple[Play, Play]):
    first, second = two

    [*three] = await first.decide(by_alice(0), by_alice(1), by_alice(2))
    [fourth] = await second.decide(by_alice(3))
    [boris] = await second.decide(stories.hold(SLOTS[0], owner="Boris"))

    assert all(isinstance(reply, PlacesHeld) for reply in (*three, boris))
    assert fourth.reason == "too_many_held"
    await first.decide(*(stories.release(reply.booking_id) for reply in three))
    [eight] = await second.decide(by_alice(0, 0, 0, 0, 1, 1, 1, 1))
    [ninth] = await first.decide(by_alice(2))
    assert isinstance(eight, PlacesHeld)
    assert ninth.reason == "too_many_held"
    assert await held(first) == 8


async def test_what_is_booked_or_given_back_is_held_no_more(two: tuple[Play, Play]):
    first, _ = two
    [*three] = await first.decide(by_alice(0), by_alice(1), by_alice(2))

    [booked, released] = await first.decide(
        stories.confirm(three[0].booking_id, SLOTS[0]), stories.release(three[1].booking_id)
    )
    [again, more] = await first.decide(by_alice(3), by_alice(4))

    assert isinstance(booked, PlacesBooked)
    assert isinstance(released, HoldReleased)
    assert isinstance(again, PlacesHeld)
    assert isinstance(more, PlacesHeld)
    assert await held(first) == 3


async def test_two_devices_hold_at_once_and_together_no_more_than_one_might(
    two: tuple[Play, Play],
):
    first, second = two
    await first.decide(by_alice(0), by_alice(1))
    finish = await begin(first, by_alice(2))
    waiting = asyncio.create_task(second.decide(by_alice(3)))
    await asyncio.sleep(0.1)

    await finish()
    [reply] = await waiting

    assert reply.reason == "too_many_held"
    assert await held(first) == 3


async def test_without_the_index_two_devices_hold_more_than_one_might(two: tuple[Play, Play]):
    first, second = two
    await first.connection.execute("DROP INDEX one_place_per_number_in_a_hand")
    await first.decide(by_alice(0), by_alice(1))
    finish = await begin(first, by_alice(2))

    [reply] = await second.decide(by_alice(3))
    await finish()

    assert isinstance(reply, PlacesHeld)
    assert await held(first) == 4


async def test_a_crowd_of_one_person_s_devices_holds_as_much_as_one(two: tuple[Play, Play]):
    wishes = [[by_alice(n % 6) for n in range(12)] for _ in two]

    await asyncio.gather(
        *(one_by_one(*pair) for pair in zip(two, wishes, strict=True)),
    )

    assert await held(two[0]) == 3


async def test_a_hold_is_renewed_once(two: tuple[Play, Play]):
    first, _ = two
    [hold] = await first.decide(by_alice(0))

    [renewed, again] = await first.decide(
        stories.renew(hold.booking_id, 900), stories.renew(hold.booking_id, 900)
    )

    assert isinstance(renewed, HoldRenewed)
    assert again.reason == "renewed_before"


async def test_were_the_rule_gone_the_table_would_not_take_a_second_renewal(
    two: tuple[Play, Play], monkeypatch: pytest.MonkeyPatch
):
    first, _ = two
    [hold] = await first.decide(by_alice(0))
    await first.decide(stories.renew(hold.booking_id, 900))
    monkeypatch.setattr(holds, "HELD_VERSION", 2)

    [again] = await first.decide(stories.renew(hold.booking_id, 900))

    assert again.reason == "failed"
    assert await first.connection.fetchval("SELECT version FROM place") == 2


async def test_a_hold_whose_referee_hangs_is_free_within_five_seconds_of_its_time(
    slots_dsn: str, monkeypatch: pytest.MonkeyPatch
):
    town, thaw = Town(slots_dsn), asyncio.Event()
    monkeypatch.setattr(follow, "Reader", town.log.reader)
    look = await database.connect(slots_dsn, {})
    wishes = [stories.open_clinic(), *(stories.open_slot(slot, 1) for slot in SLOTS[:2])]
    wishes.append(stories.hold(*SLOTS[:2], owner="Alice"))
    async with town.referee():
        for wish in wishes:
            await town.ask(wish)
        await town.replies(len(wishes))
        assert await look.fetchval("SELECT count(hand) FROM place") == 2
    await look.execute("UPDATE place SET expires_at = clock_timestamp() + interval '1 second'")
    # This one hangs as it sweeps, until it is ended, and the next one takes over.
    async with town.referee(pause=thaw.wait):
        await asyncio.sleep(1.0)
        async with town.referee():
            until = time.monotonic() + GRACE_SECONDS
            while await look.fetchval("SELECT count(*) FROM place"):
                assert time.monotonic() < until, "an orphan"
                await asyncio.sleep(0.05)
        thaw.set()

    assert await look.fetchval("SELECT sum(held) FROM slot") == 0
    await look.close()


async def one_by_one(referee: Play, wishes: list[HoldPlaces]) -> None:
    for wish in wishes:
        await referee.decide(wish)
