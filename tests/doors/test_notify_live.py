"""What does a person's open page hear at the door, and what when something is wrong?"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiohttp import ClientResponse

from services.notify import metrics
from tests.booking_doors import bearer, problem
from tests.notify_bookings import ALICE, a_place, cancelled, confirmed, moved
from tests.notify_doors import Door, a_door
from tests.notify_live import BORIS, Front, Listener, a_front, event_of

LIVE = "/api/v1/live"
LIMIT_SECONDS = 10.0
"""Nothing that is waited for takes so long."""

GONE_SECONDS = 0.3
"""By then it is noticed that a page is gone, where the streams' beat is a tenth of a second."""


class Page:
    """An open page: what comes over its connection, until it has heard enough."""

    def __init__(self, answer: ClientResponse, listener: Listener) -> None:
        self.answer = answer
        self.listener = listener

    async def until(self, enough: Callable[[Listener], bool]) -> Listener:
        """Listen until it is enough."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while not enough(self.listener):
                came = await self.answer.content.readany()
                assert came, "the stream ended"
                self.listener.feed(came)
        return self.listener

    async def hears(self, events: int) -> Listener:
        """Listen until so many events have come."""
        return await self.until(lambda listener: len(listener.heard) >= events)

    async def end(self) -> bytes:
        """What comes until the stream ends by itself."""
        async with asyncio.timeout(LIMIT_SECONDS):
            return await self.answer.content.read()


class Visit:
    """What people do at the door."""

    def __init__(self, door: Door) -> None:
        self.live = door.live
        self.client = door.client
        self._answers: list[ClientResponse] = []

    async def ask(self, person: UUID = ALICE, last_id: str = "", **claims: Any) -> ClientResponse:
        """Ask for a stream."""
        headers = bearer(person, **claims) | ({"Last-Event-ID": last_id} if last_id else {})
        answer = await self.client.get(LIVE, headers=headers)
        self._answers.append(answer)
        return answer

    async def page(
        self, person: UUID = ALICE, listener: Listener | None = None, **claims: Any
    ) -> Page:
        """A page that is open, and has its first words; a listener goes on where it stands."""
        listener = listener or Listener()
        answer = await self.ask(person, listener.last_id, **claims)
        assert answer.status == 200, await answer.text()
        page = Page(answer, listener)
        await page.until(lambda listener: listener.last_id != "")
        return page

    def close(self) -> None:
        """Everybody goes away."""
        for answer in self._answers:
            answer.close()


@asynccontextmanager
async def a_visit(dsn: str, folder: Path, **settings: Any) -> AsyncIterator[Visit]:
    """A messenger at work on this database."""
    async with a_door(dsn, folder, **{"live_poll_seconds": 0.05} | settings) as door:
        visit = Visit(door)
        yield visit
        visit.close()


@pytest.fixture
async def front(notify_dsn: str) -> AsyncIterator[Front]:
    async with a_front(notify_dsn) as opened:
        yield opened


@pytest.fixture
async def door(notify_dsn: str, tmp_path: Path) -> AsyncIterator[Visit]:
    async with a_visit(notify_dsn, tmp_path) as opened:
        yield opened


# ---- what is told ------------------------------------------------------------------------------


async def test_a_page_hears_what_becomes_of_a_booking(door: Visit, front: Front) -> None:
    first, second = a_place(clinic="Clinic 12"), a_place(clinic="Clinic 7")
    page = await door.page()

    await front.tell(
        confirmed(first),
        moved(to=[second], away_from=[first]),
        cancelled(second, version=3, reason="clinic"),
    )

    booked, swapped, gone = (await page.hears(3)).heard
    assert [booked.event, swapped.event, gone.event] == [
        "BookingConfirmed",
        "BookingRescheduled",
        "BookingRevoked",
    ]
    assert set(booked.data) == {"booking_id", "version", "at", "status", "places", "freed"}
    assert (booked.data["status"], booked.data["version"], booked.data["freed"]) == (
        "booked",
        1,
        [],
    )
    assert booked.data["places"][0] == {
        "id": str(first.id),
        "slot_id": str(first.slot_id),
        "starts_at": "2100-07-01T09:00:00Z",
        "ends_at": "2100-07-01T09:30:00Z",
        "clinic_id": str(first.clinic_id),
        "clinic_name": "Clinic 12",
        "clinic_address": "ул. Тверская, 1",
        "time_zone": "Europe/Moscow",
        "patient_id": str(ALICE),
        "modality": "physical",
    }
    assert [place["clinic_name"] for place in swapped.data["places"]] == ["Clinic 7"]
    assert [place["clinic_name"] for place in swapped.data["freed"]] == ["Clinic 12"]
    assert (gone.data["status"], gone.data["reason"]) == ("cancelled", "clinic")
    assert (gone.data["places"], len(gone.data["freed"])) == ([], 1)


async def test_the_first_words_come_at_once_and_say_where_to_go_on(door: Visit) -> None:
    asked_at = time.monotonic()

    page = await door.page()

    assert time.monotonic() - asked_at < 1
    assert page.listener.last_id == "0-0-0-0"
    assert page.answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert page.answer.headers["Cache-Control"] == "no-store"
    assert page.answer.headers["X-Accel-Buffering"] == "no"


async def test_nobody_hears_of_another_s_bookings(door: Visit, front: Front) -> None:
    alice, boris = await door.page(ALICE), await door.page(BORIS)

    for home in range(4):
        await front.tell(event_of(BORIS), event_of(ALICE), event_of(uuid4()), home=home)

    for person, page in ((ALICE, alice), (BORIS, boris)):
        heard = (await page.hears(4)).bookings
        assert heard == [booking for some in front.of(person) for booking in some]


async def test_another_s_position_brings_one_s_own_events_and_no_others(
    door: Visit, front: Front
) -> None:
    of_boris = await door.page(BORIS)
    await front.tell(event_of(BORIS), event_of(ALICE))
    await of_boris.hears(1)
    stolen = Listener()
    stolen.feed(b"id: 0-0-0-0\n\n")

    page = await door.page(ALICE, stolen)

    assert (await page.hears(1)).bookings == front.of(ALICE)[0]


async def test_all_pages_of_a_person_hear_the_same(door: Visit, front: Front) -> None:
    pages = [await door.page() for _ in range(3)]

    await front.tell(event_of(ALICE))

    assert [(await page.hears(1)).bookings for page in pages] == [front.of(ALICE)[0]] * 3


async def test_who_comes_back_hears_what_happened_meanwhile_and_nothing_twice(
    door: Visit, front: Front
) -> None:
    page = await door.page()
    await front.tell(event_of(ALICE), home=1)
    listener = await page.hears(1)
    page.answer.close()
    await front.tell(event_of(ALICE), event_of(BORIS), event_of(ALICE), home=2)

    again = await door.page(ALICE, listener)
    await front.tell(event_of(ALICE), home=1)

    heard = (await again.hears(4)).bookings
    assert [[one for one in heard if one in some] for some in front.of(ALICE)] == front.of(ALICE)
    assert len(heard) == 4


async def test_a_restarted_process_goes_on_where_the_other_was_killed(
    door: Visit, front: Front, notify_dsn: str, tmp_path: Path
) -> None:
    page = await door.page()
    await front.tell(event_of(ALICE))
    listener = await page.hears(1)
    page.answer.close()
    await front.tell(event_of(ALICE))

    async with a_visit(notify_dsn, tmp_path) as another:
        again = await another.page(ALICE, listener)

        assert (await again.hears(2)).bookings == front.of(ALICE)[0]


async def test_a_quiet_stream_shows_that_it_lives(notify_dsn: str, tmp_path: Path) -> None:
    async with a_visit(notify_dsn, tmp_path, live_heartbeat_seconds=0.15) as door:
        page = await door.page()

        listener = await page.until(lambda listener: listener.comments > 5)

        assert listener.heard == []


# ---- what is wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    [
        "nonsense",
        "0",
        "0-0-0",
        "0-0-0-0-0",
        "0-0-0--1",
        "0-0-0-1e9",
        "0-0-0-٣",
        "1-1-1-" + "9" * 19,
        "0-0-0-0 ",
        "'; DROP TABLE live_event; --",
        "0" * 8_000,
    ],
)
async def test_a_position_of_no_form_is_refused_with_what_to_do(door: Visit, word: str) -> None:
    answer = await door.client.get(LIVE, headers=bearer() | {"Last-Event-ID": word + "x"})

    assert await problem(answer) == (400, "last_event_id_malformed")
    assert "read your bookings anew" in (await answer.json())["detail"]
    assert len(door.live.streams) == 0


async def test_a_position_nobody_gave_out_begins_anew_and_says_so(
    door: Visit, front: Front
) -> None:
    await front.tell(event_of(ALICE))
    made_up = Listener()
    made_up.feed(b"id: 5-0-0-0\n\n")

    page = await door.page(ALICE, made_up)
    await page.hears(1)
    await front.tell(event_of(ALICE))

    heard = (await page.hears(2)).heard
    assert [one.event for one in heard] == ["reset", "BookingConfirmed"]
    assert heard[0].id == "1-0-0-0"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "token_missing"),
        ({"Authorization": "Bearer nonsense"}, "token_invalid"),
        (bearer(exp=time.time() - 60), "token_expired"),
    ],
)
async def test_who_is_not_signed_in_hears_nothing(
    door: Visit, headers: dict[str, str], code: str
) -> None:
    answer = await door.client.get(LIVE, headers=headers)

    assert await problem(answer) == (401, code)


async def test_a_stream_ends_with_the_sign_in_it_began_with(
    notify_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.auth.LEEWAY_SECONDS", 0)
    async with a_visit(notify_dsn, tmp_path, live_heartbeat_seconds=1.5) as door:
        ends_at = int(time.time()) + 2
        page = await door.page(exp=ends_at)

        await page.end()

        assert -0.1 < time.time() - ends_at < 1
        assert await problem(await door.ask(exp=ends_at)) == (401, "token_expired")


async def test_a_person_has_so_many_pages_and_a_closed_one_makes_room(
    notify_dsn: str, tmp_path: Path
) -> None:
    limits = {"live_streams_per_person_max": 2, "live_heartbeat_seconds": 1.5}
    async with a_visit(notify_dsn, tmp_path, **limits) as door:
        pages = [await door.page() for _ in range(2)]
        refused = await door.ask()
        of_boris = await door.page(BORIS)

        pages[0].answer.close()
        await asyncio.sleep(GONE_SECONDS)

        assert await problem(refused) == (429, "too_many_streams")
        assert refused.headers["Retry-After"] == "5"
        assert of_boris.answer.status == 200
        assert (await door.page()).answer.status == 200


async def test_a_process_has_so_many_streams(notify_dsn: str, tmp_path: Path) -> None:
    async with a_visit(notify_dsn, tmp_path, live_streams_max=2) as door:
        for _ in range(2):
            await door.page(uuid4())

        refused = await door.ask(uuid4())

        assert await problem(refused) == (503, "unavailable")
        assert refused.headers["Retry-After"] == "5"


async def test_a_client_that_takes_nothing_is_cut_off_and_the_others_are_not(
    notify_dsn: str, tmp_path: Path, front: Front
) -> None:
    place = a_place(clinic="Clinic " + "9" * 60_000)
    async with a_visit(notify_dsn, tmp_path, live_waiting_bytes_max=50_000) as door:
        before = metrics.LIVE_OVERFLOWED._value.get()
        slow, quick = await door.page(), await door.page()
        transport = slow.answer.connection.transport  # type: ignore[union-attr]
        transport.pause_reading()  # type: ignore[union-attr]

        events = 0
        while len(door.live.streams) == 2 and events < 300:
            events += 1
            await front.tell(confirmed(place, booking_id=uuid4()))
            await quick.hears(events)

        assert metrics.LIVE_OVERFLOWED._value.get() - before == 1
        assert quick.listener.bookings == front.of(ALICE)[0]


async def test_a_process_that_stops_ends_its_streams_in_good_order(
    notify_dsn: str, tmp_path: Path
) -> None:
    async with a_visit(notify_dsn, tmp_path) as door:
        page = await door.page()

        door.live.stop()

        assert await page.end() == b""
        assert await problem(await door.ask()) == (503, "unavailable")


async def test_an_old_way_of_speaking_http_is_told_of_the_new(door: Visit) -> None:
    reader, writer = await asyncio.open_connection(door.client.host, door.client.port)
    token = bearer()["Authorization"]

    writer.write(f"GET {LIVE} HTTP/1.0\r\nAuthorization: {token}\r\n\r\n".encode())

    answer = await asyncio.wait_for(reader.read(), LIMIT_SECONDS)
    writer.close()
    assert b" 505 " in answer.split(b"\r\n")[0]
    assert b'"code":"http_version"' in answer


@pytest.mark.parametrize("method", ["POST", "HEAD", "DELETE"])
async def test_another_method_is_named_as_such(door: Visit, method: str) -> None:
    answer = await door.client.request(method, LIVE, headers=bearer())

    assert answer.status == 405


# ---- while the database is away ----------------------------------------------------------------


@asynccontextmanager
async def no_database(dsn: str) -> AsyncIterator[None]:
    """Nobody can read what is kept while the block runs."""
    connection = await asyncpg.connect(dsn)
    async with connection.transaction():
        await connection.execute("LOCK TABLE live_forgotten IN ACCESS EXCLUSIVE MODE")
        yield
    await connection.close()


async def test_streams_stay_open_through_an_outage_and_newcomers_are_told_to_wait(
    notify_dsn: str, tmp_path: Path, front: Front
) -> None:
    async with a_visit(notify_dsn, tmp_path, live_arrival_seconds=0.5) as door:
        page = await door.page()
        async with no_database(notify_dsn):
            await front.tell(event_of(ALICE))
            refused = await door.ask(BORIS)
            # Longer than a statement waits for the lock, so that the outage is noticed as one.
            await asyncio.sleep(2.5)

        assert await problem(refused) == (503, "unavailable")
        assert (await page.hears(1)).bookings == front.of(ALICE)[0]
