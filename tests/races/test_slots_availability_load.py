"""What if places are booked while a copy of what is free is being loaded?"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from services.slots.availability import Memory
from services.slots.store import EventNumbers, upcoming
from services.slots.store.upcoming import Snapshot
from tests import stories
from tests.copies import Town, a_town
from tests.memory_log import LIMIT_SECONDS, MemoryReader
from tests.stories import an_id

MONDAY, TUESDAY = an_id("Monday"), an_id("Tuesday")
LOADS = 6

Meanwhile = Callable[[], Awaitable[object]]


@pytest.fixture
async def town(slots_dsn: str) -> AsyncIterator[Town]:
    """Two slots with room for many, decided about on two partitions."""
    async with a_town(slots_dsn, 0, 1) as made:
        await made.referee.decide(
            stories.open_clinic(), stories.open_slot(MONDAY, 500), stories.open_slot(TUESDAY, 500)
        )
        yield made


def between_the_look_and_the_rows(patch: pytest.MonkeyPatch, meanwhile: Meanwhile) -> None:
    """Something else happens when a snapshot has been taken and its slots are not yet read."""
    slots = Snapshot.slots

    async def later(snapshot: Snapshot) -> AsyncIterator[Any]:
        await meanwhile()
        async for rows in slots(snapshot):
            yield rows

    patch.setattr(Snapshot, "slots", later)


def booked(memory: Memory) -> int:
    """How many places are booked, by the copy."""
    assert memory.board is not None
    return sum(memory.board.slots[slot.bytes].booked for slot in (MONDAY, TUESDAY))


async def test_what_is_booked_while_a_copy_is_loaded_is_in_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def meanwhile() -> None:
        await town.referee.decide(stories.book(MONDAY), stories.book(MONDAY, TUESDAY))
        await town.referee.decide(stories.book(TUESDAY), partition=1)

    between_the_look_and_the_rows(monkeypatch, meanwhile)

    async with town.a_copy() as memory:
        await town.is_copied(memory)

        assert booked(memory) == 4


async def test_if_the_log_is_read_from_its_end_after_the_look_there_is_a_gap(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sibling: the ends are taken when the copy is loaded, not before."""
    read_from = MemoryReader.read_from

    def from_now_on(reader: MemoryReader, topic: str, offsets: dict[int, int]) -> None:
        ends = {p: len(town.log.records[topic, p]) for p in offsets}
        read_from(reader, topic, ends)

    monkeypatch.setattr(MemoryReader, "read_from", from_now_on)
    between_the_look_and_the_rows(monkeypatch, lambda: town.referee.decide(stories.book(MONDAY)))

    async with town.a_copy() as memory:
        await town.referee.decide(stories.book(MONDAY))
        await asyncio.sleep(0.3)

        assert booked(memory) == 0
        assert memory.replica is not None
        assert list(memory.replica.missing_since_us) == [0]


async def test_if_the_numbers_are_not_those_of_the_look_bookings_are_lost_unnoticed(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sibling: the numbers are asked for beside the snapshot, when more has been decided."""
    numbers: EventNumbers | None = None

    async def beside(snapshot: Snapshot) -> EventNumbers:
        nonlocal numbers
        await snapshot._connection.execute("SELECT FROM slot")  # this is when it looks
        await town.referee.decide(stories.book(MONDAY))
        async with town.pool.acquire() as connection:
            numbers = await upcoming.event_numbers(connection)
        return numbers

    monkeypatch.setattr(Snapshot, "event_numbers", beside)

    async with town.a_copy() as memory:
        await town.is_copied(memory)

        assert booked(memory) == 0
        assert memory.wrong() is None


async def test_copies_that_are_loaded_in_the_middle_of_a_rush_are_all_true_in_the_end(
    town: Town,
) -> None:
    stop = asyncio.Event()

    async def rush() -> None:
        while not stop.is_set():
            for partition in (0, 1):
                await town.referee.decide(
                    stories.book(MONDAY), stories.book(TUESDAY, MONDAY), partition=partition
                )

    rushing = asyncio.create_task(rush())
    found = []
    for _ in range(LOADS):
        async with town.a_copy() as memory:
            await town.is_copied(memory)
            found.append((memory, booked(memory)))
            if len(found) == LOADS:
                stop.set()
                await asyncio.wait_for(rushing, LIMIT_SECONDS)
                await town.is_copied(memory)
                last = booked(memory)

    total = await town.pool.fetchval("SELECT sum(booked) FROM slot")
    assert last == total
    assert sorted(count for _, count in found) == [count for _, count in found]


async def test_as_of_is_never_later_than_what_is_in_the_copy(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was told of a booking before `as_of` finds it counted, at every moment."""
    told: list[tuple[Any, int]] = []

    async def rush() -> None:
        for count in range(1, 150):
            await town.referee.decide(stories.book(MONDAY))
            told.append((await town.pool.fetchval("SELECT clock_timestamp()"), count))

    async with town.a_copy() as memory:
        rushing = asyncio.create_task(rush())
        while not rushing.done():
            assert memory.replica is not None
            as_of = memory.replica.as_of
            counted = max((count for at, count in told if at <= as_of), default=0)
            assert booked(memory) >= counted
            await asyncio.sleep(0.002)
        await rushing
        await town.is_copied(memory)

        assert booked(memory) == 149
