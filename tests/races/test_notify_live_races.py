"""What happens in the wrong moment, and what would become of it without the guard?"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import chain

import asyncpg
import pytest

from services.notify import store
from services.notify.live import Broadcaster, Stream
from services.notify.store import Gap, LiveEvents, Look, Missed
from shared import database
from tests.notify_bookings import ALICE
from tests.notify_doors import a_config
from tests.notify_live import BORIS, Front, Page, a_front, event_of, until_quiet

Happens = Callable[[], Awaitable[object]]
LOOK_SECONDS = 0.6


@pytest.fixture
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    opened = await database.open_pool(notify_dsn, size_max=4, name="live-test")
    yield opened
    await opened.close()


@pytest.fixture
async def front(notify_dsn: str) -> AsyncIterator[Front]:
    async with a_front(notify_dsn) as opened:
        yield opened


async def nothing() -> None:
    """What happens in a quiet moment."""


class Watched(LiveEvents):
    """The kept events; just before and after what is missed is read, something happens."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        super().__init__(pool)
        self.before_missed: Happens = nothing
        self.after_missed: Happens = nothing

    async def missed(self, gaps: Sequence[Gap], rows_max: int) -> list[Missed]:
        await self.before_missed()
        found = await super().missed(gaps, rows_max)
        await self.after_missed()
        return found


class Torn(LiveEvents):
    """Rows are read in one statement and positions in another."""

    async def look(self, since: Sequence[int], rows_max: int) -> Look:
        rows = (await super().look(since, rows_max)).rows
        return (await super().look(since, 0))._replace(rows=rows)


def a_process(events: LiveEvents, **limits: int) -> Broadcaster:
    return Broadcaster(a_config("", **limits), events)


# ---- while somebody catches up -----------------------------------------------------------------


async def played_while_she_catches_up(front: Front, pool: asyncpg.Pool) -> Page:
    """Alice comes back; just while it is read what she missed, more and more happens."""
    events, page = Watched(pool), Page(ALICE)
    live = a_process(events)
    await page.connect(live)
    await page.drop()
    await front.tell(event_of(ALICE))

    async def happens() -> None:
        if len(front.told[0]) < 6:
            await front.tell(event_of(ALICE))

    events.before_missed = events.after_missed = happens
    await page.connect(live)
    await until_quiet(live, live)
    page.read()
    return page


async def test_what_happens_while_a_page_catches_up_is_told_once(
    front: Front, pool: asyncpg.Pool
) -> None:
    page = await played_while_she_catches_up(front, pool)

    assert page.listener.bookings == front.of(ALICE)[0]


async def test_without_an_end_to_what_was_missed_it_would_be_told_twice(
    front: Front, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "find_missed_live_events", "AND e.seq <= gap.until")

    page = await played_while_she_catches_up(front, pool)

    assert len(page.listener.bookings) > len(set(page.listener.bookings))


# ---- while the loop looks ----------------------------------------------------------------------


async def played_while_it_looks(
    front: Front, events: LiveEvents, monkeypatch: pytest.MonkeyPatch
) -> Page:
    """Alice listens; a look takes its time, and just then two batches are committed."""
    live, page = a_process(events), Page(ALICE)
    await page.connect(live)
    await until_quiet(live)
    slow = store.SQL["look_for_live_events"].replace(
        " ORDER BY since.home",
        f" CROSS JOIN (SELECT pg_sleep({LOOK_SECONDS})) AS p ORDER BY since.home",
    )

    with monkeypatch.context() as patch:
        patch.setitem(store.SQL, "look_for_live_events", slow)
        looking = asyncio.create_task(live.turn())
        for home in (0, 3):
            await asyncio.sleep(LOOK_SECONDS / 3)
            await front.tell(event_of(ALICE), home=home)
        await looking
    await until_quiet(live)
    await front.tell(event_of(ALICE), home=1)
    await until_quiet(live)
    page.read()
    return page


