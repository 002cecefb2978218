"""Is everything told to an open page once and in order, whatever breaks in between?"""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import chain
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.notify.live import Broadcaster
from services.notify.store import LiveEvents
from shared import database
from tests.conftest import MakeDatabase
from tests.notify_bookings import ALICE
from tests.notify_doors import a_config
from tests.notify_live import BORIS, Front, Page, a_front, event_of, until_quiet

MakeLive = Callable[..., Broadcaster]


@pytest.fixture
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    opened = await database.open_pool(notify_dsn, size_max=4, name="live-test")
    yield opened
    await opened.close()


@pytest.fixture
async def front(notify_dsn: str) -> AsyncIterator[Front]:
    async with a_front(notify_dsn) as opened:
        yield opened


@pytest.fixture
def a_process(notify_dsn: str, pool: asyncpg.Pool) -> MakeLive:
    """Makes processes of the messenger, each with its own loop that the test turns."""
    return lambda **limits: Broadcaster(a_config(notify_dsn, **limits), LiveEvents(pool))


async def test_who_listens_is_told_what_happens_and_nothing_from_before(
    front: Front, a_process: MakeLive
) -> None:
    live, page = a_process(), Page(ALICE)
    await front.tell(event_of(ALICE), event_of(BORIS))
    await page.connect(live)

    await front.tell(event_of(BORIS), event_of(ALICE))
    await front.tell(event_of(ALICE), home=3)
    await until_quiet(live)

    page.read()
    assert page.listener.bookings == [*chain(*front.of(ALICE, (2, 0, 0, 0)))]
    assert page.listener.position == front.position


async def test_a_page_cut_off_at_any_byte_hears_the_rest_elsewhere(
    front: Front, a_process: MakeLive
) -> None:
    first, second = a_process(), a_process(live_missed_rows_max=2)
    page = Page(ALICE)
    await page.connect(first)
    for nth in range(12):
        await front.tell(event_of(ALICE if nth % 3 else BORIS), home=nth % 4)
        await until_quiet(first)
    said = page.paper.frames()
    await page.drop(0.0)

    for cut in range(0, len(said), 97):
        again = Page(ALICE)
        again.listener.feed(said[:cut])
        again.listener.hang_up()
        begun = again.listener.last_id != ""
        await again.connect(second)
        await until_quiet(second)
        await again.drop()

        heard = again.listener.bookings
        assert sorted(heard) == (sorted(chain(*front.of(ALICE))) if begun else [])


async def test_a_quiet_page_stands_where_the_others_do(front: Front, a_process: MakeLive) -> None:
    live, page = a_process(), Page(ALICE)
    await page.connect(live)
    await front.tell(event_of(BORIS), home=2)
    await until_quiet(live)

    for _ in range(15):
        live.beat()

    page.read()
    assert page.listener.position == front.position
    assert page.listener.heard == []


async def test_who_comes_back_after_what_is_kept_is_told_to_read_anew(
    front: Front, a_process: MakeLive, pool: asyncpg.Pool
) -> None:
    live, page, late = a_process(), Page(ALICE), Page(ALICE)
    for opened in (page, late):
        await opened.connect(live)
        await opened.drop()
    await front.tell(event_of(BORIS), event_of(ALICE), home=1)
    await page.connect(live)
    await until_quiet(live)
    await front.tell(event_of(ALICE), home=1)
    await pool.execute("UPDATE live_event SET written_at = now() - interval '3 days' WHERE seq < 3")

    gone = await LiveEvents(pool).forget(days=2, rows_max=100)
    await late.connect(live)
    await until_quiet(live)

    page.read()
    late.read()
    assert gone == 2
    assert page.listener.bookings == [*chain(*front.of(ALICE))]
    assert [heard.event for heard in late.listener.heard] == ["reset"]
    assert late.listener.position == front.position


async def test_the_old_is_forgotten_in_bites_and_the_new_is_not(
    front: Front, pool: asyncpg.Pool
) -> None:
    for home in range(4):
        await front.tell(*[event_of(ALICE) for _ in range(5)], home=home)
    await pool.execute("UPDATE live_event SET written_at = now() - interval '3 days' WHERE seq < 4")

    bites = [await LiveEvents(pool).forget(days=2, rows_max=2) for _ in range(3)]

    left = await pool.fetch("SELECT home, seq FROM live_event ORDER BY home, seq")
    noted = await pool.fetch("SELECT home, seq FROM live_forgotten ORDER BY home")
    assert bites == [8, 4, 0]
    assert [tuple(row) for row in left] == [(home, seq) for home in range(4) for seq in (4, 5)]
    assert [tuple(row) for row in noted] == [(home, 3) for home in range(4)]


