"""Is what was noted kept in order, to be added to and to nothing else, and who sees it changed?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from shared import database
from shared.access import store
from shared.access import writer as writing
from shared.access.chain import Batch
from shared.access.entries import Entry, entries_of
from shared.access.store import AccessLog
from shared.access.writer import Writer
from shared.problems import Problem
from talon.audit import accesses
from talon.audit.accesses import Anchors
from tests.access_stories import a_writer, an_entry
from tests.booking_stories import ALICE, BORIS

LINE = '{{"service":"booking","says":"{says}","chain":"{chain}","batch":{batch},"hash":"{hash}"}}\n'


@pytest.fixture
async def pool(booking_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    made = await database.open_pool(booking_dsn, size_max=4, name="accesses")
    yield made
    made.terminate()


@pytest.fixture
async def superuser(booking_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(booking_dsn)
    yield connection
    await connection.close()


async def noted(pool: asyncpg.Pool, *entries: Entry) -> list[Batch]:
    """Each of these in a batch of its own, and the chain closed."""
    async with a_writer(pool, batch_max=1) as writer:
        for entry in entries:
            await writer.add(entry)
    return await rows_in(pool)


async def rows_in(pool: asyncpg.Pool) -> list[Batch]:
    """Every batch there is, in order."""
    return [
        store.batch_of(row) for row in await pool.fetch("SELECT * FROM access_log ORDER BY seq")
    ]


async def flaws(
    connection: asyncpg.Connection, anchors: Anchors | None = None
) -> list[tuple[str, int]]:
    """What the verifier finds, by kind and number."""
    found = await accesses.verify(connection, "public", anchors or {})
    return [(flaw.kind, flaw.seq) for flaw in found.flaws]


async def test_what_is_noted_is_kept_in_its_order_and_is_whole(
    pool: asyncpg.Pool, superuser: asyncpg.Connection
) -> None:
    entries = [an_entry(ALICE, about=uuid4()) for _ in range(5)]

    rows = await noted(pool, *entries)

    assert [entry for row in rows for entry in entries_of(row.entries)] == entries
    assert [row.closes for row in rows] == [False] * 5 + [True]
    found = await accesses.verify(superuser, "public", {})
    assert (found.flaws, found.chains, found.open_chains, found.entries) == ([], 1, 0, 5)


async def test_a_thousand_accesses_are_a_few_rows(pool: asyncpg.Pool) -> None:
    async with a_writer(pool) as writer:
        waits = [writer.add(an_entry(uuid4())) for _ in range(1_000)]
        await asyncio.gather(*waits)

    assert len(await rows_in(pool)) == 3  # two of 500, and the one that closes the chain
    assert (writer.entries, writer.waiting) == (1_000, 0)


async def test_in_a_crowd_nobody_waits_for_more_to_come_once_a_batch_is_worth_it(
    pool: asyncpg.Pool,
) -> None:
    async with a_writer(pool, gather_seconds=2.0) as writer:
        await writer.add(an_entry())
        few = [writer.add(an_entry()) for _ in range(writing.ENOUGH - 1)]
        await asyncio.sleep(0.1)
        before = few[0].done()
        async with asyncio.timeout(1.0):
            await asyncio.gather(*few, writer.add(an_entry()))

    assert not before
    assert writer.entries == writing.ENOUGH + 1


@pytest.mark.parametrize(
    "change",
    ["UPDATE {} SET hash = hash", "DELETE FROM {}", "TRUNCATE {}", "DELETE FROM {} WHERE false"],
)
@pytest.mark.parametrize("table", ["access_log", "access_chain"])
@pytest.mark.parametrize("regranted", [False, True])
async def test_the_application_s_role_can_only_add(
    superuser: asyncpg.Connection, change: str, table: str, regranted: bool
) -> None:
    role = f"desk_{uuid4().hex}"
    await superuser.execute(f"CREATE ROLE {role}; CREATE SCHEMA {role} AUTHORIZATION {role}")
    await superuser.execute(f"SET ROLE {role}; SET search_path = {role}")
    for _, _, text in database.migrations_of("shared"):
        await superuser.execute(text)
    if regranted:
        await superuser.execute(f"GRANT ALL ON {table} TO {role}")

    says = "there is only ever added" if regranted else "permission denied"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match=says):
        await superuser.execute(change.format(table))

    await superuser.execute(f"RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            "UPDATE access_log SET entries = replace(entries::text, 'front_desk', 'guest')::json"
            " WHERE seq = 2",
            [("changed", 2)],
        ),
        (
            "UPDATE access_log SET at = at + interval '1 microsecond' WHERE seq = 3",
            [("changed", 3)],
        ),
        ("UPDATE access_log SET persons = '{}' WHERE seq = 1", [("changed", 1)]),
        ("DELETE FROM access_log WHERE seq = 2", [("missing", 2)]),
        (
            "UPDATE access_log SET seq = seq + 1000 WHERE seq IN (2, 3);"
            "UPDATE access_log SET seq = 1005 - seq WHERE seq > 1000",
            [("moved", 2), ("moved", 3)],
        ),
        ("UPDATE access_chain SET opened_by = 'somebody'", [("changed", 1)]),
    ],
)
async def test_what_a_superuser_changes_is_named(
    pool: asyncpg.Pool, superuser: asyncpg.Connection, change: str, found: list[tuple[str, int]]
) -> None:
    await noted(pool, *[an_entry(person) for person in (ALICE, BORIS, ALICE)])

    await superuser.execute(change)

    assert await flaws(superuser) == found


async def test_a_tail_that_is_cut_off_is_missed_by_what_the_service_s_log_says(
    pool: asyncpg.Pool,
    superuser: asyncpg.Connection,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level("INFO"):
        rows = await noted(pool, *[an_entry() for _ in range(3)])
    said = [record for record in caplog.records if record.message == writing.ANCHORED]
    lines = [LINE.format(says=one.message, **_where(one)) for one in said]
    (tmp_path / "booking.log").write_text("not a line\n" + "".join(lines), encoding="utf-8")
    anchors = accesses.anchors_in(tmp_path)["booking"]

    whole = await flaws(superuser, anchors)
    await superuser.execute("DELETE FROM access_log WHERE seq > 1")

    assert anchors[rows[0].chain][4] == rows[-1].hash
    assert (whole, await flaws(superuser, anchors)) == ([], [("cut off", 2)])
    assert await flaws(superuser) == []


def _where(record: object) -> dict[str, object]:
    return {name: getattr(record, name) for name in ("chain", "batch", "hash")}


async def test_who_finds_the_end_cut_off_goes_on_in_another_chain(
    pool: asyncpg.Pool, superuser: asyncpg.Connection
) -> None:
    async with a_writer(pool, batch_max=1) as writer:
        await writer.add(an_entry())
        await writer.add(an_entry())
        await superuser.execute("DELETE FROM access_log WHERE seq = 2")
        await writer.add(an_entry(BORIS))

    chains = await superuser.fetch("SELECT chain, count(*) FROM access_log GROUP BY 1 ORDER BY 2")
    assert (writer.chains, [row["count"] for row in chains]) == (2, [1, 2])
    assert writer.waiting == 0


async def test_a_batch_that_is_sent_again_is_there_once(pool: asyncpg.Pool) -> None:
    [batch, _] = await noted(pool, an_entry())

    again = await AccessLog(pool).keep(batch)

    assert (again.seq, again.hash) == (1, batch.hash)
    assert len(await rows_in(pool)) == 2


async def test_a_row_that_somebody_else_put_there_is_not_taken_for_one_s_own(
    pool: asyncpg.Pool,
) -> None:
    [batch, _] = await noted(pool, an_entry())
    other = Batch(**{n: getattr(batch, n) for n in Batch.__struct_fields__} | {"hash": bytes(32)})

    with pytest.raises(store.ForeignBatchError):
        await AccessLog(pool).keep(other)


async def test_while_the_log_takes_nothing_all_waits_and_then_is_written(
    pool: asyncpg.Pool, booking_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "RETRY_SECONDS", 0.02)
    monkeypatch.setattr(writing, "SILENCE_SECONDS_MAX", 0.05)
    other = await asyncpg.connect(booking_dsn)

    async with a_writer(pool, waiting_max=3) as writer:
        async with other.transaction():
            await other.execute("LOCK TABLE access_log IN ACCESS EXCLUSIVE MODE")
            waits = [writer.add(an_entry()) for _ in range(3)]
            await asyncio.sleep(0.1)
            wrong = writer.wrong()
            with pytest.raises(Problem) as refused:
                writer.add(an_entry())
        await asyncio.gather(*waits)

    assert wrong is not None
    assert refused.value.code == "unavailable"
    assert writer.wrong() is None
    entries = [entry for row in await rows_in(pool) for entry in entries_of(row.entries)]
    assert len(entries) == 3
    await other.close()


async def test_what_could_not_be_written_before_the_end_is_told(
    booking_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    pool = await database.open_pool(booking_dsn, size_max=1, name="accesses")
    writer = Writer(
        AccessLog(pool), by="x", now=lambda: datetime.now(UTC), limits=writing.AccessLimits()
    )
    pool.terminate()
    task = asyncio.create_task(writer.run())
    writer.add(an_entry())
    await asyncio.sleep(0.05)

    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    said = [record for record in caplog.records if "were not written down" in record.message]
    assert [record.entries for record in said] == [1]  # type: ignore[attr-defined]


async def _open_at_once(pool: asyncpg.Pool) -> list[int]:
    now = datetime.now(UTC)
    log = AccessLog(pool)
    await asyncio.gather(*(log.open(uuid4(), at=now, by=f"booking-{n}") for n in range(20)))
    return [row["number"] for row in await pool.fetch("SELECT number FROM access_chain ORDER BY 1")]


async def test_twenty_that_start_at_once_are_registered_one_after_the_other(
    pool: asyncpg.Pool, superuser: asyncpg.Connection
) -> None:
    numbers = await _open_at_once(pool)

    assert numbers == list(range(1, 21))
    assert await flaws(superuser) == []


async def test_without_the_lock_two_follow_the_same_one_and_the_constraint_stops_it(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(store.SQL, "lock_register", "SELECT $1::bigint")

    with pytest.raises(asyncpg.UniqueViolationError):
        await _open_at_once(pool)


async def test_two_that_write_in_one_chain_are_stopped_by_its_numbers(pool: asyncpg.Pool) -> None:
    head = await AccessLog(pool).open(uuid4(), at=datetime.now(UTC), by="booking-0")
    first, second = (
        writing.batch_after(head, b"[" + writing.encode(an_entry(p)) + b"]", [p], head_time())
        for p in (ALICE, BORIS)
    )
    await AccessLog(pool).keep(first)

    with pytest.raises(store.ForeignBatchError):
        await AccessLog(pool).keep(second)


def head_time() -> datetime:
    """Now, as a process knows it."""
    return datetime.now(UTC)