async def test_what_is_committed_during_a_look_is_told_by_the_next(
    front: Front, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await played_while_it_looks(front, LiveEvents(pool), monkeypatch)

    assert sorted(page.listener.bookings) == sorted(chain(*front.of(ALICE)))


async def test_with_positions_read_after_the_rows_it_would_be_told_to_nobody(
    front: Front, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await played_while_it_looks(front, Torn(pool), monkeypatch)

    assert page.listener.bookings == front.of(ALICE)[1]
    assert page.listener.position == front.position


# ---- while another process is quicker ----------------------------------------------------------


async def played_from_the_quicker_to_the_slower(front: Front, pool: asyncpg.Pool) -> Page:
    """Alice was told by one process what another has not come to yet, and goes over to that."""
    quick, slow = a_process(LiveEvents(pool)), a_process(LiveEvents(pool), live_rows_max=1)
    page, other = Page(ALICE), Page(BORIS)
    await other.connect(slow)
    await page.connect(quick)
    await front.tell(*[event_of(ALICE) for _ in range(4)])
    await until_quiet(quick)
    await page.drop()

    await page.connect(slow)
    await until_quiet(slow)
    await front.tell(event_of(ALICE))
    await until_quiet(slow)
    page.read()
    return page


async def test_who_comes_from_a_quicker_process_is_told_nothing_again(
    front: Front, pool: asyncpg.Pool
) -> None:
    page = await played_from_the_quicker_to_the_slower(front, pool)

    assert page.listener.bookings == front.of(ALICE)[0]


async def test_who_does_not_wait_for_the_slower_process_would_be_told_again(
    front: Front, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Broadcaster, "follow", joins_at_once)

    page = await played_from_the_quicker_to_the_slower(front, pool)

    assert len(page.listener.bookings) > len(set(page.listener.bookings))


# ---- while the old is forgotten ----------------------------------------------------------------


async def played_while_it_is_forgotten(front: Front, pool: asyncpg.Pool) -> Page:
    """Alice comes back after days; between two pages of what she missed, the rest is forgotten."""
    events, page = Watched(pool), Page(ALICE)
    live = a_process(events, live_missed_rows_max=2)
    await page.connect(live)
    await page.drop()
    await front.tell(*[event_of(ALICE) for _ in range(6)])
    await pool.execute("UPDATE live_event SET written_at = now() - interval '3 days'")

    async def forgets() -> None:
        await events.forget(days=2, rows_max=4)

    events.after_missed = forgets
    await page.connect(live)
    await until_quiet(live)
    page.read()
    return page


async def test_who_might_miss_what_is_forgotten_meanwhile_is_told_so(
    front: Front, pool: asyncpg.Pool
) -> None:
    page = await played_while_it_is_forgotten(front, pool)

    assert page.listener.bookings == front.of(ALICE)[0][:2]
    assert [heard.event for heard in page.listener.heard][2:] == ["reset"]


async def test_without_a_note_of_what_is_forgotten_she_would_miss_it_silently(
    front: Front, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, "find_missed_live_events", "coalesce(f.seq, 0) > gap.after", "false")

    page = await played_while_it_is_forgotten(front, pool)

    assert len(page.listener.heard) < 6
    assert page.listener.position == front.position


# ---- while somebody comes back ----------------------------------------------------------------


async def test_what_happens_once_the_first_words_are_there_is_told(
    front: Front, pool: asyncpg.Pool
) -> None:
    live, first, second = a_process(LiveEvents(pool)), Page(ALICE), Page(ALICE)
    await first.connect(live)
    looking = asyncio.create_task(live.turn())
    second.arrive(live)
    await looking
    await second.settle()
    placed_by_an_earlier_look = second.paper.written != b""

    await front.tell(event_of(ALICE))
    await until_quiet(live)
    await second.settle()
    await front.tell(event_of(ALICE))
    await until_quiet(live)

    first.read()
    second.read()
    assert not placed_by_an_earlier_look
    assert first.listener.bookings == front.of(ALICE)[0]
    assert second.listener.bookings == front.of(ALICE, second.listener.began)[0]
    assert second.listener.began == (1, 0, 0, 0)


async def test_without_catching_up_who_comes_back_would_miss_what_happened_meanwhile(
    front: Front, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Broadcaster, "follow", joins_at_once)

    page = await played_while_she_catches_up(front, pool)

    assert len(page.listener.bookings) < len(front.of(ALICE)[0])


def joins_at_once(live: Broadcaster, stream: Stream) -> None:
    """In place of `follow`: as if every stream stood where the others do."""
    stream.position = None


def without(monkeypatch: pytest.MonkeyPatch, name: str, guard: str) -> None:
    """The statement without one of its conditions."""
    instead(monkeypatch, name, guard, "")


def instead(monkeypatch: pytest.MonkeyPatch, name: str, guard: str, other: str) -> None:
    """The statement with something else in the guard's place."""
    assert guard in store.SQL[name]
    monkeypatch.setitem(store.SQL, name, store.SQL[name].replace(guard, other))
