"""How many holds does a batch look at that is not about them? None, however many there are."""

from collections.abc import AsyncIterator

import pytest

from services.slots.store import decisions
from shared.messages import PlacesBooked
from tests import stories
from tests.referees import Play, play
from tests.stories import an_id

SOUGHT, ELSEWHERE = an_id("a slot that nobody holds"), an_id("a slot that many hold")
HOLDS = 200

AT_ONCE = """SELECT 'dead', p.* FROM now, place AS p
     WHERE p.slot_id = ANY ($2::uuid[]) AND p.state = 'held' AND p.expires_at <= now.at
       AND p.booking_id <> ALL ($1::uuid[])
"""
"""The same of all slots at once."""

FOR_BOTH = """DROP INDEX holds_of_a_home;
CREATE INDEX holds_of_a_home ON place (home, expires_at) WHERE state <> 'booked'"""
"""An index that whoever looks by slot could take as well."""


@pytest.fixture
async def referee(slots_dsn: str) -> AsyncIterator[Play]:
    """A referee whose tables were looked at while nobody held anything."""
    playing = await play(slots_dsn, 0)
    await playing.decide(
        stories.open_clinic(),
        stories.open_slot(SOUGHT, 9),
        stories.open_slot(ELSEWHERE, HOLDS),
        *(stories.book(SOUGHT) for _ in range(4)),
    )
    await playing.connection.execute("ANALYZE")
    yield playing
    await playing.connection.close()


async def _hold(referee: Play) -> None:
    await referee.decide(*(stories.hold(ELSEWHERE, owner=f"owner {n}") for n in range(HOLDS)))


async def _read(referee: Play) -> int:
    await referee.connection.execute("SELECT pg_stat_force_next_flush()")
    read: int = await referee.connection.fetchval(
        "SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE indexrelname LIKE 'holds_of_a_%'"
    )
    return read


async def test_a_booking_does_not_look_at_holds_of_other_slots(referee: Play) -> None:
    await _hold(referee)
    before = await _read(referee)

    [reply] = await referee.decide(stories.book(SOUGHT))

    assert isinstance(reply, PlacesBooked)
    assert await _read(referee) == before


async def test_sought_in_all_slots_at_once_by_an_index_for_both_it_looks_at_each(
    referee: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_places = decisions.SQL["read_places"]
    begin, end = (
        read_places.index("SELECT 'dead'"),
        read_places.index("    UNION ALL\n    SELECT 'claim'"),
    )
    monkeypatch.setitem(
        decisions.SQL, "read_places", read_places[:begin] + AT_ONCE + read_places[end:]
    )
    await referee.connection.execute(FOR_BOTH)
    await referee.connection.execute("ANALYZE")
    await _hold(referee)
    before = await _read(referee)

    await referee.decide(stories.book(SOUGHT))

    assert await _read(referee) == before + HOLDS


async def test_whoever_looks_for_what_is_due_looks_at_nothing_else(referee: Play) -> None:
    await _hold(referee)
    before = await _read(referee)

    await referee.sweep()

    assert await _read(referee) == before


async def test_by_slot_or_by_home_each_has_an_index_that_the_other_cannot_take(
    referee: Play,
) -> None:
    by_slot = await _plan(referee, "read_places", "'{}', '{}', '{}', '{}'")
    by_home = await _plan(referee, "due_holds", "'{}', 9")

    assert "holds_of_a_slot" in by_slot
    assert "holds_of_a_home" not in by_slot
    assert "holds_of_a_home" in by_home
    assert "Index Cond: ((home = ANY ($1)) AND (expires_at <= statement_timestamp()))" in by_home


async def _plan(referee: Play, statement: str, arguments: str) -> str:
    await referee.connection.execute(f"PREPARE {statement} AS {decisions.SQL[statement]}")
    rows = await referee.connection.fetch(f"EXPLAIN EXECUTE {statement} ({arguments})")
    return "\n".join(row[0] for row in rows)