async def test_two_that_forget_at_once_forget_each_event_once(
    front: Front, pool: asyncpg.Pool
) -> None:
    for home in range(4):
        await front.tell(*[event_of(ALICE) for _ in range(50)], home=home)
    await pool.execute("UPDATE live_event SET written_at = now() - interval '3 days'")

    gone = await asyncio.gather(*(LiveEvents(pool).forget(days=2, rows_max=100) for _ in range(3)))

    assert sum(gone) == 200
    assert await pool.fetchval("SELECT count(*) FROM live_event") == 0


async def test_what_was_taken_before_there_were_streams_is_not_taken_for_nothing(
    fresh_database: MakeDatabase,
) -> None:
    connection = await asyncpg.connect(await fresh_database("nothing"))
    shared = database.migrations_of("shared")
    (first, streams, *_) = database.migrations_of("services.notify")
    for _, _, statements in (*shared, first):
        await connection.execute(statements)
    await connection.execute(
        "INSERT INTO partition_state (topic, partition, taken_seq) VALUES ('booking.events', 2, 7)"
    )

    await connection.execute(streams[2])

    rows = await connection.fetch("SELECT home, seq FROM live_forgotten")
    await connection.close()
    assert [tuple(row) for row in rows] == [(2, 7)]


async def test_a_position_that_was_never_given_out_is_told_to_read_anew(
    front: Front, a_process: MakeLive
) -> None:
    live, page = a_process(), Page(ALICE)
    await front.tell(event_of(ALICE))
    page.listener.feed(b"id: 0-7-0-0\n\n")

    await page.connect(live)
    await until_quiet(live)
    await front.tell(event_of(ALICE))
    await until_quiet(live)

    page.read()
    assert [heard.event for heard in page.listener.heard] == ["reset", "BookingConfirmed"]
    assert page.listener.position == front.position


async def test_when_the_database_has_lost_what_was_told_everybody_comes_back_and_reads_anew(
    front: Front, a_process: MakeLive, pool: asyncpg.Pool
) -> None:
    live, page = a_process(), Page(ALICE)
    await page.connect(live)
    await front.tell(event_of(ALICE), event_of(ALICE))
    await until_quiet(live)
    page.read()

    await pool.execute("DELETE FROM live_event WHERE seq = 2")
    await pool.execute("UPDATE partition_state SET taken_seq = 1 WHERE partition = 0")
    await until_quiet(live)
    was_ended = page.is_over
    await page.drop()
    await page.connect(live)
    await until_quiet(live)

    page.read()
    assert was_ended
    assert [heard.event for heard in page.listener.heard][-1] == "reset"
    assert page.listener.position == (1, 0, 0, 0)


async def test_a_process_that_slept_for_days_ends_the_streams_it_can_tell_no_more(
    front: Front, a_process: MakeLive, pool: asyncpg.Pool
) -> None:
    live, page = a_process(), Page(ALICE)
    await page.connect(live)
    await until_quiet(live)
    await front.tell(event_of(ALICE))
    await pool.execute("UPDATE live_event SET written_at = now() - interval '3 days'")
    await LiveEvents(pool).forget(days=2, rows_max=100)

    await until_quiet(live)
    was_ended = page.is_over
    await page.drop()
    await page.connect(live)
    await until_quiet(live)

    page.read()
    assert was_ended
    assert [heard.event for heard in page.listener.heard] == ["reset"]


async def test_an_event_of_a_later_version_is_not_kept_quiet_about(
    front: Front, a_process: MakeLive, pool: asyncpg.Pool
) -> None:
    live, page = a_process(), Page(ALICE)
    await page.connect(live)
    await front.tell(event_of(ALICE), event_of(ALICE))
    await pool.execute("""UPDATE live_event SET event = '{"type": "BookingNoted"}' WHERE seq = 1""")

    await until_quiet(live)

    page.read()
    assert [heard.event for heard in page.listener.heard] == ["reset", "BookingConfirmed"]


async def test_a_client_that_takes_nothing_is_let_go_and_hears_the_rest_when_it_is_back(
    front: Front, a_process: MakeLive
) -> None:
    live, page = a_process(live_waiting_bytes_max=2_000), Page(ALICE)
    await page.connect(live)
    await until_quiet(live)
    page.paper.sleeps = True

    for _ in range(9):
        await front.tell(event_of(ALICE))
        await until_quiet(live)
    cut_off, waited = page.paper.is_closing(), len(page.paper.written)
    await page.drop(0.5)
    await page.connect(live)
    await until_quiet(live)

    page.read()
    assert cut_off
    assert waited < 4_000
    assert page.listener.bookings == front.of(ALICE)[0]


