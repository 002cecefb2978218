"""Has each person one key, is it rewrapped by whoever is left to do it, and gone once destroyed?"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.vault import BrokenSealError, DataKey, Field, FileKeys, KeysAwayError, PersonKeys
from shared.vault.keyring import Master, read_ring
from shared.vault.persons import SQL, Wrapped
from talon.verbs.keys import rewrap
from tests.booking_stories import ALICE, BORIS
from tests.vaults import a_master, written

NAME = Field("booking", "profile", "name")
AT_ONCE = 8


@pytest.fixture
async def pool(booking_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(booking_dsn, min_size=1, max_size=AT_ONCE) as opened:
        yield opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "keys", a_master("first"))


@pytest.fixture
def keys(path: Path) -> PersonKeys:
    return PersonKeys("booking", FileKeys(path))


async def held(pool: asyncpg.Pool, keys: PersonKeys, person_id: UUID = ALICE) -> DataKey:
    async with pool.acquire() as connection, connection.transaction():
        return await keys.hold(connection, person_id)


async def opens(keys: PersonKeys, row: asyncpg.Record, sealed: bytes) -> str:
    return (await keys.open(Wrapped(*row))).open(NAME, 1, sealed)


async def rows_of(pool: asyncpg.Pool) -> list[asyncpg.Record]:
    return await pool.fetch(
        "SELECT person_id, generation, master_id, wrapped FROM person_key ORDER BY person_id"
    )


async def test_many_who_need_a_key_at_once_get_the_same_one(
    pool: asyncpg.Pool, keys: PersonKeys
) -> None:
    made = await asyncio.gather(*(held(pool, keys) for _ in range(AT_ONCE)))

    sealed = made[0].seal(NAME, 1, "Patient 1")
    assert [key.open(NAME, 1, sealed) for key in made] == ["Patient 1"] * AT_ONCE
    assert {key.generation for key in made} == {1}


async def test_another_service_s_keys_open_nothing_here(
    pool: asyncpg.Pool, keys: PersonKeys, path: Path
) -> None:
    await held(pool, keys)
    (row,) = await rows_of(pool)

    with pytest.raises(BrokenSealError):
        await PersonKeys("notify", FileKeys(path)).open(Wrapped(*row))


async def test_another_s_wrapped_key_in_one_s_row_opens_nothing(
    pool: asyncpg.Pool, keys: PersonKeys
) -> None:
    await held(pool, keys)
    await held(pool, keys, BORIS)

    await pool.execute(
        "UPDATE person_key SET wrapped = (SELECT wrapped FROM person_key WHERE person_id = $2)"
        " WHERE person_id = $1",
        ALICE,
        BORIS,
    )

    with pytest.raises(BrokenSealError):
        await held(pool, keys)


async def test_a_destroyed_key_leaves_nothing_that_opens_and_the_next_is_another(
    pool: asyncpg.Pool, keys: PersonKeys
) -> None:
    before = await held(pool, keys)
    sealed = before.seal(NAME, 1, "Patient 1")

    async with pool.acquire() as connection, connection.transaction():
        gone = await keys.destroy(connection, [ALICE, BORIS])
        found = await keys.find(connection, [ALICE, BORIS])
    after = await held(pool, keys)

    assert (gone, found) == ([ALICE], {})
    assert (before.generation, after.generation) == (1, 2)
    with pytest.raises(BrokenSealError):
        after.open(NAME, 1, sealed)


async def test_the_table_refuses_a_key_that_is_destroyed_and_there(
    pool: asyncpg.Pool, keys: PersonKeys
) -> None:
    await held(pool, keys)

    with pytest.raises(asyncpg.CheckViolationError, match="destroyed_or_wrapped"):
        await pool.execute("UPDATE person_key SET destroyed_at = now()")


# ---- rotation ------------------------------------------------------------------------------------


async def many(pool: asyncpg.Pool, keys: PersonKeys, number: int) -> dict[UUID, bytes]:
    """So many persons, with something that each one's key has sealed."""
    people = [uuid4() for _ in range(number)]
    return {one: (await held(pool, keys, one)).seal(NAME, 1, str(one)) for one in people}


async def test_after_a_rotation_the_old_master_key_is_not_needed_any_more(
    pool: asyncpg.Pool, keys: PersonKeys, path: Path
) -> None:
    sealed = await many(pool, keys, 12)
    before = FileKeys(written(path.with_name("before"), *masters_of(path)))
    second = a_master("second")

    both = PersonKeys("booking", FileKeys(written(path, *masters_of(path), second)))
    async with pool.acquire() as connection:
        done = await rewrap(both, connection)  # type: ignore[arg-type]
        counts = await both.counts(connection)
    alone = PersonKeys("booking", FileKeys(written(path, second)))

    rows = await rows_of(pool)
    assert (done, counts) == (12, {"second": 12})
    assert [await opens(alone, row, sealed[row["person_id"]]) for row in rows] == [
        str(row["person_id"]) for row in rows
    ]
    with pytest.raises(KeysAwayError):
        await PersonKeys("booking", before).open(Wrapped(*rows[0]))


def masters_of(path: Path) -> list[Master]:
    return list(read_ring(path).masters)


async def test_a_rotation_that_was_broken_off_goes_on_and_two_at_once_share_the_work(
    pool: asyncpg.Pool, keys: PersonKeys, path: Path
) -> None:
    sealed = await many(pool, keys, 30)
    both = PersonKeys("booking", FileKeys(written(path, *masters_of(path), a_master("second"))))
    async with pool.acquire() as connection:
        assert await both.rewrap(connection, 7) == 7
        # Broken off in the middle of the next bite: nothing of that bite is kept.
        bite = connection.transaction()
        await bite.start()
        await both.rewrap(connection, 7)
        await bite.rollback()
        halfway = await both.counts(connection)

    async with pool.acquire() as one, pool.acquire() as other:
        done = await asyncio.gather(
            rewrap(both, one),  # type: ignore[arg-type]
            rewrap(both, other),  # type: ignore[arg-type]
        )

    assert halfway == {"first": 23, "second": 7}
    assert sum(done) == 23
    rows = await rows_of(pool)
    assert {row["master_id"] for row in rows} == {"second"}
    assert [await opens(both, row, sealed[row["person_id"]]) for row in rows] == [
        str(row["person_id"]) for row in rows
    ]


async def test_without_skipping_locked_rows_two_would_wrap_the_same_keys(
    pool: asyncpg.Pool, keys: PersonKeys, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many(pool, keys, 10)
    both = PersonKeys("booking", FileKeys(written(path, *masters_of(path), a_master("second"))))
    unguarded = SQL["take_keys_to_rewrap"].replace("FOR UPDATE SKIP LOCKED", "")
    monkeypatch.setitem(SQL, "take_keys_to_rewrap", unguarded)

    async with pool.acquire() as one, pool.acquire() as other, one.transaction():
        first = await both.rewrap(one, 10)
        taken = await other.fetch(SQL["take_keys_to_rewrap"], "second", 10)

    assert (first, len(taken)) == (10, 10)
