"""Does a database of an earlier version come up to date, and are its events still understood?"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import asyncpg
import pytest

from services.booking.inbox import Inbox
from services.booking.memory import Kept
from services.slots.rules import Clinic, Inventory, evolve
from shared import database
from shared.batch import Head, Item
from shared.events import Unpacker
from shared.messages import BookingCancelled, PlacesBooked
from shared.topics import SLOTS_EVENTS
from tests import stories
from tests.conftest import MakeDatabase
from tests.contracts.record import PACKAGES, RECORDED
from tests.referees import play
from tests.stories import an_id

VERSIONS = sorted(path.name for path in RECORDED.iterdir() if path.is_dir())


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> Path:
    """What one version wrote."""
    return RECORDED / str(request.param)


@pytest.fixture
async def upgraded(version: Path, empty_database: str) -> str:
    """A database as that version left it, brought up to date."""
    connection = await asyncpg.connect(empty_database)
    await connection.execute((version / "database.sql").read_text(encoding="utf-8"))
    await connection.close()
    await database.migrate(empty_database, PACKAGES)
    return empty_database


def events_of(version: Path) -> list[Item]:
    """The recorded events, as they come from the log."""
    unpack = Unpacker(SLOTS_EVENTS)
    return [item for record in _records(version) for item in unpack(record)]


def _records(version: Path) -> Iterator[Any]:
    lines = (version / "events.ndjson").read_text(encoding="utf-8").splitlines()
    for offset, line in enumerate(map(json.loads, lines)):
        headers = tuple((name, value.encode()) for name, value in line["headers"].items())
        value = line["value"].encode()
        yield stories.a_record(value, topic="slots.events", offset=offset, headers=headers)


async def test_what_was_booked_before_can_be_changed_after(upgraded: str) -> None:
    referee = await play(upgraded, 0)
    booking_id = await referee.connection.fetchval(
        "SELECT booking_id FROM place WHERE state = 'booked' AND size = 2 LIMIT 1"
    )

    [cancelled] = await referee.decide(stories.cancel(booking_id))
    [booked] = await referee.decide(stories.book(an_id("recorded one")))

    assert isinstance(cancelled, BookingCancelled)
    assert isinstance(booked, PlacesBooked)
    await referee.connection.close()


async def test_folding_the_recorded_events_gives_the_upgraded_database(
    upgraded: str, version: Path
) -> None:
    folded = Inventory(clinics={}, slots={}, bookings={}, claims={})
    for item in events_of(version):
        evolve(folded, item.message)

    connection = await asyncpg.connect(upgraded)
    slots = await connection.fetch("SELECT id, capacity, held, booked, open, version FROM slot")
    clinics = await connection.fetch(
        "SELECT id, name, time_zone, address, district, latitude, longitude FROM clinic"
    )
    places = await connection.fetch(
        """SELECT id, booking_id, home, size, version, slot_id, ordinal, state, expires_at, claim
             FROM place"""
    )
    await connection.close()
    assert [Clinic(**dict(row)) for row in clinics] == list(folded.clinics.values())
    assert {tuple(row) for row in slots} == {
        (slot.id, slot.capacity, slot.held, slot.booked, slot.open, slot.version)
        for slot in folded.slots.values()
    }
    assert {tuple(row) for row in places} == {
        (
            p.id,
            b.id,
            b.home,
            b.size,
            b.version,
            p.slot_id,
            p.ordinal,
            p.state,
            p.expires_at,
            p.claim,
        )
        for b in folded.bookings.values()
        for p in b.places
    }


async def test_the_front_desk_of_today_projects_the_recorded_events(
    version: Path, upgraded: str, booking_dsn: str
) -> None:
    items, inbox = events_of(version), Inbox(Kept(100))
    head = Head(0, 0, 0, 0, 0, 0)
    desk = await database.connect(booking_dsn)

    told = await inbox.handle(desk, {0: head}, items)
    again = await inbox.handle(desk, {0: head}, items)

    referee = await asyncpg.connect(upgraded)
    seated = await referee.fetch(
        """SELECT booking_id, version, array_agg(DISTINCT slot_id ORDER BY slot_id) AS slots
             FROM place WHERE state = 'booked' GROUP BY booking_id, version"""
    )
    shown = await desk.fetch("SELECT id, version, slot_ids FROM booking WHERE status = 'booked'")
    ended = await desk.fetch("SELECT status FROM booking WHERE status <> 'booked'")
    assert {(row["id"], row["version"], *sorted(row["slot_ids"])) for row in shown} == {
        (row["booking_id"], row["version"], *row["slots"]) for row in seated
    }
    assert {row["status"] for row in ended} == {"cancelled", "expired", "released"}
    assert (head.taken_seq, inbox.sequence.missing) == (len(items), {})
    assert (len(told[0]), again) == (head.event_seq, {})
    await desk.close()
    await referee.close()


def test_the_newest_record_has_every_event_there_is() -> None:
    told = {type(item.message).__name__ for item in events_of(RECORDED / VERSIONS[-1])}

    assert told == {kind.__name__ for kind in get_args(SLOTS_EVENTS.carries)}


async def test_two_that_start_at_once_apply_each_migration_once(empty_database: str) -> None:
    applied = await asyncio.gather(*(database.migrate(empty_database, PACKAGES) for _ in range(3)))

    done: Sequence[str] = [name for names in applied for name in names]
    assert len(done) == len(set(done))
    assert len(done) == sum(len(database.migrations_of(package)) for package in PACKAGES)


async def test_what_comes_next_is_applied_to_what_is_there_and_takes_its_time(
    upgraded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await _counts(upgraded)
    _with_one_more(
        tmp_path,
        "ALTER TABLE place ADD COLUMN note text NOT NULL DEFAULT 'as before';SELECT pg_sleep(0.4);",
    )
    monkeypatch.setattr(database, "files", lambda package: tmp_path)
    monkeypatch.setattr(database, "STATEMENT_SECONDS", 0.2)

    first = await database.migrate(upgraded, ["services.slots"])
    second = await database.migrate(upgraded, ["services.slots"])

    newest = len(list((tmp_path / "sql" / "migrations").iterdir()))
    assert (first, second) == ([f"services.slots {newest:04}_next.sql"], [])
    assert await _counts(upgraded) == before


def _with_one_more(folder: Path, text: str) -> None:
    """The referee's migrations as they are, and one that nobody has written yet."""
    known = database.migrations_of("services.slots")
    migrations = folder / "sql" / "migrations"
    migrations.mkdir(parents=True)
    for _, name, sql in known:
        (migrations / name).write_text(sql, encoding="utf-8")
    (migrations / f"{len(known) + 1:04}_next.sql").write_text(text, encoding="utf-8")


