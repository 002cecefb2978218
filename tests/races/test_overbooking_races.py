"""Who gets in while somebody changes how many more than the places may? And without the guards?"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.slots.rules import slots as staff
from services.slots.store import decisions
from shared.messages import PlacesBooked, Refused, SlotChanged, SlotCount
from tests import stories
from tests.referees import Play, play
from tests.stories import an_id

MONDAY, MANAGER = an_id("Monday"), an_id("the manager")
PEOPLE, EXTRA = 12, 6


@pytest.fixture
async def two(slots_dsn: str) -> AsyncIterator[tuple[Play, Play]]:
    """Two referee processes, each with a partition of its own, over one slot of one place."""
    first, second = await play(slots_dsn, 0), await play(slots_dsn, 1)
    await first.decide(stories.open_clinic(), stories.open_slot(MONDAY, 1), let_in(EXTRA))
    yield first, second
    await first.connection.close()
    await second.connection.close()


def let_in(extra: int) -> Any:
    return stories.change_slot(MONDAY, extra=extra, by=MANAGER)


async def _book(referee: Play, people: int = PEOPLE) -> list[Any]:
    return [reply for _ in range(people) for reply in await referee.decide(stories.book(MONDAY))]


async def _change(referee: Play) -> list[Any]:
    """Nobody more, then all of them again, over and over."""
    wishes = [let_in(extra) for extra in (3, 0, 2, EXTRA) * 3]
    return [reply for wish in wishes for reply in await referee.decide(wish)]


def _counts(*referees: Play) -> list[SlotCount]:
    """What was told of the slot, in the order of its versions."""
    told = [event for referee in referees for event in referee.events]
    counts = [c for event in told for c in getattr(event, "counts", ())]
    counts += [event.count for event in told if isinstance(event, SlotChanged)]
    return sorted(counts, key=lambda count: count.version)


async def test_while_extra_goes_up_and_down_nobody_sits_beyond_what_was_said(
    two: tuple[Play, Play],
) -> None:
    first, second = two

    replies, changes = await asyncio.gather(_book(first), _change(second))

    counts = _counts(*two)
    assert all(count.booked <= count.capacity + count.extra for count in counts)
    assert [c.version for c in counts] == list(range(2, len(counts) + 2))
    booked = sum(isinstance(reply, PlacesBooked) for reply in replies)
    refused = {reply.reason for reply in (*replies, *changes) if isinstance(reply, Refused)}
    row = await first.connection.fetchrow("SELECT booked, capacity, extra FROM slot")
    assert row["booked"] == booked <= row["capacity"] + row["extra"]
    assert refused <= {"full", "in_use"}


async def test_without_the_lock_that_race_is_real_and_the_version_stops_it(
    two: tuple[Play, Play], monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[str] = []
    for referee in two:
        referee.commits.on_again = again.append
    lockless = decisions.SQL["lock_slots"].replace("FOR NO KEY UPDATE OF s", "")
    monkeypatch.setitem(decisions.SQL, "lock_slots", lockless)
    wide = decisions.SQL["read_places"].replace("FROM now LEFT", "FROM pg_sleep(0.02), now LEFT")
    monkeypatch.setitem(decisions.SQL, "read_places", wide)

    await asyncio.gather(_book(two[0]), _change(two[1]))

    assert "somebody else was quicker" in again
    assert all(count.booked <= count.capacity + count.extra for count in _counts(*two))


async def test_without_the_rule_the_constraint_keeps_those_who_are_in(
    two: tuple[Play, Play], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = two
    await _book(first, people=3)
    monkeypatch.setattr(staff, "_harms_who_is_in", lambda *_: False)

    [reply] = await first.decide(let_in(0))

    assert reply.reason == "failed"
    row = await first.connection.fetchrow("SELECT booked, extra FROM slot")
    assert (row["booked"], row["extra"]) == (3, EXTRA)


async def test_without_the_constraint_too_the_slot_is_overbooked(
    two: tuple[Play, Play], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = two
    await _book(first, people=3)
    monkeypatch.setattr(staff, "_harms_who_is_in", lambda *_: False)
    await first.connection.execute("ALTER TABLE slot DROP CONSTRAINT never_overbooked")

    [reply] = await first.decide(let_in(0))

    assert isinstance(reply, SlotChanged)
    row = await first.connection.fetchrow("SELECT booked, capacity, extra FROM slot")
    assert row["booked"] > row["capacity"] + row["extra"]
