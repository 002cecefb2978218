"""What happens when everybody comes at once? And what would, without the guard?"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.slots.store import decisions
from shared.messages import PlacesBooked
from tests import stories
from tests.referees import Play, play
from tests.stories import a_claim, an_id

MONDAY, TUESDAY = an_id("Monday"), an_id("Tuesday")


@pytest.fixture
async def two(slots_dsn: str) -> AsyncIterator[tuple[Play, Play]]:
    """Two referee processes, each with a partition of its own, over the same slots."""
    first, second = await play(slots_dsn, 0), await play(slots_dsn, 1)
    await first.decide(
        stories.open_clinic(), stories.open_slot(MONDAY, 3), stories.open_slot(TUESDAY, 40)
    )
    yield first, second
    await first.connection.close()
    await second.connection.close()


async def test_forty_patients_race_for_three_places_and_three_get_one(two: tuple[Play, Play]):
    first, second = two

    halves = await asyncio.gather(
        *(_one_by_one(referee, [stories.book(MONDAY) for _ in range(20)]) for referee in two)
    )

    booked = [reply for half in halves for reply in half if isinstance(reply, PlacesBooked)]
    assert len(booked) == 3
    assert await first.connection.fetchval("SELECT count(*) FROM place") == 3
    assert await second.connection.fetchval("SELECT booked FROM slot WHERE id = $1", MONDAY) == 3


async def test_without_the_lock_the_race_is_real_and_the_version_stops_it(
    two: tuple[Play, Play], monkeypatch: pytest.MonkeyPatch
):
    first, _ = two
    again: list[str] = []
    for referee in two:
        referee.commits.on_again = again.append
    lockless = decisions.SQL["lock_slots"].replace("FOR NO KEY UPDATE OF s", "")
    monkeypatch.setitem(decisions.SQL, "lock_slots", lockless)
    wide = decisions.SQL["read_places"].replace("FROM now LEFT", "FROM pg_sleep(0.05), now LEFT")
    monkeypatch.setitem(decisions.SQL, "read_places", wide)

    await asyncio.gather(
        *(_one_by_one(referee, [stories.book(MONDAY) for _ in range(6)]) for referee in two)
    )

    assert "somebody else was quicker" in again
    assert await first.connection.fetchval("SELECT count(*) FROM place") == 3


async def test_one_person_asking_twice_at_once_has_one_place(two: tuple[Play, Play]):
    wishes = [
        [stories.book(TUESDAY, claims=(a_claim(f"person {n}"),)) for n in range(15)] for _ in two
    ]

    halves = await asyncio.gather(*map(_one_by_one, two, wishes))

    booked = [reply for half in halves for reply in half if isinstance(reply, PlacesBooked)]
    assert len(booked) == 15
    assert await two[0].connection.fetchval("SELECT count(*) FROM place") == 15


async def test_without_the_index_one_person_has_two_places(two: tuple[Play, Play]):
    first, second = two
    await first.connection.execute("DROP INDEX one_live_place_per_claim")
    wish = [stories.book(MONDAY if n else TUESDAY, claims=(a_claim("one"),)) for n in range(2)]
    held = await begin(first, wish[0])

    [reply] = await second.decide(wish[1])
    await held()

    assert isinstance(reply, PlacesBooked)
    assert await first.connection.fetchval("SELECT count(*) FROM place") == 2


async def test_with_the_index_the_later_of_the_two_is_refused(two: tuple[Play, Play]):
    first, second = two
    wish = [stories.book(MONDAY if n else TUESDAY, claims=(a_claim("one"),)) for n in range(2)]
    held = await begin(first, wish[0])
    waiting = asyncio.create_task(second.decide(wish[1]))
    await asyncio.sleep(0.1)

    await held()
    [reply] = await waiting

    assert reply.reason == "claim_taken"
    assert await first.connection.fetchval("SELECT count(*) FROM place") == 1


async def _one_by_one(referee: Play, wishes: list[stories.BookPlaces]) -> list[object]:
    return [reply for wish in wishes for reply in await referee.decide(wish)]


async def begin(referee: Play, wish: stories.BookPlaces):  # type: ignore[no-untyped-def]
    """Decide and write a wish, and stop just before COMMIT; the returned function commits."""
    reached, go = asyncio.Event(), asyncio.Event()
    offered = referee.commits._advance

    async def pausing(*arguments: object) -> object:
        rows = await offered(*arguments)  # type: ignore[arg-type]
        reached.set()
        await go.wait()
        return rows

    referee.commits._advance = pausing  # type: ignore[assignment, method-assign]
    deciding = asyncio.create_task(referee.decide(wish))
    await reached.wait()

    async def finish() -> None:
        go.set()
        await deciding

    return finish