async def test_who_takes_slowly_what_was_missed_is_not_let_go(
    front: Front, a_process: MakeLive
) -> None:
    live, page = a_process(live_waiting_bytes_max=100, live_missed_rows_max=2), Page(ALICE)
    await page.connect(live)
    await page.drop()
    await front.tell(*[event_of(ALICE) for _ in range(6)])
    await page.connect(live)
    page.paper.sleeps = True

    heard = []
    for _ in range(4):
        await until_quiet(live)
        page.paper.takes_all()
        page.read()
        heard.append(len(page.listener.bookings))

    assert heard == [2, 4, 6, 6]
    assert page.listener.bookings == front.of(ALICE)[0]


# ---- whatever breaks in between ----------------------------------------------------------------

PEOPLE = {"Alice": ALICE, "Boris": BORIS}
PAGES = ["Alice", "Alice", "Boris"]

happenings = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["Alice", "Boris", "Alice", "nobody", "garbage"])),
    min_size=1,
    max_size=5,
)
page = st.integers(0, len(PAGES) - 1)
process = st.integers(0, 1)
part = st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0])
ACTS = [
    *[st.tuples(st.just("happens"), happenings)] * 3,
    *[st.tuples(st.just("turns"), process)] * 5,
    st.tuples(st.just("turns_while_it_happens"), process, happenings),
    *[st.tuples(st.just("arrives"), page, process)] * 4,
    st.tuples(st.just("reads"), page, part),
    *[st.tuples(st.just("drops"), page, part)] * 2,
    st.tuples(st.just("is_killed"), process, part),
    st.tuples(st.just("beats"), process),
]
acts = st.lists(st.sampled_from(ACTS).flatmap(lambda act: act), min_size=5, max_size=40)


class Morning:
    """Two processes, three pages, and somebody who wrote down what each should hear."""

    def __init__(self, pool: asyncpg.Pool, front: Front) -> None:
        self.front = front
        self.pages = [Page(PEOPLE[name]) for name in PAGES]
        self._events = LiveEvents(pool)
        self.processes = [self._process(), self._process()]

    def _process(self) -> Broadcaster:
        config = a_config("", live_rows_max=2, live_missed_rows_max=1)
        return Broadcaster(config, self._events)

    async def act(self, name: str, *about: Any) -> None:
        """One thing happens."""
        await getattr(self, name)(*about)
        for opened in self.pages:
            await opened.settle()

    async def happens(self, happenings: list[tuple[int, str]]) -> None:
        people: dict[str, UUID] = PEOPLE | {"nobody": UUID(int=7)}
        await self.front.tell_each(
            [
                (home, event_of(people[whose]) if whose in people else None)
                for home, whose in happenings
            ]
        )

    async def turns(self, process: int) -> None:
        await self.processes[process].turn()

    async def turns_while_it_happens(self, process: int, happenings: list[tuple[int, str]]) -> None:
        await asyncio.gather(self.turns(process), self.happens(happenings), self.turns(process - 1))

    async def arrives(self, page: int, process: int) -> None:
        await self.pages[page].drop()
        self.pages[page].arrive(self.processes[process])

    async def reads(self, page: int, part: float) -> None:
        self.pages[page].read(part)

    async def drops(self, page: int, part: float) -> None:
        await self.pages[page].drop(part)

    async def is_killed(self, process: int, part: float) -> None:
        for opened in self.pages:
            if opened.is_served_by(self.processes[process]):
                await opened.drop(part)
        self.processes[process] = self._process()

    async def beats(self, process: int) -> None:
        live = self.processes[process]
        for _ in range(15):
            live.beat()

    async def everybody_comes_back(self) -> None:
        """In the end every page hears what it has not heard."""
        for opened in self.pages:
            await opened.drop()
            await opened.connect(self.processes[0])
        await until_quiet(*self.processes)
        await self.beats(0)
        for opened in self.pages:
            opened.read()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=acts)
def test_each_page_hears_each_of_its_person_s_events_once_and_in_order(
    notify_dsn: str, acts: list[tuple[Any, ...]]
) -> None:
    async def play() -> Morning:
        pool = await database.open_pool(notify_dsn, size_max=3, name="live-test")
        async with a_front(notify_dsn) as front:
            morning = Morning(pool, front)
            for act in acts:
                await morning.act(*act)
            await morning.everybody_comes_back()
        await pool.close()
        return morning

    morning = asyncio.run(play())

    for opened in morning.pages:
        heard = opened.listener.bookings
        expected = morning.front.of(opened.person, opened.listener.began)
        assert [[one for one in heard if one in some] for some in expected] == expected
        assert len(heard) == len([*chain(*expected)])
        assert opened.listener.position == morning.front.position