async def _counts(dsn: str) -> list[int]:
    connection = await asyncpg.connect(dsn)
    tables = ("clinic", "slot", "place", "answer", "outbox")
    counts = [await connection.fetchval(f"SELECT count(*) FROM {name}") for name in tables]  # noqa: S608
    await connection.close()
    return counts


async def test_a_migration_that_was_changed_after_it_was_applied_is_refused(
    empty_database: str,
) -> None:
    await database.migrate(empty_database, PACKAGES)
    connection = await asyncpg.connect(empty_database)
    await connection.execute("UPDATE migration SET checksum = 'another' WHERE number = 1")
    await connection.close()

    with pytest.raises(RuntimeError, match="was changed after it was applied"):
        await database.migrate(empty_database, PACKAGES)


def test_a_gap_in_the_numbers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "sql" / "migrations"
    folder.mkdir(parents=True)
    for number in (1, 3):
        (folder / f"000{number}_some.sql").write_text("SELECT 1;")
    monkeypatch.setattr(database, "files", lambda package: tmp_path)

    with pytest.raises(RuntimeError, match="not numbered"):
        database.migrations_of("some")


@pytest.fixture
async def empty_database(fresh_database: MakeDatabase) -> str:
    """A database with nothing in it."""
    return await fresh_database("nothing")
