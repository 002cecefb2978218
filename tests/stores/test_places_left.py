"""Does the front desk hear how many places are left, and what does it say where nobody tells?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.booking.admission import left as hearing
from services.booking.admission.left import Left
from services.slots.availability import Teller
from services.slots.availability import left as telling
from shared.log import Outgoing
from shared.messages import PlacesLeft
from shared.topics import SLOTS_LEFT
from tests import stories
from tests.copies import Town, a_town, until
from tests.memory_log import NOBODY, MemoryLog
from tests.stories import an_id

MONDAY = an_id("Monday")
SERVICE = "vaccination"


@pytest.fixture
async def town(slots_dsn: str) -> AsyncIterator[Town]:
    """A clinic with a slot for five."""
    async with a_town(slots_dsn, 0) as made:
        await made.referee.decide(stories.open_clinic(), stories.open_slot(MONDAY, 5))
        yield made


def places_left(free: int, ago: timedelta = timedelta()) -> PlacesLeft:
    """What somebody told so long ago."""
    word = uuid4()
    return PlacesLeft(id=word, cause=word, at=now() - ago, service=SERVICE, free=free)


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def a_desk(log: MemoryLog, monkeypatch: pytest.MonkeyPatch, *, wanted: bool = True) -> Left:
    """A front desk that hears what is told on this log."""
    monkeypatch.setattr(hearing, "Reader", log.reader)
    monkeypatch.setattr(hearing, "LOOK_SECONDS", 0.05)
    return Left(NOBODY, "desk", wanted=lambda: wanted, now=now)


async def test_what_is_left_is_heard_when_it_changes_and_once_in_a_while(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = MemoryLog()
    desk = a_desk(log, monkeypatch)
    told = log.records[SLOTS_LEFT.name, 0]
    async with town.a_copy() as memory:
        teller = Teller(memory, log.append, now)
        await teller.tell()
        listening = asyncio.create_task(desk.run())
        await until(lambda: desk.of(SERVICE) == 5)

        await town.referee.decide(stories.book(MONDAY))
        await town.is_copied(memory)
        await teller.tell()
        await until(lambda: desk.of(SERVICE) == 4)
        await teller.tell()
        assert len(told) == 2
        monkeypatch.setattr(telling, "ANEW_SECONDS", 0.0)
        await teller.tell()

        assert len(told) == 3
        assert desk.of("nothing of that kind") is None
        listening.cancel()


async def test_what_was_told_long_ago_and_what_cannot_be_read_say_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, later = MemoryLog(), timedelta(seconds=13)
    desk = a_desk(log, monkeypatch)
    old = places_left(7, later)
    for value in (b"\xc1", telling._encode(places_left(3)), telling._encode(old)):
        await log.append(Outgoing(SLOTS_LEFT.name, 0, None, value))
    listening = asyncio.create_task(desk.run())

    await until(lambda: desk.of(SERVICE) == 3)
    desk.hear(old)
    assert desk.of(SERVICE) == 3
    listening.cancel()


async def test_while_there_is_no_line_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    log = MemoryLog()
    desk = a_desk(log, monkeypatch, wanted=False)
    told = places_left(3)
    await log.append(Outgoing(SLOTS_LEFT.name, 0, None, telling._encode(told)))
    listening = asyncio.create_task(desk.run())
    await asyncio.sleep(0.2)

    assert desk.of(SERVICE) is None
    listening.cancel()
